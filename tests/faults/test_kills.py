"""The controller is killed again and again in the middle of its work: requests go on, changes are served."""

import asyncio
import random
import signal
import time
from collections.abc import Callable

import pytest
from tests.front.clients import Load, Target, until, until_seen
from tests.front.given import NOISE, PATIENT, SOAK, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.nginxd import procfs
from painless.nginxd.files import PARTIAL

pytestmark = PATIENT

KILLS = 100 if SOAK else 9
LIFE = 1.5  # Seconds within which a controller starts, takes over and serves a change, when nothing stops it.
WITHIN = 20.0  # Seconds until a change is served in the end.

Moment = Callable[[Program], bool]


def _stages(program: Program) -> bool:
    return next((program.state / "generations").glob(f"{PARTIAL}*"), None) is not None


def _loads(program: Program) -> bool:
    return not procfs.awaits(program.master(), signal.SIGHUP)


def _at_random(chance: random.Random) -> Moment:
    due = time.monotonic() + chance.uniform(0.0, LIFE)
    return lambda _: time.monotonic() > due


async def _killed(program: Program, moment: Moment) -> None:
    """Kill it at the moment, or once it could have gone by unseen: then it is killed at work or at rest."""
    due = time.monotonic() + 2 * LIFE
    while not moment(program) and time.monotonic() < due:
        await asyncio.sleep(0.001)
    await program.kill()


async def test_a_controller_killed_in_mid_apply(folder: Folder, pods: Pods, make: Make) -> None:
    """Whenever it is killed, no request fails, one NGINX goes on, and the last controller serves all."""
    chance = random.Random(time.time_ns())
    await pods.service("web")
    await pods.service("other")
    folder.ingress("web", "web.test", "web")
    folder.ingress("other", "other.test", "other")
    program, name = make(), ""
    program.start()
    await program.ready()
    master, responder = program.master(), program.responder()
    async with Load(Target(program.doors.http, "web.test"), Target(program.doors.http, "other.test")) as load:
        for number in range(KILLS):
            folder.ingress(f"more-{number}", f"more-{number}.test", "web")
            name = await pods.start("web")
            pods.publish("web")
            await _killed(program, [_stages, _loads, _at_random(chance)][number % 3])
            program = make()
            program.start()
        await program.ready()
        for number in range(KILLS):
            more = Target(program.doors.http, f"more-{number}.test")
            await until_seen(more, lambda seen: seen.status == 200, WITHIN)
        await load.until_from(name, WITHIN)
        name = await pods.replace("web")
        await load.until_from(name, NOISE)
    assert (master, responder, []) == (program.master(), program.responder(), load.failures())
    assert [] == list(program.state.rglob(f"{PARTIAL}*"))


@pytest.mark.parametrize("stopped", [signal.SIGKILL, signal.SIGTERM])
async def test_a_second_controller_is_turned_away(
    folder: Folder, pods: Pods, make: Make, stopped: signal.Signals
) -> None:
    """It says who is there and ends, and touches nothing; when the first is gone there is room for it."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    first, second = make(), make()
    first.start()
    await first.ready()
    async with Load(Target(first.doors.http, "web.test")) as load:
        second.start()
        status = await second.ended()
        await load.more(5)
        served = await first.is_ready()
    first.signal(stopped)
    await first.ended()
    third = make()
    third.start()
    await third.ready()

    assert (2, True, []) == (status, served, load.failures())
    assert f"{first.state} is in use by process {first.pid}: one controller writes" in second.last_words()
    await until(third.is_ready, WITHIN)
