"""Calls of a binary and holding on to a process, with ordinary processes in NGINX's place."""

import asyncio
import os
import signal

import pytest

from painless.nginxd import procfs
from painless.nginxd.errors import NginxError, Unresponsive
from painless.nginxd.process import ENVIRONMENT, Master, run_nginx


async def test_output_of_any_size_is_kept_and_the_rest_dropped() -> None:
    """A call that prints much neither blocks nor fills our memory."""
    ran = await run_nginx("/bin/sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x >&2; exit 3", within=10)

    assert (3, 1 << 20) == (ran.code, len(ran.output))


async def test_the_environment_is_ours_alone() -> None:
    """NGINX gets the allocator's settings and nothing that we happen to have."""
    ran = await run_nginx("/usr/bin/env", within=10)

    assert {f"{name}={value}" for name, value in ENVIRONMENT.items()} == set(ran.output.splitlines())


async def test_a_call_that_does_not_end_is_ended() -> None:
    """The time-out is told with the call, and no process is left."""
    with pytest.raises(Unresponsive, match=r"^sleep 60.25 did not end within 0 s$"):
        await run_nginx("/bin/sleep", "60.25", within=0.05)

    assert "/bin/sleep 60.25" not in {procfs.title(pid) for pid in procfs.children(os.getpid())}


async def test_a_call_that_was_killed_has_not_judged() -> None:
    """Ended by a signal is a failure of the world and no refusal."""
    with pytest.raises(NginxError, match="was ended by SIGKILL"):
        await run_nginx("/bin/sh", "-c", "kill -9 $$", within=10)


async def test_a_binary_that_cannot_be_run() -> None:
    """A missing binary is one sentence."""
    with pytest.raises(NginxError, match=r"^/no/nginx cannot be run: No such file or directory$"):
        await run_nginx("/no/nginx", "-t", within=10)


async def test_the_end_of_a_master_is_noticed() -> None:
    """``gone`` is set by the process's end, and a signal afterwards reaches nobody."""
    child = await asyncio.create_subprocess_exec("/bin/sleep", "60")
    master = Master.attach(child.pid)
    assert master is not None
    running = master.runs

    master.signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        await master.gone.wait()
    master.signal(signal.SIGTERM)
    await child.wait()

    assert (True, False) == (running, master.runs)
    assert Master.attach(child.pid) is None
