"""Requests to the script of the NGINX container, with ordinary programs in NGINX's place."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from painless.nginxd import procfs
from painless.nginxd.errors import NginxError, NotRunning, Unresponsive
from painless.nginxd.process import ENVIRONMENT
from painless.nginxd.runner import SCRIPT, Runner

DEADLINE = 10.0
Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "runner"


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    """Start the NGINX container's command, with a program as what it calls."""
    programs = folder.parents[1] / "bin"
    programs.mkdir()
    started: list[subprocess.Popen[bytes]] = []

    def run(program: str) -> subprocess.Popen[bytes]:
        (programs / "nginx").unlink(missing_ok=True)
        (programs / "nginx").symlink_to(shutil.which(program) or "")
        command = ["sh", str(SCRIPT), str(folder), str(folder.parent)]
        path = f"{programs}:{os.defpath}"
        started.append(subprocess.Popen(command, env={"PATH": path}, start_new_session=True))
        return started[-1]

    yield run
    for one in started:
        end(one)


def end(container: subprocess.Popen[bytes]) -> None:
    """End a container's command and all it started."""
    if container.poll() is None:
        os.killpg(container.pid, signal.SIGKILL)
    container.wait()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not holds():
            await asyncio.sleep(0.01)


def calls(*arguments: str) -> list[int]:
    wanted = " ".join(("nginx", *arguments))
    return [pid for pid in procfs.every_pid() if procfs.title(pid) == wanted]


def nothing_left(folder: Path) -> bool:
    return not any(one for name in ("in", "work", "out") for one in (folder / name).iterdir())


async def test_a_container_that_is_resized(folder: Path, start: Start) -> None:
    """What it may use is told again, so that a change in place is heard of."""
    programs = folder.parents[1] / "bin"
    for name, does in (("sleep", "exec /bin/sleep 0.05"), ("nproc", f"cat {programs}/number")):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    (programs / "number").write_text("2\n")
    start("true")
    told = Runner(folder).machine / "cpus"
    await until(lambda: told.exists() and told.read_text() == "2\n")
    (programs / "number").write_text("5\n")
    await until(lambda: told.read_text() == "5\n")


async def test_arguments_status_and_output_pass(folder: Path, start: Start) -> None:
    """Whatever an argument holds but the end of a line."""
    start("printf")
    runner = Runner(folder)
    good = await runner("<%s>\\n", "a b", "$HOME", "*", "'\"\\", "", within=DEADLINE)
    bad = await runner("%d", "x", within=DEADLINE)

    assert (0, "<a b>\n<$HOME>\n<*>\n<'\"\\>\n<>\n") == (good.code, good.output)
    assert (1, True) == (bad.code, "expected a numeric value" in bad.output)
    await until(lambda: nothing_left(folder))


async def test_the_allocator_is_told(folder: Path, start: Start) -> None:
    """NGINX has the same settings as where we start it ourselves."""
    start("env")
    ran = await Runner(folder)(within=DEADLINE)

    expected = {f"{name}={value}" for name, value in ENVIRONMENT.items() if name != "PATH"}
    assert set() == expected - set(ran.output.splitlines())


async def test_output_of_any_size_is_kept_and_the_rest_dropped(folder: Path, start: Start) -> None:
    """A call that prints much does not fill our memory."""
    start("seq")
    ran = await Runner(folder)("1000000", within=DEADLINE)

    assert (0, "1\n2\n", True) == (ran.code, ran.output[:4], len(ran.output) <= 1 << 20)


async def test_a_call_that_does_not_end_is_ended(folder: Path, start: Start) -> None:
    """The time-out is told with the call, and nothing of it is left."""
    start("sleep")
    with pytest.raises(Unresponsive, match=r"^nginx 61 did not end within 1 s$"):
        await Runner(folder)("61", within=1.0)

    assert [] == calls("61")
    await until(lambda: nothing_left(folder))


async def test_a_call_that_was_killed_has_not_judged(folder: Path, start: Start) -> None:
    """Ended by a signal is a failure of the world and no refusal."""
    start("sh")
    with pytest.raises(NginxError, match="was ended by SIGKILL"):
        await Runner(folder)("-c", "kill -9 $$", within=DEADLINE)


async def test_a_runner_that_ends_takes_its_call_with_it(folder: Path, start: Start) -> None:
    """The caller is told, and can ask the next runner."""
    first, runner = start("sleep"), Runner(folder)

    async def end_first() -> None:
        await until(lambda: calls("62") != [])
        end(first)

    async with asyncio.TaskGroup() as group:
        group.create_task(end_first())
        with pytest.raises(NotRunning, match="ended or started anew"):
            await runner("62", within=DEADLINE)
    start("true")

    assert 0 == (await runner("x", within=DEADLINE)).code


async def test_what_an_earlier_controller_wanted_is_ended(folder: Path, start: Start) -> None:
    """A call that hangs would keep all later ones waiting, and nobody is there to time it out."""
    start("sleep")
    await Runner(folder)("0", within=DEADLINE)
    (folder / "in" / "earlier").write_text("63\n")
    # As a controller that was killed: its request is there, and it no longer is.
    with (folder / "requests").open("w") as requests:
        requests.write("earlier\n")
    await until(lambda: calls("63") != [])

    ran = await Runner(folder)("0", within=DEADLINE)

    assert (0, []) == (ran.code, calls("63"))


async def test_a_reply_is_no_way_to_our_secrets(folder: Path, start: Start, tmp_path: Path) -> None:
    """A container that was taken over may put a link where we read; the refusal would be shown to it."""
    secret = tmp_path / "token"
    secret.write_text("0\nsecret\n")
    start("sh")
    out = folder / "out"
    link = f"for one in {folder}/work/*; do ln -s {secret} {out}/${{one##*/}}; done"

    with pytest.raises(NginxError, match="cannot be read: Too many levels of symbolic links"):
        await Runner(folder)("-c", f"{link}; sleep 9", within=DEADLINE)
