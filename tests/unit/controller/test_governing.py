"""What waits for a load, with NGINX and time under the test's hand."""

from collections.abc import AsyncIterator

import pytest
from msgspec import structs
from tests.builders import ingress, path, rule, service, web
from tests.fakes.world import settle
from tests.unit.controller.program import Program, running

from painless.controller.governing import TOLD
from painless.controller.loop import OVERDUE, TIDY
from painless.model.diagnostics import Reason
from painless.model.objects import Object, ObjectRef
from painless.plan.governor import AGAIN, Budget, Why
from painless.plan.pace import GAPS, QUIET, SHARE
from painless.plan.workers import Connections, GenerationState, Holder, Sample, WorkerState

SHORT = Reason.NO_MEMORY_TO_RELOAD
SHOP = ObjectRef("Ingress", "shop", "web")


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    async with running(Program()) as one:
        await one.say(*web())
        await one.wait_for(1)
        await one.clock.pass_(QUIET + 1)
        yield one


def version(number: int, namespace: str = "shop", name: str = "web") -> tuple[Object, ...]:
    """Return an Ingress and its Service, of which each version needs a load."""
    host = f"{namespace}-{name}.example"
    return (
        structs.replace(service(name), namespace=namespace),
        structs.replace(ingress(name, rule(host, path(f"/{number}", name))), namespace=namespace, name=name),
    )


def old(number: int, draining: float, *, held_by: tuple[Holder, ...] = ()) -> GenerationState:
    worker = WorkerState(number, draining=True, connections=Connections(upgraded=3), memory=10)
    return GenerationState(f"old-{number}", draining + 10, draining, (worker,), held_by=held_by)


LIVE = GenerationState("live", 5.0, None, (WorkerState(9, draining=False, memory=10),))


async def served(program: Program, loads: int, within: float) -> None:
    """Let time pass until NGINX has loaded so often, within so many seconds."""
    for _ in range(int(within * 4)):
        if len(program.heard.reasons) >= loads:
            break
        await program.clock.pass_(0.25)
        await settle()
    assert loads == len(program.heard.reasons)


async def test_a_storm_of_one_namespace_does_not_hold_another(program: Program) -> None:
    """While one waits for its turn, a change of another is loaded at once, and takes what waits along."""
    for number in range(SHARE + 1):
        await program.say(*version(number, "wild"))
        await served(program, number + 2, GAPS[-1])
    await program.clock.pass_(2.0)
    loads = len(program.heard.reasons)
    await program.say(*version(90, "wild"), seconds=0.1)
    assert loads == len(program.heard.reasons)
    await program.say(*version(0, "quiet"), seconds=0.1)
    await served(program, loads + 1, 1.0)
    assert {"wild", "quiet"} == {one.ref.namespace for one in program.heard.reasons[-1] if one.ref}


async def test_who_waits_for_its_turn_is_told(program: Program) -> None:
    """Once, until it is over."""
    for number in range(SHARE + 4):
        await program.say(*version(number, "wild", f"web-{number}"), seconds=0.1)
        await served(program, number + 2, 2 * GAPS[-1])
    told = [one.about.namespace for one in program.heard.open if one.reason is Reason.CHANGES_GATHERED]
    assert ["wild"] == told
    await program.clock.pass_(TOLD + TIDY)
    assert not [one for one in program.heard.open if one.reason is Reason.CHANGES_GATHERED]


async def test_service_that_is_restored_does_not_wait(program: Program) -> None:
    """An Ingress whose Service comes late, right after a load."""
    broken = ingress("late", rule("late.example", path("/", "late")))
    await program.say(broken, seconds=0.1)
    await served(program, 2, 1.0)
    await program.say(service("late"), seconds=0.1)
    await served(program, 3, 1.5)
    assert Why.COALESCING in program.heard.seconds
    assert program.heard.seconds[Why.COALESCING] <= 1.0


async def test_at_the_budget_the_oldest_makes_room(program: Program) -> None:
    """Its worker is told to leave, whose it was is told, and then the change is loaded."""
    holder = Holder("shop.example", SHOP, 3)
    alive = (LIVE, old(1, 90, held_by=(holder,)), old(2, 50), old(3, 20))
    program.nginx.sample = Sample(alive)
    await program.say(*version(1), seconds=0.1)
    assert ([], 1) == (program.nginx.retired, len(program.heard.reasons))
    await served(program, 2, 3.0)
    [(worker, hosts)] = program.heard.cut
    assert ([1], 1, {"shop.example": 3, "": 0}) == (program.nginx.retired, worker.pid, hosts)
    closed = {one.about for one in program.heard.open if one.reason is Reason.CONNECTIONS_CLOSED}
    assert {SHOP} == closed
    await program.clock.pass_(TOLD + TIDY)
    assert not [one for one in program.heard.open if one.reason is Reason.CONNECTIONS_CLOSED]


async def test_without_memory_for_another_it_is_loaded_late_and_said(program: Program) -> None:
    """A cluster whose changes are never served again is worse than one that may run out."""
    program.nginx.sample = Sample((LIVE,))
    program.nginx.room = Budget(memory=1)
    await program.say(*version(1), seconds=1.0)
    assert 1 == len(program.heard.reasons)
    assert Why.MEMORY == program.controller.picture.governor
    await served(program, 2, 10.0)
    assert (1, "") == (program.heard.over, program.controller.picture.governor)


async def test_what_there_is_no_memory_for_waits_until_there_is(program: Program) -> None:
    """Nothing is tried that the kernel would kill for; it is said once, and the latest is served in time."""
    program.nginx.sample = Sample((LIVE,))
    program.nginx.room = Budget(memory=1, most=29)
    await program.say(*version(1), seconds=60.0)
    await program.say(*version(2), seconds=60.0)
    assert (1, [1]) == (len(program.heard.reasons), program.heard.lacking)
    assert Why.NO_ROOM == program.controller.picture.governor
    assert [SHOP] == [one.about for one in program.heard.open if one.reason is SHORT]
    program.nginx.room = Budget(memory=1, most=30)
    await served(program, 2, AGAIN + 2 * OVERDUE)
    assert program.controller.picture.governor == ""
    assert not [one for one in program.heard.open if one.reason is SHORT]


async def test_what_had_no_memory_and_is_taken_back_waits_no_more(program: Program) -> None:
    """What is served is what is wanted again, and nobody is told anything else."""
    program.nginx.sample = Sample((LIVE,))
    program.nginx.room = Budget(memory=1, most=1)
    await program.say(*version(1), seconds=20.0)
    assert Why.NO_ROOM == program.controller.picture.governor
    await program.say(*web(), seconds=1.0)
    assert program.controller.picture.governor == ""
    assert not [one for one in program.heard.open if one.reason is SHORT]


async def test_an_nginx_that_ended_waits_for_no_room(program: Program) -> None:
    """Nobody is served: it is started, whatever old workers there are."""
    program.nginx.sample = Sample((LIVE, old(1, 3), old(2, 2), old(3, 1)))
    await program.say(*version(1), seconds=0.5)
    assert 1 == len(program.nginx.applied)
    program.nginx.die()
    await program.clock.pass_(1.0)
    await program.wait_for(2)
    await settle()
    assert program.nginx.runs is not None


async def test_what_is_reverted_while_it_waits_is_not_loaded(program: Program) -> None:
    """There is nothing to do."""
    program.nginx.sample = Sample((LIVE, old(1, 3), old(2, 2), old(3, 1)))
    await program.say(*version(1), seconds=0.5)
    await program.say(*web(), seconds=2.0)
    await program.clock.pass_(2.0)
    assert "" == program.controller.picture.governor
    assert ([], 1) == (program.nginx.retired, len(program.heard.reasons))


class Others:
    """Other replicas: it is our turn after so many questions; ``heard`` is what they were told."""

    def __init__(self, waits: int) -> None:
        self.waits = waits
        self.urgent: list[bool] = []
        self.heard: list[str | None] = []

    async def ask(self, *, urgent: bool) -> float:
        self.urgent.append(urgent)
        self.waits -= not urgent
        return 0.5 if self.waits >= 0 and not urgent else 0.0

    async def over(self, generation: str | None) -> None:
        self.heard.append(generation)


async def test_a_change_waits_for_other_replicas_and_takes_what_comes_along(program: Program) -> None:
    """They are told what is served, once the workers run it."""
    others = program.controller.governing.turns = Others(waits=6)
    await program.say(*version(1), seconds=1.0)
    assert (1, Why.REPLICAS) == (len(program.heard.reasons), program.controller.picture.governor)
    await program.say(*version(1, "quiet"), seconds=0.1)
    await served(program, 2, 5.0)
    assert {"shop", "quiet"} == {one.ref.namespace for one in program.heard.reasons[-1] if one.ref}
    await program.until(lambda: bool(others.heard))
    assert [program.nginx.runs] == [one for one in others.heard if one is not None]
    assert program.heard.seconds[Why.REPLICAS] >= 2.5


async def test_service_that_is_restored_does_not_wait_for_replicas(program: Program) -> None:
    """Its turn is not asked for."""
    await program.say(ingress("late", rule("late.example", path("/", "late"))), seconds=0.1)
    await served(program, 2, 1.0)
    others = program.controller.governing.turns = Others(waits=1000)
    await program.say(service("late"), seconds=0.1)
    await served(program, 3, 1.5)
    assert {True} == set(others.urgent)


async def test_nobody_is_sent_away_before_it_is_our_turn(program: Program) -> None:
    """Old workers of one replica after the other leave, as loads follow each other."""
    others = program.controller.governing.turns = Others(waits=4)
    program.nginx.sample = Sample((LIVE, old(1, 90), old(2, 50), old(3, 20)))
    await program.say(*version(1), seconds=3.0)
    assert ([], Why.REPLICAS) == (program.nginx.retired, program.controller.picture.governor)
    await served(program, 2, 5.0)
    assert [1] == program.nginx.retired
    assert others.urgent


async def test_a_refused_change_gives_the_turn_back(program: Program) -> None:
    """What is served by then is what was before."""
    others = program.controller.governing.turns = Others(waits=0)
    before = program.nginx.runs
    program.nginx.broken = "no memory"
    await program.say(*version(1), seconds=0.5)
    await program.until(lambda: before in others.heard)
    assert (1, before) == (len(program.heard.reasons), program.nginx.runs)
