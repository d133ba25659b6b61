"""Whose turn it is: of many replicas under any delays and deaths, and at an API server."""

import asyncio
import contextlib
import itertools
import random
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from tests.fakes.apiserver import FakeApiServer, Which
from tests.fakes.world import VirtualClock
from tests.unit.kube.given import Fleet, RealTime, until

from painless.kube.answers import Nature
from painless.kube.errors import Conflict, Unreachable
from painless.kube.leases import LeaseStore
from painless.kube.turns import ANSWER, HOLDERS, MOST, PATIENCE, SERVED, TTL, LeaseTurns
from painless.observe.turns import Way

SLOWEST = 1.0  # Seconds that the fake store takes for an answer at most.


class Store:
    """A Lease in memory: an answer takes time, and a write of what is not the latest is refused."""

    def __init__(self, clock: VirtualClock, delays: random.Random) -> None:
        self.tree: dict[str, Any] | None = None
        self._clock = clock
        self._delays = delays

    async def read(self) -> dict[str, Any] | None:
        await self._clock.sleep(self._delays.uniform(0, SLOWEST / 2))
        found = self.tree
        await self._clock.sleep(self._delays.uniform(0, SLOWEST / 2))
        return found

    async def write(self, tree: Any, spec: Any, annotations: Any = None) -> dict[str, Any]:
        await self._clock.sleep(self._delays.uniform(0, SLOWEST / 2))
        if tree is not self.tree:
            raise Conflict("it is another one", 409)
        before = tree or {"metadata": {}, "spec": {}}
        notes = {**before["metadata"].get("annotations", {}), **(annotations or {})}
        self.tree = {"metadata": {"annotations": notes}, "spec": {**before["spec"], **spec}}
        made = self.tree
        await self._clock.sleep(self._delays.uniform(0, SLOWEST / 2))
        return made

    def now(self) -> str:
        return f"{self._clock.now():.6f}"


class Load(Struct):
    """What one replica did for one change."""

    who: str
    asked: float
    began: float
    way: str
    ended: float = float("inf")


class Replica(Struct, frozen=True):
    """One replica's life: when its change comes, how long it loads, and when it is killed, if it is."""

    arrives: float
    loads: float
    dies: float | None = None


async def life(name: str, plan: Replica, turns: LeaseTurns, clock: VirtualClock, done: list[Load]) -> None:
    """Load once: ask, load, give back; two changes, so that whoever had a turn asks again."""
    for number in range(2):
        await clock.sleep(plan.arrives)
        asked = clock.now()
        while wait := await turns.ask(urgent=False):
            await clock.sleep(wait)
        load = Load(name, asked, clock.now(), turns.standing().last)
        done.append(load)
        try:
            await clock.sleep(plan.loads)
        finally:
            load.ended = clock.now()
        await turns.over(f"g{number}")


async def others() -> bool:
    return False


async def ran(clock: VirtualClock, work: Coroutine[Any, Any, None], until: float | None) -> None:
    """Run until the end, or until a moment at which nothing more is done."""
    if until is None:
        await work
        return
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        await clock.sleep(until)
        task.cancel()


class Quick(VirtualClock):
    """Nothing here works in a thread, so a few rounds of the event loop settle everything."""

    async def pass_(self, seconds: float) -> None:
        end = self._now + seconds
        while True:
            for _ in range(12):
                await asyncio.sleep(0)
            if not self._sleepers or self._sleepers[0][0] > end:
                self._now = end
                return
            self._now, _, event = min(self._sleepers)
            self._sleepers.remove(min(self._sleepers))
            event.set()


async def played(replicas: tuple[Replica, ...], seed: int, lease: dict[str, Any] | None = None) -> list[Load]:
    clock, chance = Quick(), random.Random(seed)
    store, done = Store(clock, chance), list[Load]()
    store.tree = lease
    nature = Nature(clock, lambda: 0.0, chance.random)

    async def one(at: int, plan: Replica) -> None:
        turns = LeaseTurns(store, f"pod-{at}", others, nature)
        async with asyncio.TaskGroup() as group:
            signs = group.create_task(turns.run())
            with contextlib.suppress(asyncio.CancelledError):
                await life(f"pod-{at}", plan, turns, clock, done)
            signs.cancel()

    async with asyncio.TaskGroup() as group:
        for at, plan in enumerate(replicas):
            group.create_task(ran(clock, one(at, plan), plan.dies))
        await clock.pass_(2000)
    return done


def lasts(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(least, most, allow_nan=False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(Replica, lasts(0.0, 10.0), lasts(0.1, 6.0), st.none() | lasts(0.5, 40.0)),
        min_size=2,
        max_size=12,
    ),
    st.integers(0, 2**32),
)
def test_one_after_the_other_and_nobody_waits_for_long(replicas: list[Replica], seed: int) -> None:
    """While the Lease works no two take turns at once, whoever is killed when, and each wait is bounded."""
    done = asyncio.run(played(tuple(replicas), seed))
    taken = sorted((one for one in done if one.way == Way.TAKEN), key=lambda one: one.began)
    assert [] == [(one, after) for one, after in itertools.pairwise(taken) if after.began < one.ended]
    longest = PATIENCE[1] + 2 * SLOWEST
    assert [] == [one for one in done if one.began - one.asked > longest]
    survivors = {f"pod-{at}" for at, one in enumerate(replicas) if one.dies is None}
    assert dict.fromkeys(survivors, 2) == {name: sum(one.who == name for one in done) for name in survivors}


async def test_more_replicas_than_turns_spread_their_loads() -> None:
    """Those that did not come by load over ten seconds, and not at the same moment."""
    done = await played((Replica(0.0, 4.0),) * 30, 1)
    overdue = sorted(one.began for one in done[:30] if one.way == Way.OVERDUE)
    assert len(overdue) > 10
    assert overdue[-1] - overdue[0] > (PATIENCE[1] - PATIENCE[0]) / 2


async def test_a_load_without_end_holds_nobody_for_longer_than_that() -> None:
    """Its holder lives and gives signs; they end, and the next one begins."""
    done = await played((Replica(0.0, 500.0), Replica(MOST - 5, 1.0), Replica(MOST - 5, 1.0)), 2)
    first, second = done[:2]
    assert Way.TAKEN == first.way == second.way
    assert MOST <= second.began - first.began <= MOST + 2 * TTL


async def test_a_holder_that_is_none_of_ours_is_not_waited_for_long() -> None:
    """However long it says that it stays: nobody has to load without a turn for it."""
    spec = {"holderIdentity": "stranger", "leaseDurationSeconds": 3600}
    done = await played((Replica(0.0, 1.0),) * 3, 3, {"metadata": {}, "spec": spec})
    assert {Way.TAKEN} == {one.way for one in done}


class Forgetful(Store):
    """An API server that takes the first write, and whose answer is lost."""

    async def write(self, tree: Any, spec: Any, annotations: Any = None) -> dict[str, Any]:
        first, made = self.tree is None, await super().write(tree, spec, annotations)
        if first:
            raise Unreachable("the connection broke")
        return made


async def test_a_turn_whose_answer_was_lost_is_given_back() -> None:
    """It may be ours: the load goes on without a turn, and the others need not wait for its end."""
    clock = Quick()
    store = Forgetful(clock, random.Random(4))
    one = LeaseTurns(store, "pod-1", others, Nature(clock, lambda: 0.0, lambda: 0.5))

    async def loads() -> None:
        assert 0.0 == await one.ask(urgent=False)
        assert store.tree
        assert "pod-1" == store.tree["spec"]["holderIdentity"]
        await one.over("g1")

    async with asyncio.TaskGroup() as group:
        group.create_task(loads())
        await clock.pass_(10.0)
    assert store.tree
    assert ("", {Way.UNKNOWN: 1}) == (store.tree["spec"]["holderIdentity"], one.counts)


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as one:
        one.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "painless"}})
        yield one


@pytest.fixture
async def fleet(api: FakeApiServer) -> AsyncIterator[Fleet]:
    async with Fleet(api) as one:
        yield one


def turns(fleet: Fleet, pod: str, alone: Any = others) -> LeaseTurns:
    nature = Nature(RealTime(), time.time, lambda: 0.5)
    store = LeaseStore(fleet.client(), "painless", "leader-reloads", within=ANSWER, wall=nature.wall)
    made = LeaseTurns(store, pod, alone, nature)
    fleet.start(made, made.run())
    return made


def lease(api: FakeApiServer) -> dict[str, Any]:
    found = api.get("Lease", "leader-reloads", "painless")
    assert found is not None
    return found


def asked(api: FakeApiServer) -> list[str]:
    return [one.verb for one in api.requests if one.resource == "leases"]


async def test_the_next_begins_when_the_generation_is_served(api: FakeApiServer, fleet: Fleet) -> None:
    """The holder is in the Lease while it loads, and what it serves when it gives it back."""
    one, two = turns(fleet, "pod-1"), turns(fleet, "pod-2")
    assert 0.0 == await one.ask(urgent=False)
    assert ("pod-1", TTL) == tuple(
        lease(api)["spec"][key] for key in ("holderIdentity", "leaseDurationSeconds")
    )
    assert 0.0 < await two.ask(urgent=False)
    assert "pod-1" == two.standing().waits_for
    await one.over("g1")
    assert '{"pod-1":"g1"}' == lease(api)["metadata"]["annotations"][SERVED]
    while wait := await two.ask(urgent=False):
        await asyncio.sleep(wait)
    await two.over("g1")
    assert {"pod-1": "g1", "pod-2": "g1"} == two.standing().served
    assert (Way.TAKEN, Way.TAKEN) == (one.standing().last, two.standing().last)
    assert "" == lease(api)["spec"]["holderIdentity"]


async def test_signs_keep_the_turn(api: FakeApiServer, fleet: Fleet) -> None:
    """A load may take longer than the Lease lasts without them."""
    one = turns(fleet, "pod-1")
    assert 0.0 == await one.ask(urgent=False)
    before = lease(api)["metadata"]["resourceVersion"]
    await until(lambda: before != lease(api)["metadata"]["resourceVersion"])
    assert one.standing().ours
    await one.over("g1")
    assert "" == lease(api)["spec"]["holderIdentity"]


async def test_what_is_urgent_asks_nobody(api: FakeApiServer, fleet: Fleet) -> None:
    """Neither at first nor while it has begun to wait."""
    one, two = turns(fleet, "pod-1"), turns(fleet, "pod-2")
    assert 0.0 == await one.ask(urgent=True)
    await one.over("g1")
    assert [] == asked(api)
    assert 0.0 == await one.ask(urgent=False)
    assert 0.0 < await two.ask(urgent=False)
    assert 0.0 == await two.ask(urgent=True)
    await two.over("g2")
    assert {Way.URGENT: 1} == two.counts


async def test_who_is_alone_writes_nothing(api: FakeApiServer, fleet: Fleet) -> None:
    """The Lease is not even read, and another one is looked for each time."""
    looks = [False, True, True]

    async def alone() -> bool:
        return looks.pop()

    one = turns(fleet, "pod-1", alone)
    for _ in range(3):
        assert 0.0 == await one.ask(urgent=False)
        await one.over("g1")
    assert {Way.ALONE: 2, Way.TAKEN: 1} == one.counts
    assert ["get", "create", "update"] == asked(api)


async def test_without_an_answer_traffic_goes_first(
    api: FakeApiServer, fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said once what is missing, and once that nothing is any more."""
    caplog.set_level("INFO", logger="painless")
    which = Which(resource="leases")
    api.faults.forbid(which)
    one = turns(fleet, "pod-1")
    for _ in range(2):
        assert 0.0 == await one.ask(urgent=False)
        await one.over("g1")
    api.faults.permit(which)
    assert 0.0 == await one.ask(urgent=False)
    said = [each for each in caplog.records if each.message.startswith("turns_")]
    assert ["turns_unknown", "turns_known"] == [each.message for each in said]
    assert 'resources: ["leases"], verbs: ["get"]' in vars(said[0])["fields"]["problem"]
    assert {Way.UNKNOWN: 2} == one.counts


async def test_a_turn_is_given_back_while_the_change_waits_for_room(api: FakeApiServer, fleet: Fleet) -> None:
    """Nothing was loaded, so nothing is said to be served; the change's patience goes on."""
    one, two = turns(fleet, "pod-1"), turns(fleet, "pod-2")
    assert 0.0 == await one.ask(urgent=False)
    await one.over(None)
    assert "" == lease(api)["spec"]["holderIdentity"]
    assert SERVED not in lease(api)["metadata"].get("annotations", {})
    assert 0.0 == await two.ask(urgent=False)
    assert {} == one.counts


async def test_what_others_write_into_the_lease_ends_nothing(api: FakeApiServer, fleet: Fleet) -> None:
    """An annotation that is none of ours, a label while we hold it, holders that are long gone."""
    old = ",".join(f'"pod-{at}":"g"' for at in range(100, 100 + HOLDERS))
    for text in ("nonsense", f"{{{old}}}"):
        one = turns(fleet, "pod-1")
        assert 0.0 == await one.ask(urgent=False)
        change = {"metadata": {"labels": {"team": "edge"}, "annotations": {SERVED: text}}}
        await api.patch("Lease", "leader-reloads", change, "painless")
        await one.over("g1")
        assert ("", {"team": "edge"}) == (
            lease(api)["spec"]["holderIdentity"],
            lease(api)["metadata"]["labels"],
        )
        assert "g1" == one.standing().served["pod-1"]
        assert len(one.standing().served) <= HOLDERS
