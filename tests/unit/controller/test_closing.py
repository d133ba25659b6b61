"""Old connections are closed at a rate, counted, and told once; whose limit does not hold is told."""

from collections.abc import Iterable

from tests.builders import CLASS, path, rule, service, web
from tests.unit.controller.program import Program, running, slices

from painless.controller.closing import FIELD, QUIET
from painless.model.diagnostics import Diagnostic, Reason
from painless.model.objects import Ingress, ObjectRef
from painless.plan.closing import Sighting, Upgraded
from painless.plan.governor import RATE, Budget
from painless.plan.workers import Connections, GenerationState, Sample, WorkerState

POD = "10.0.0.1"
INGRESS = ObjectRef("Ingress", "shop", "web")
AGE = ("painless.dev/connection-max-age", "100s")


def limited(name: str, host: str, *annotations: tuple[str, str]) -> Ingress:
    """An Ingress that sends all of a host to the Service ``web``."""
    rules = (rule(host, path("/", "web")),)
    return Ingress("shop", name, class_name="nginx", rules=rules, annotations=annotations)


async def given(program: Program, *ingresses: Ingress) -> None:
    await program.say(CLASS, service("web"), slices(POD), *ingresses)
    await program.wait_for(1)


def chats(count: int, since: float = 0.0) -> Sighting:
    return Sighting(tuple(Upgraded(inode, POD, since) for inode in range(count)))


def stay(program: Program) -> list[tuple[str, str]]:
    """Return whose limits do not hold, and why."""
    return [(one.about.name, one.says) for one in told(program) if one.field == FIELD]


def told(program: Program) -> Iterable[Diagnostic]:
    return (one for one in program.controller.picture.diagnostics if one.reason is Reason.CONNECTIONS_STAY)


async def test_old_ones_are_closed_at_the_rate() -> None:
    """A thousand that began together end between nine tenths of their age and all, 50 a second at most."""
    program = Program()
    async with running(program):
        await given(program, limited("web", "web.example", AGE))
        program.nginx.sighting = chats(1_000)
        await program.clock.pass_(85.0)
        assert [] == program.nginx.closed
        counts = []
        for _ in range(40):
            before = sum(map(len, program.nginx.closed))
            await program.clock.pass_(1.0)
            counts.append(sum(map(len, program.nginx.closed)) - before)

        # What ends within a second of another may fall into it.
        assert 1_000 == sum(counts)
        assert max(counts) <= RATE * 1.2
        assert 1_000 == sum(count for _, count, _ in program.heard.ages)


async def test_owners_are_told_once() -> None:
    """As long as connections end it is one episode; after a quiet time it is news again."""
    program = Program()
    async with running(program):
        await given(program, limited("web", "web.example", AGE))
        for since in (0.0, 200.0, 300.0 + 2 * QUIET):
            await program.clock.pass_(since - program.clock.now())
            program.nginx.sighting = chats(1, since)
            await program.clock.pass_(110.0)

        assert [("web.example", 1, True), ("web.example", 1, False), ("web.example", 1, True)] == (
            program.heard.ages
        )


async def test_clients_of_a_retired_worker_come_first() -> None:
    """While they connect again nobody else is sent to do so, and afterwards somebody is."""
    program = Program()
    async with running(program):
        await given(program, limited("web", "web.example", AGE))
        held = Connections(upgraded=int(20 * RATE))
        old = GenerationState(
            "old", 30.0, 20.0, (WorkerState(7, draining=True, connections=held, memory=10),)
        )
        live = GenerationState("live", 5.0, None, (WorkerState(9, draining=False, memory=10),))
        program.nginx.room = Budget(generations=2)
        program.nginx.sample = Sample((live, old))
        await program.clock.pass_(90.0)
        await program.say(limited("more", "more.example", AGE), seconds=5.0)
        await program.until(lambda: [7] == program.nginx.retired)
        began = program.clock.now()
        program.nginx.sighting = chats(1)
        await program.clock.pass_(13.0)
        assert ([], True) == (program.nginx.closed, program.clock.now() > 100.0)
        await program.clock.pass_(began + 25.0 - program.clock.now())

        assert [(0,)] == program.nginx.closed


async def test_without_a_limit_nothing_is_looked_at() -> None:
    """It costs nothing, and what is missing is nobody's concern."""
    program = Program()
    async with running(program):
        await given(program, *(one for one in web() if isinstance(one, Ingress)))
        program.nginx.sighting = Sighting(chats(3).upgraded, "a right is missing")
        await program.clock.pass_(300.0)

        assert ([], []) == (program.nginx.closed, stay(program))


async def test_a_right_that_is_missing_is_told() -> None:
    """To the owner as long as it is, and once to the log."""
    program = Program()
    async with running(program):
        await given(program, limited("web", "web.example", AGE))
        program.nginx.sighting = Sighting((), "a right is missing")
        await program.clock.pass_(30.0)
        assert [("web", "a right is missing")] == stay(program)
        assert ["a right is missing"] == program.heard.unread
        program.nginx.sighting = Sighting()
        await program.clock.pass_(5.0)

        assert [] == stay(program)


async def test_the_larger_limit_holds() -> None:
    """Of two Ingresses with one Service, and the owner of the other is told; without one there is none."""
    program = Program()
    longer = ("painless.dev/connection-max-age", "300s")
    async with running(program):
        both = limited("web", "web.example", AGE), limited("other", "other.example", longer)
        await given(program, *both)
        program.nginx.sighting = chats(1)
        await program.clock.pass_(200.0)
        assert [] == program.nginx.closed
        [(name, says)] = stay(program)
        assert ("web", True) == (name, "shop/other" in says and "300 s" in says)
        await program.clock.pass_(110.0)
        assert [(0,)] == program.nginx.closed
        await program.say(limited("other", "other.example"))
        await program.wait_for(2)
        program.nginx.sighting = chats(1)
        await program.clock.pass_(500.0)

        assert [(0,)] == program.nginx.closed
        assert ["web"] == [name for name, says in stay(program) if "no limit" in says]
