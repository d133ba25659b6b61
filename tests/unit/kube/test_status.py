"""Statuses at an API server: what is written, by whom, and who gives way."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from tests.fakes.apiserver import FakeApiServer, Which
from tests.unit.kube.given import Fleet, Heard, RealTime, manifest, served, until, watched

from painless.kube.contest import PAUSE, REWRITES, Contest, rewritten
from painless.kube.standing import Address, Addresses, Standings
from painless.kube.status import AT_ONCE, Publisher

OURS = frozenset({Address(ip="192.0.2.1"), Address(hostname="edge.example")})
SHOWN = [{"hostname": "edge.example"}, {"ip": "192.0.2.1"}]
STATUS = "ingresses/status"


class Lead:
    """Whether we lead, as the test has it, and how often that was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self._leads_for = 60.0

    @property
    def leads_for(self) -> float:
        self.asked += 1
        return self._leads_for

    @leads_for.setter
    def leads_for(self, seconds: float) -> None:
        self._leads_for = seconds


class Desk:
    """One publisher with its surroundings."""

    def __init__(self, fleet: Fleet) -> None:
        self.heard = Heard()
        self.lead = Lead()
        self.addresses: Addresses = OURS
        client = fleet.client()
        self.publisher = Publisher(client, self.lead, self._addresses, RealTime(), self.heard, interval=0.05)
        fleet.start(self, self.publisher.run())
        fleet.start(self.publisher, watched(fleet.client(), self.publisher.standings))

    async def _addresses(self) -> Addresses:
        return self.addresses


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as one:
        yield one


@pytest.fixture
async def fleet(api: FakeApiServer) -> AsyncIterator[Fleet]:
    async with Fleet(api) as one:
        yield one


@pytest.fixture
async def desk(fleet: Fleet) -> Desk:
    return Desk(fleet)


def shown(api: FakeApiServer, name: str) -> list[dict[str, str]] | None:
    found = api.get("Ingress", name, "shop")
    assert found is not None
    given: list[dict[str, str]] | None = found["status"].get("loadBalancer", {}).get("ingress")
    return given


def writes(api: FakeApiServer) -> int:
    return sum((one.resource, one.verb) == (STATUS, "patch") for one in api.requests)


async def test_a_thousand_statuses(api: FakeApiServer, desk: Desk) -> None:
    """Each is written once, and none that is right already, in whatever order its addresses are."""
    names = [f"web-{at}" for at in range(1000)]
    for name in names[:-1]:
        await api.apply(manifest(name))
    await api.apply({**manifest(names[-1]), "status": {"loadBalancer": {"ingress": SHOWN[::-1]}}})
    api.faults.slow(0.005, Which(resource=STATUS))
    desk.publisher.confirmed(served(*names))
    await until(lambda: all(shown(api, name) for name in names))
    desk.publisher.confirmed(served(*names))
    await until(lambda: 999 == desk.heard.written)
    assert 999 == writes(api)
    assert SHOWN[::-1] == shown(api, names[-1])


async def test_only_what_nginx_serves_and_only_the_leader(api: FakeApiServer, desk: Desk) -> None:
    """What is of another class, held or not confirmed yet keeps what it has."""
    desk.lead.leads_for = 0.0
    await api.apply(manifest("web"), manifest("held"))
    desk.publisher.confirmed(served("web"))
    await until(lambda: desk.publisher.standings.get(("shop", "held")))
    assert 0 == writes(api)
    desk.lead.leads_for = 60.0
    await until(lambda: shown(api, "web"))
    assert shown(api, "held") is None


async def test_a_version_that_is_not_ours_is_left(api: FakeApiServer, desk: Desk) -> None:
    """An Ingress that changed while the watch lags is not written to until we have heard of it."""
    await api.apply(manifest("web"))
    await until(lambda: desk.publisher.standings.get(("shop", "web")))
    api.faults.hold("Ingress")
    await api.patch("Ingress", "web", {"spec": {"ingressClassName": "other"}}, "shop")
    desk.publisher.confirmed(served("web"))
    await until(lambda: 409 in {one.status for one in api.requests if one.resource == STATUS})
    assert shown(api, "web") is None
    api.faults.release("Ingress")
    await until(lambda: shown(api, "web"))
    assert 1 == desk.heard.written


async def test_whoever_stops_leading_stops_writing(api: FakeApiServer, fleet: Fleet, desk: Desk) -> None:
    """At once, in the middle of many; the next leader writes the rest, and nothing twice."""
    names = [f"web-{at}" for at in range(60)]
    for name in names:
        await api.apply(manifest(name))
    api.faults.slow(0.05, Which(resource=STATUS))
    desk.publisher.confirmed(served(*names))
    await until(lambda: desk.heard.written)
    desk.lead.leads_for = 0.0
    other = Desk(fleet)
    other.publisher.confirmed(served(*names))
    await until(lambda: all(shown(api, name) for name in names))
    await until(lambda: 60 == desk.heard.written + other.heard.written)
    assert 60 > desk.heard.written
    statuses = [one.status for one in api.requests if one.resource == STATUS]
    assert 60 == statuses.count(200)


async def test_two_leaders_for_a_moment(api: FakeApiServer, fleet: Fleet, desk: Desk) -> None:
    """No status is written twice: the second one meets another version."""
    names = [f"web-{at}" for at in range(100)]
    for name in names:
        await api.apply(manifest(name))
    other = Desk(fleet)
    for one in (desk, other):
        one.publisher.confirmed(served(*names))
    await until(lambda: all(shown(api, name) for name in names))
    await until(lambda: 100 == desk.heard.written + other.heard.written)
    statuses = [one.status for one in api.requests if one.resource == STATUS]
    assert 100 == statuses.count(200)
    assert not desk.heard.contested + other.heard.contested


async def test_what_is_cleared_once_is_written_again(api: FakeApiServer, desk: Desk) -> None:
    """A controller that leaves clears what it wrote; new addresses reach everybody."""
    await api.apply(manifest("web"))
    desk.publisher.confirmed(served("web"))
    await until(lambda: shown(api, "web"))
    await api.patch("Ingress", "web", {"status": {"loadBalancer": None}}, "shop", "status")
    await until(lambda: 2 == desk.heard.written)
    assert not desk.heard.contested
    desk.addresses = frozenset()
    asked = writes(api)
    await until(lambda: SHOWN == shown(api, "web"))
    desk.addresses = frozenset({Address(ip="192.0.2.9")})
    await until(lambda: [{"ip": "192.0.2.9"}] == shown(api, "web"))
    assert asked + 1 == writes(api)


async def test_who_is_rewritten_again_and_again_gives_way(api: FakeApiServer, desk: Desk) -> None:
    """Two controllers of one class do not write in turn for ever; others are not concerned."""
    await api.apply(manifest("web"), manifest("calm"))
    desk.publisher.confirmed(served("web", "calm"))
    theirs = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}}}
    for _ in range(REWRITES):
        await until(lambda: SHOWN == shown(api, "web"))
        await until(lambda: OURS == _addresses(desk.publisher.standings))
        await api.patch("Ingress", "web", theirs, "shop", "status")
        await until(lambda: OURS != _addresses(desk.publisher.standings))
    await until(lambda: [("shop", "web")] == desk.heard.contested)
    await api.apply(manifest("new"))
    desk.publisher.confirmed(served("web", "calm", "new"))
    await until(lambda: shown(api, "new"))
    assert [{"ip": "203.0.113.1"}] == shown(api, "web")
    assert 1 == desk.publisher.contested


def _addresses(standings: Standings) -> Addresses:
    known = standings.get(("shop", "web"))
    assert known is not None
    return known.addresses


def test_who_gives_way_tries_again_rarely() -> None:
    """After ten minutes, then after twice as long, never later than an hour; peace makes it forgotten."""
    one: Contest | None = None
    now, pauses = 0.0, []
    for _ in range(REWRITES + 5):
        one = rewritten(one, now)
        pauses.append(max(0.0, one.until - now))
        now = max(now + 60, one.until)
    assert [0.0] * (REWRITES - 1) + [600.0, 1200.0, 2400.0] == pauses[: REWRITES + 2]
    assert {PAUSE[1]} == set(pauses[REWRITES + 2 :])
    assert 1 == rewritten(one, now + 1e6).rewrites


async def test_a_refusal_stops_the_rest(api: FakeApiServer, desk: Desk) -> None:
    """Thousands of writes that fail alike help nobody; when it is allowed again, all are written."""
    names = [f"web-{at}" for at in range(100)]
    for name in names:
        await api.apply(manifest(name))
    which = Which(resource=STATUS)
    api.faults.forbid(which)
    desk.publisher.confirmed(served(*names))
    await until(lambda: desk.heard.failures)
    assert 'resources: ["ingresses/status"], verbs: ["patch"]' in str(desk.heard.failures[0])
    assert 100 > writes(api)
    api.faults.permit(which)
    await until(lambda: all(shown(api, name) for name in names))


async def test_those_that_fail_keep_nobody_else_from_theirs(api: FakeApiServer, desk: Desk) -> None:
    """A webhook that refuses some Ingresses, more than are written at once, costs the others nothing."""
    bad, good = [f"a-{at}" for at in range(2 * AT_ONCE)], [f"b-{at}" for at in range(20)]
    for name in (*bad, *good):
        await api.apply(manifest(name))
    api.allows = lambda attempt: attempt.resource != STATUS or attempt.name not in bad
    desk.publisher.confirmed(served(*bad, *good))
    await until(lambda: all(shown(api, name) for name in good))
    assert not [name for name in bad if shown(api, name)]


async def test_one_that_always_fails_delays_nobody(api: FakeApiServer, desk: Desk) -> None:
    """Whatever time it waits until it is tried again; and it is told of once."""
    await api.apply(manifest("bad"))
    api.allows = lambda attempt: attempt.resource != STATUS or attempt.name != "bad"
    desk.publisher.confirmed(served("bad"))
    await until(lambda: 3 <= desk.heard.failed)  # From now on it waits for four seconds, then longer.
    await api.apply(*(manifest(f"web-{at}") for at in range(5)))
    names = ["bad"]
    for at in range(5):
        names.append(f"web-{at}")
        desk.publisher.confirmed(served(*names))
        await until(lambda: shown(api, names[-1]))
    assert [(("shop", "bad"),)] == desk.heard.failing
    assert desk.heard.failed < 3 + 5, "each waited for it"


async def test_what_failed_is_tried_again_by_who_leads_again(api: FakeApiServer, fleet: Fleet) -> None:
    """Whatever was tried while another one led."""
    desk = Desk(fleet)
    await api.apply(manifest("web"))
    which = Which(resource=STATUS)
    api.faults.forbid(which)
    desk.publisher.confirmed(served("web"))
    await until(lambda: desk.heard.failed)
    desk.lead.leads_for = 0.0
    asked = desk.lead.asked
    await until(lambda: desk.lead.asked > asked)  # A try for which we must not write.
    api.faults.permit(which)
    desk.lead.leads_for = 60.0
    await until(lambda: shown(api, "web"))


async def test_at_the_end_ours_is_taken_back(api: FakeApiServer, fleet: Fleet, desk: Desk) -> None:
    """Also where the Ingress has changed since; what somebody else has written stays."""
    await api.apply(manifest("web"), manifest("changed"), manifest("theirs"))
    desk.publisher.confirmed(served("web", "changed", "theirs"))
    await until(lambda: all(shown(api, name) for name in ("web", "changed", "theirs")))
    await until(lambda: 3 == desk.heard.written)
    await asyncio.gather(fleet.stop(desk), fleet.stop(desk.publisher))
    theirs = [{"ip": "203.0.113.1"}]
    await api.patch("Ingress", "changed", {"metadata": {"labels": {"a": "b"}}}, "shop")
    await api.patch("Ingress", "theirs", {"status": {"loadBalancer": {"ingress": theirs}}}, "shop", "status")
    await desk.publisher.withdraw()
    assert [None, None, theirs] == [shown(api, name) for name in ("web", "changed", "theirs")]
