"""Processes die, hang and are started by hand: requests go on, and nobody restarts what works."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.front.clients import Load, Target, until, until_seen
from tests.front.given import NOISE, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import STARTED, Program

from painless.nginxd.find import find_nginx

BACK = 3.0  # Seconds until a killed NGINX serves again.
FOLLOWED = 10.0  # Seconds until changes are followed after the responder was killed.


async def _serving(folder: Folder, pods: Pods, make: Make) -> tuple[Program, Target]:
    """Start a controller that serves one host."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    return program, Target(program.doors.http, "web.test")


async def _follows(pods: Pods, target: Target, within: float = NOISE) -> None:
    """Check that a change of the endpoints reaches NGINX."""
    name = await pods.replace("web")
    await until_seen(target, lambda seen: seen.pod == name, within)


async def test_nginx_by_hand_while_the_controller_hangs(folder: Folder, pods: Pods, make: Make) -> None:
    """NGINX killed and started by hand serves while the controller hangs; later that is fine with it."""
    program, target = await _serving(folder, pods, make)
    before = await program.reloads()
    program.signal(signal.SIGSTOP)
    os.kill(program.master(), signal.SIGTERM)
    await until(lambda: program.master() == 0, BACK)
    state = program.state
    command = [find_nginx().path, "-c", f"{state}/current/nginx.conf", "-p", str(state)]
    command += ["-e", f"{state}/log/error.log"]
    await asyncio.to_thread(subprocess.run, command, check=True, timeout=BACK)
    await until_seen(target, lambda seen: seen.status == 200, BACK)
    master = program.master()
    async with Load(target) as load:
        program.signal(signal.SIGCONT)
        folder.ingress("more", "more.test", "web")
        await until_seen(Target(program.doors.http, "more.test"), lambda seen: seen.status == 200, 20.0)
        await program.ready()
        await _follows(pods, target)
    assert (master, []) == (program.master(), load.failures())
    # One for the new Ingress, and at most one to be sure of what runs.
    assert await program.reloads() - before <= 2


async def test_a_killed_controller_is_replaced(folder: Folder, pods: Pods, make: Make) -> None:
    """Requests go on without a controller; the next one takes over the same NGINX and follows changes."""
    program, target = await _serving(folder, pods, make)
    master, responder = program.master(), program.responder()
    async with Load(target) as load:
        await program.kill()
        await load.more(20)
        program = make()
        program.start()
        await program.ready()
        await _follows(pods, target)
        folder.ingress("more", "more.test", "web")
        await until_seen(Target(program.doors.http, "more.test"), lambda seen: seen.status == 200, BACK)
    assert (master, responder, []) == (program.master(), program.responder(), load.failures())
    assert 1 == await program.reloads()


async def test_what_changed_without_a_controller_is_caught_up(folder: Folder, pods: Pods, make: Make) -> None:
    """A change made while no controller ran is served by the next one, without a new start."""
    program, target = await _serving(folder, pods, make)
    master = program.master()
    async with Load(target) as load:
        await program.kill()
        name = await pods.start("web")
        pods.publish("web")
        folder.ingress("more", "more.test", "web")
        program = make()
        program.start()
        await load.until_from(name, 15.0)
        await until_seen(Target(program.doors.http, "more.test"), lambda seen: seen.status == 200, 15.0)
    assert (master, []) == (program.master(), load.failures())


async def test_a_killed_responder_is_replaced(folder: Folder, pods: Pods, make: Make) -> None:
    """Requests go on when the responder is killed, and changes are followed again within 10 s."""
    program, target = await _serving(folder, pods, make)
    before, dead = await program.reloads(), program.responder()
    async with Load(target) as load:
        os.kill(dead, signal.SIGKILL)
        name = await pods.start("web")
        pods.publish("web")
        await load.until_from(name, FOLLOWED)
    assert (before, []) == (await program.reloads(), load.failures())
    assert dead != program.responder() != 0


async def test_a_killed_master_is_started_again(folder: Folder, pods: Pods, make: Make) -> None:
    """A killed master serves again within 3 s, and no answer in between is anything but right or none."""
    program, target = await _serving(folder, pods, make)
    dead = program.master()
    async with Load(target) as load:
        os.kill(dead, signal.SIGKILL)
        await until(lambda: program.master() not in {dead, 0}, BACK, program.last_words)
        await program.ready()
        await _follows(pods, target)
    assert set() == {one.status for one in load.failures(allowed=(0, 200))}
    gap = load.failures()
    assert not gap or gap[-1].ended - gap[0].began <= BACK


async def test_a_killed_worker_is_replaced(folder: Folder, pods: Pods, make: Make) -> None:
    """A killed worker takes its own connections with it and nothing else; nobody reloads or restarts."""
    program, target = await _serving(folder, pods, make)
    before, master, workers = await program.reloads(), program.master(), program.workers()
    async with Load(target) as load:
        os.kill(workers[0], signal.SIGKILL)
        await until(lambda: len(program.workers()) == len(workers) and program.workers() != workers, BACK)
        await _follows(pods, target)
    assert (before, master) == (await program.reloads(), program.master())
    assert len(load.failures()) <= 1


def _switched(program: Program) -> bool:
    return (program.state / "current").is_symlink()


def _up(program: Program) -> bool:
    return program.master() != 0


@pytest.mark.parametrize("moment", [_switched, _up])
async def test_a_controller_killed_at_its_start_is_replaced(
    folder: Folder, pods: Pods, make: Make, moment: Callable[[Program], bool]
) -> None:
    """The controller is killed before its first generation serves: the next one ends what it began.

    No answer on the way is anything but right or none, and nobody is told that it is ready too early.
    """
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    target = Target(program.doors.http, "web.test")
    async with Load(target) as load:
        program.start()
        await until(lambda: moment(program), STARTED)
        await program.kill()
        program = make()
        program.start()
        await program.ready()
        assert 200 == (await target.ask()).status
        await load.more(20)
    assert set() == {one.status for one in load.failures(allowed=(0, 200))}


async def test_another_binary_is_told_and_waits(
    folder: Folder, pods: Pods, make: Make, tmp_path: Path
) -> None:
    """A binary that was replaced on the disk costs nobody a request: it is for the next start of NGINX."""
    binary = tmp_path / "nginx"
    shutil.copy(find_nginx().path, binary)
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make("--nginx", str(binary))
    program.start()
    await program.ready()
    master = program.master()
    notes = []
    async with Load(Target(program.doors.http, "web.test")) as load:
        for _ in range(2):
            await program.kill()
            program = make("--nginx", str(binary))
            program.start()
            await program.ready()
            notes += [one["note"] for one in program.events("nginx_adopted")]
            binary.unlink()
            shutil.copy(find_nginx().path, binary)
    replaced = f"NGINX {master} runs {binary}, and {binary} was asked for, which has been replaced since"
    assert (["", replaced], master, []) == (notes, program.master(), load.failures())
