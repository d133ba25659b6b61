"""When a machine that changes counts, and what then happens to NGINX."""

import asyncio

import pytest
from tests.builders import web
from tests.fakes.world import VirtualClock, settle
from tests.unit.controller.program import Program, running

from painless.compiler.options import Machine
from painless.controller.fitting import LOOK, STAY, Settling, watch

SMALL, LARGE = Machine(cpus=1), Machine(cpus=2)


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        ([SMALL] * 20, []),
        ([LARGE] * 20, [STAY]),
        ([LARGE, SMALL] * 20, []),
        ([LARGE, LARGE, SMALL, *[LARGE] * 20], [STAY + 3 * LOOK]),
        ([*[LARGE] * 10, *[SMALL] * 10], [STAY, 10 * LOOK + STAY]),
    ],
    ids=["none", "once", "flapping", "from when it stays", "there and back"],
)
def test_what_stays_counts(readings: list[Machine], expected: list[float]) -> None:
    """A change counts when it has stayed, and once."""
    settling = Settling(SMALL)
    assert expected == [at * LOOK for at, one in enumerate(readings) if settling.seen(one, at * LOOK)]


async def test_the_machine_is_looked_at() -> None:
    """Again and again, until it has become another one."""
    clock, taken = VirtualClock(), list[Machine]()
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(watch(lambda: LARGE, SMALL, clock, taken.append))
        while not taken:
            await clock.pass_(LOOK)
        task.cancel()
    assert [LARGE] == taken


async def test_a_change_is_one_reload_with_its_reason() -> None:
    """The reason is the machine's, and says what became of which value and why."""
    async with running(Program()) as program:
        await program.say(*web())
        await program.wait_for(1)
        await program.clock.pass_(10.0)
        program.controller.refit(LARGE)
        await program.clock.pass_(1.0)
        await program.wait_for(2)
        await program.until(lambda: len(program.heard.fits) == 2)
        said = [str(one) for one in program.heard.reasons[-1]]
        label = program.heard.reasons[-1][0].label
    assert [
        "changed Machine worker_processes 1 → 2, as 2 CPUs may be used (assumed)",
        "changed Machine limit_conn 4096 → 8192, as half the requests of 2 workers of 16384 connections",
    ] == said
    assert "MachineChanged" == label


async def test_more_of_objects_is_nothing_to_tell() -> None:
    """What follows from the machine is told when it changes, not with each Service."""
    async with running(Program()) as program:
        await program.say(*web())
        await program.wait_for(1)
        await program.clock.pass_(10.0)
        await program.say(*web("b", "b.example"))
        await program.wait_for(2)
        await program.until(lambda: len(program.heard.served) == 2)
        fits = len(program.heard.fits)
    assert 1 == fits


async def test_a_change_that_decides_nothing_is_no_reload() -> None:
    """Such as more memory than is needed: the text is the same."""
    async with running(Program()) as program:
        await program.say(*web())
        await program.wait_for(1)
        program.controller.refit(Machine(memory=1 << 30))
        await program.clock.pass_(10.0)
        await program.until(lambda: len(program.heard.fits) == 2)
        await settle()
        count = len(program.nginx.applied)
    assert 1 == count
