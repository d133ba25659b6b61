"""Processes die, hang and are started by hand: requests go on, and nobody restarts what works."""

import asyncio
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from tests.cluster.customers import Customer, Http1, Http2, Talker
from tests.front.clients import Load, Target, until, until_seen
from tests.front.given import NOISE, SOAK, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import STARTED, Program

from painless.demo.ports import LOOPBACK
from painless.nginxd import procfs
from painless.nginxd.find import find_nginx

BACK = 3.0  # Seconds until a killed NGINX serves again.
LAME = """\
#!/bin/sh
case " $* " in
    *" -t "* | *" -V "*) exec {} "$@" ;;
esac
exit 1
"""
RENEWALS = 20 if SOAK else 2
RENEWED = 30.0  # Seconds until a replaced binary serves alone: two or three on a free machine.
FOLLOWED = 10.0  # Seconds until changes are followed after the responder was killed.


async def _serving(folder: Folder, pods: Pods, make: Make) -> tuple[Program, Target]:
    """Start a controller that serves one host."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    return program, Target(program.doors.http, "web.test")


async def _loaded(program: Program, times: int) -> bool:
    return await program.reloads() == times


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
        # NGINX serves it a moment before the controller has seen that.
        await until(lambda: _loaded(program, 1), NOISE, program.last_words)
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


def _replace(binary: Path) -> None:
    """Put another file in the binary's place, as a package manager does."""
    beside = binary.with_suffix(".new")
    shutil.copy(find_nginx().path, beside)
    beside.replace(binary)


async def _renewed(program: Program, make: Make, binary: Path) -> Program:
    """Replace the binary and the controller; return when NGINX has been replaced by it."""
    await program.kill()
    _replace(binary)
    after = make("--nginx", str(binary))
    after.start()
    await after.ready()
    await until(lambda: bool(after.events("nginx_replaced")), RENEWED, after.last_words)
    return after


async def test_a_replaced_binary_follows_the_running_one(
    folder: Folder, pods: Pods, make: Make, tmp_path: Path
) -> None:
    """NGINX's binary is replaced under load, again and again: no request is lost, nor a connection cut."""
    binary = tmp_path / "nginx"
    _replace(binary)
    cookie = {"affinity": "cookie", "session-cookie-name": "stay"}
    kinds: dict[str, dict[str, str]] = {
        "web": {},
        "sticky": {**cookie, "affinity-mode": "persistent"},
        "hashed": cookie,
    }
    names = [f"{kind}{at}" for kind in kinds for at in range(7)]
    for one in names:
        await pods.service(one, pods=2)
        folder.ingress(one, f"{one}.test", one, annotations=kinds[one[:-1]])
    program = make("--nginx", str(binary))
    program.start()
    await program.ready()
    # Who has a cookie stays with a pod, whichever NGINX answers.
    cookies = {one: await _cookie(program.doors.http, f"{one}.test") for one in names}
    targets = [Target(program.doors.http, f"{one}.test", headers=cookies[one]) for one in names]
    async with Load(*targets, pause=0.002) as load:
        for _ in range(RENEWALS):
            before = program.master()
            async with _customers(program) as customers:
                program = await _renewed(program, make, binary)
                await load.more(200)
            assert [] == [said for one in customers for said in one.lost]
            # The WebSocket has stayed with the NGINX that it began with, which ends after it.
            assert 1 == customers[-1].connections
            await until(partial(_is_gone, before), RENEWED)
    pods_of = {host: len({one.pod for one in some}) for host, some in load.seen.items()}
    assert ([], {1, 2}) == (load.failures(), set(pods_of.values()))
    assert {1} == {count for host, count in pods_of.items() if not host.startswith("web")}
    assert 1 == await program.total("painless_nginx_replacements_total", serves="new")


async def _cookie(port: int, host: str) -> tuple[str, ...]:
    """Return the header with the cookie that a first answer sets, if it sets one."""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    writer.close()
    found = re.search(r"(?im)^set-cookie: ([^;\r]+)", head)
    return (f"Cookie: {found[1]}",) if found else ()


def _is_gone(pid: int) -> bool:
    # A zombie has an empty one: whoever is to collect it may take its time.
    return not procfs.title(pid)


@asynccontextmanager
async def _customers(program: Program) -> AsyncIterator[tuple[Customer, ...]]:
    """Have clients that keep their connections; the last one's is a WebSocket."""
    doors = program.doors
    customers = (
        Http1(doors.http, "web0.test"),
        Http2(doors.https, "web1.test"),
        Talker(doors.http, "web2.test"),
    )
    async with asyncio.TaskGroup() as group:
        for one in customers:
            group.create_task(one.run())
        await until(lambda: all(one.answered for one in customers), RENEWED)
        yield customers
        for one in customers:
            one.over = True


async def test_a_new_binary_that_does_not_run_changes_nothing(
    folder: Folder, pods: Pods, make: Make, tmp_path: Path
) -> None:
    """It passes every test and ends when it is to serve: what serves goes on, and this is told."""
    binary = tmp_path / "nginx"
    _replace(binary)
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make("--nginx", str(binary))
    program.start()
    await program.ready()
    master = program.master()
    async with Load(Target(program.doors.http, "web.test")) as load:
        await program.kill()
        binary.unlink()
        binary.write_text(
            f'#!/bin/sh\ncase " $* " in *" -t "*|*" -V "*) exec {find_nginx().path} "$@";; esac\nexit 1\n'
        )
        binary.chmod(0o755)
        program = make("--nginx", str(binary))
        program.start()
        await program.ready()
        await until(lambda: bool(program.events("nginx_kept")), RENEWED, program.last_words)
        folder.ingress("more", "more.test", "web")
        await until_seen(Target(program.doors.http, "more.test"), lambda seen: seen.status == 200, 20.0)
    assert (master, []) == (program.master(), load.failures())
    assert str(master) == (program.state / "run" / "nginx.pid").read_text().strip()
