"""Who leads: the decision under any clocks, and elections at an API server."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.apiserver import FakeApiServer, Which
from tests.unit.kube.given import Fleet, until

from painless.kube.lease import DEADLINE, Create, Renew, Seen, Take, Wait, decide, observe
from painless.kube.leases import Lease

TTL = 30.0


def held(by: str, at: float, ttl: int | None = 30) -> Seen:
    return Seen(Lease(by, ttl), at)


@pytest.mark.parametrize(
    ("seen", "then"),
    [
        (None, Create()),
        (held("me", 0), Renew()),
        (held("other", 100), Wait(30)),
        (held("other", 80), Wait(10)),
        (held("other", 70), Take()),
        (held("", 99), Take()),
        (held("other", 80, ttl=15), Take()),
        (held("other", 80, ttl=None), Wait(10)),
    ],
)
def test_what_a_lease_asks_for(seen: Seen | None, then: object) -> None:
    """The holder's own time counts, from when we saw it write; a name that is empty has released it."""
    assert then == decide(seen, "me", TTL, now=100.0)


def test_times_in_the_lease_do_not_count() -> None:
    """They are another machine's clock: only that they change says that somebody is alive."""
    first = observe(None, Lease("other", 30, renew_time="2001-01-01T00:00:00Z"), 10.0)
    same = observe(first, Lease("other", 30, renew_time="2001-01-01T00:00:00Z"), 20.0)
    assert first is same
    assert 30.0 == observe(same, Lease("other", 30, renew_time="1999-01-01T00:00:00Z"), 30.0).at


class _Member:
    """One controller with a clock of its own: it starts anywhere and runs at its own rate."""

    def __init__(self, name: str, offset: float, rate: float) -> None:
        self.name = name
        self._offset, self._rate = offset, rate
        self._seen: Seen | None = None
        self._until = float("-inf")

    def clock(self, real: float) -> float:
        return self._offset + self._rate * real

    def leads(self, real: float) -> bool:
        return self.clock(real) < self._until

    def act(self, lease: Lease | None, real: float, answered: float) -> Lease | None:
        """Look and write, as the executor does; the answer to the write arrives later than the write."""
        now = self.clock(real)
        self._seen = None if lease is None else observe(self._seen, lease, now)
        action = decide(self._seen, self.name, TTL, now)
        if isinstance(action, Wait):
            self._until = float("-inf")
            return lease
        self._until = now + DEADLINE * TTL
        written = Lease(self.name, int(TTL), renew_time=str(real))
        if answered:
            self._seen = observe(self._seen, written, self.clock(real + answered))
        return written


@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(0.75, 1.45)), min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.floats(0.0, 40.0), st.sampled_from([0.0, 0.5])), max_size=60),
)
def test_at_most_one_leads(clocks: list[tuple[float, float]], turns: list[tuple[int, float, float]]) -> None:
    """Whoever looks when, whatever the clocks show, as long as none runs twice as fast as another."""
    members = [_Member(f"m{at}", offset, rate) for at, (offset, rate) in enumerate(clocks)]
    lease: Lease | None = None
    now = 0.0
    for who, pause, answered in turns:
        now += pause
        lease = members[who % len(members)].act(lease, now, answered)
        assert 1 >= sum(one.leads(now) for one in members)


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as one:
        one.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "painless"}})
        yield one


@pytest.fixture
async def fleet(api: FakeApiServer) -> AsyncIterator[Fleet]:
    async with Fleet(api) as one:
        yield one


async def test_one_of_three_leads_and_hands_over(api: FakeApiServer, fleet: Fleet) -> None:
    """Exactly one; when it releases the Lease the next one leads without waiting for its end."""
    electors = [fleet.elector(f"pod-{at}", ttl=2.0) for at in range(3)]
    await until(lambda: 1 == sum(one.leads() for one in electors))
    first = next(one for one in electors if one.leads())
    before = api.get("Lease", "leader", "painless")
    assert before is not None
    assert before["spec"]["leaseDurationSeconds"] == 2
    await fleet.stop(first)
    await first.release()
    await until(lambda: any(one.leads() for one in electors))
    after = api.get("Lease", "leader", "painless")
    assert after is not None
    assert after["spec"]["holderIdentity"] != before["spec"]["holderIdentity"]
    assert 1 == after["spec"]["leaseTransitions"] - before["spec"]["leaseTransitions"]
    assert 1 == sum(one.leads() for one in electors)


async def test_who_cannot_renew_stops_leading(api: FakeApiServer, fleet: Fleet) -> None:
    """In time, by its own clock: others may lead soon, whatever the API server has heard."""
    elector = fleet.elector("pod-0", ttl=2.0)
    await until(elector.leads)
    await api.stop()
    await until(lambda: not elector.leads())
    await until(lambda: [True, False] == fleet.changes)
    await api.start()
    await until(lambda: [True, False, True] == fleet.changes)


async def test_a_clock_that_jumps_changes_nothing(api: FakeApiServer, fleet: Fleet) -> None:
    """Neither forwards nor back, on the leader or on who follows: nobody compares clocks."""
    jumps = itertools.cycle([0.0, 1e9, -1e6, 5e8])
    one, two = [fleet.elector(name, ttl=2.0, wall=lambda: 1.7e9 + next(jumps)) for name in ("pod-0", "pod-1")]
    await until(lambda: one.leads() or two.leads())
    first = one.leads()
    wrote = [asked for asked in api.requests if asked.verb == "update"]
    await until(lambda: len([asked for asked in api.requests if asked.verb == "update"]) > len(wrote) + 5)
    assert (first, not first) == (one.leads(), two.leads())
    assert [True] == fleet.changes


async def test_a_missing_permission_is_named_once(
    api: FakeApiServer, fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    """The rule to add is in the sentence; as soon as it is there, somebody leads."""
    caplog.set_level("WARNING", logger="painless")
    which = Which(resource="leases")
    api.faults.forbid(which)
    elector = fleet.elector("pod-0", ttl=1.0)
    await until(lambda: len([one for one in api.requests if one.resource == "leases"]) > 3)
    says = [vars(one)["fields"]["problem"] for one in caplog.records if one.message == "election_failed"]
    assert 1 == len(says)
    assert 'resources: ["leases"], verbs: ["get"]' in says[0]
    api.faults.permit(which)
    await until(elector.leads)


async def test_what_others_keep_in_the_lease_stays(api: FakeApiServer, fleet: Fleet) -> None:
    """Labels and fields that we do not know; a Lease whose holder is our Pod's name is ours at once."""
    old = {
        "holderIdentity": "pod-0",
        "leaseDurationSeconds": 3600,
        "renewTime": "2001-01-01T00:00:00.000000Z",
    }
    await api.apply(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": "leader", "namespace": "painless", "labels": {"team": "edge"}},
            "spec": old,
        }
    )
    elector = fleet.elector("pod-0", ttl=30.0)
    await until(elector.leads)
    found = api.get("Lease", "leader", "painless")
    assert found is not None
    assert {"team": "edge"} == found["metadata"]["labels"]
    assert found["spec"]["renewTime"] > old["renewTime"]
    other = fleet.elector("pod-1", ttl=30.0)
    await asyncio.wait_for(other.turn(), 10)
    assert not other.leads()
