"""There is no room for a generation: what is served goes on, and once there is room the rest follows."""

import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.front.clients import Load, Target, until, until_seen
from tests.front.given import NOISE, Make, certificate
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.nginxd.files import PARTIAL

VOLUME = 16  # MiB: several generations of these tests and NGINX's own files.
FILES = 500  # Inodes: as many are left over when the last byte is gone, so they are used up as well.
TOLD = 10.0  # Seconds until the lack of room is told.
AGAIN = 20.0  # Seconds until NGINX has asked again: `resolver_timeout` twice, on a slow machine.
BACK = 40.0  # Seconds until what waited is served: the controller tries again after 30 s at the latest.


@pytest.fixture
def volume(state_dir: Path) -> Iterator[Path]:
    """A volume of its own for the state directory."""
    size = f"size={VOLUME}m,nr_inodes={FILES},mode=711"
    mount = ["mount", "-t", "tmpfs", "-o", size, "painless-test", str(state_dir)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small volume is not permitted here")
    yield state_dir
    # Whoever still has a file open there has been told to end.
    subprocess.run(["umount", "--lazy", str(state_dir)], check=True)


@contextmanager
def _filled(volume: Path) -> Iterator[None]:
    """Leave no room at all."""
    ballast = volume / "ballast"
    ballast.mkdir()
    with suppress(OSError):
        for number in range(FILES):
            (ballast / f"{number}").touch()
    with suppress(OSError), (ballast / "0").open("wb", buffering=0) as file:
        while file.write(b"\0" * 4096):
            pass
    yield
    shutil.rmtree(ballast)


@contextmanager
def _files_limited(program: Program) -> Iterator[None]:
    """Have no file of the controller become larger than those of its first generation, as a quota would."""
    largest = max(one.stat().st_size for one in (program.state / "current").resolve().iterdir())
    before = resource.prlimit(program.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, (largest, before[1]))
    yield
    resource.prlimit(program.pid, resource.RLIMIT_FSIZE, before)


async def _serving(folder: Folder, pods: Pods, make: Make) -> Program:
    await pods.service("web")
    folder.certificate("safe", certificate("safe.test"))
    folder.ingress("web", "web.test", "web")
    folder.ingress("safe", "safe.test", "web", tls="safe")
    program = make()
    program.start()
    await program.ready()
    return program


def _told(program: Program) -> bool:
    return any("no room to write" in one["problem"] for one in program.events("round_failed"))


async def _asks_again(pods: Pods, load: Load) -> None:
    """Wait until NGINX follows pods: what it asked while no responder was there it asks again after 4 s."""
    name = await pods.start("web")
    pods.publish("web")
    # Of two pods in turn, a second client beside the load may meet the same one for half a minute.
    await load.until_from(name, AGAIN)


async def _change_without_room(folder: Folder, pods: Pods, program: Program) -> None:
    """Ask for a site there is no room for; endpoints are followed all the same."""
    folder.ingress("more", "more.test", "web")
    await until(lambda: _told(program), TOLD, program.last_words)
    name = await pods.replace("web")
    await until_seen(Target(program.doors.http, "web.test"), lambda seen: seen.pod == name, NOISE)
    assert 404 == (await Target(program.doors.http, "more.test").ask()).status
    assert [] == list(program.state.rglob(f"{PARTIAL}*"))


async def _served_in_the_end(program: Program, applied: int) -> None:
    """Check that nobody has to do anything once there is room, and that it is done once."""
    await until_seen(Target(program.doors.http, "more.test"), lambda seen: seen.status == 200, BACK)
    await until(lambda: _applied(program) > applied, BACK)
    assert applied + 1 == _applied(program)


def _applied(program: Program) -> int:
    return len(program.events("generation_applied"))


async def test_a_full_volume(folder: Folder, pods: Pods, volume: Path, make: Make) -> None:
    """No request fails and pods are followed while nothing can be written; then the change is served."""
    program = await _serving(folder, pods, make)
    before, master = _applied(program), program.master()
    async with Load(Target(program.doors.http, "web.test")) as load:
        with _filled(volume):
            await _change_without_room(folder, pods, program)
        await _served_in_the_end(program, before)
    assert (master, []) == (program.master(), load.failures())


async def test_a_controller_that_takes_over_on_a_full_volume(
    folder: Folder, pods: Pods, volume: Path, make: Make
) -> None:
    """A controller and a responder that start while there is no room go on with what serves."""
    program = await _serving(folder, pods, make)
    master = program.master()
    async with Load(Target(program.doors.http, "web.test")) as load:
        with _filled(volume):
            await program.kill()
            os.kill(program.responder(), signal.SIGKILL)
            program = make()
            program.start()
            await program.ready()
            await _asks_again(pods, load)
            await _change_without_room(folder, pods, program)
        await _served_in_the_end(program, 0)
    assert (master, []) == (program.master(), load.failures())


async def test_no_room_for_large_files(folder: Folder, pods: Pods, make: Make) -> None:
    """What needs no more room than it had goes on: a renewed certificate is served, while a site waits."""
    program = await _serving(folder, pods, make)
    before, master = _applied(program), program.master()
    secure = Target(program.doors.https, "safe.test", secure=True)
    async with Load(Target(program.doors.http, "web.test")) as load:
        with _files_limited(program):
            old = (await secure.ask()).serial
            folder.certificate("safe", certificate("safe.test"))
            await until_seen(secure, lambda seen: seen.serial not in {0, old}, TOLD)
            await _change_without_room(folder, pods, program)
        await _served_in_the_end(program, before)
    assert (master, []) == (program.master(), load.failures())


async def test_nobody_is_ready_on_a_full_volume(folder: Folder, pods: Pods, volume: Path, make: Make) -> None:
    """A Service loses its last pod while there is no room even for a marker: the controller goes on."""
    program = await _serving(folder, pods, make)
    web = Target(program.doors.http, "web.test")
    with _filled(volume):
        pods.empty("web")
        await until_seen(web, lambda seen: seen.status in {502, 503}, TOLD)
        name = await pods.replace("web")
        await until_seen(web, lambda seen: seen.pod == name, NOISE)
    assert program.status is None
