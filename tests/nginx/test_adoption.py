"""A controller dies and another takes over its NGINX, and only its NGINX."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.nginx.given import (
    BUILD,
    DEADLINE,
    answer,
    disk_at,
    free_port,
    generation,
    nginx_on,
    nobody_asks,
    reloading,
    starting,
)

from painless.nginx.generation import Generation
from painless.nginxd import procfs
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.nginxd.errors import StateBusy
from painless.nginxd.loading import POLL
from painless.nginxd.serving import Serving
from painless.plan.steps import Applied

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def controller(state: Path, port: int, *says: str, below: tuple[str, ...] = ()) -> AsyncIterator[str]:
    """Run a controller until its last generation is live, give the generation's id, and kill it with -9."""
    process = await asyncio.create_subprocess_exec(
        *below,
        sys.executable, "-m", "tests.nginx.controller", str(state), str(port), *says,
        stdout=asyncio.subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        async with asyncio.timeout(3 * DEADLINE):
            yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def successor(disk: Disk) -> AsyncIterator[Nginx]:
    nginx = nginx_on(disk)
    try:
        yield nginx
    finally:
        await nginx.stop(0.1)
        nginx.close()


async def test_a_killed_controllers_nginx_is_adopted(state_dir: Path) -> None:
    """NGINX serves on, the successor knows what each worker runs, and its reload is confirmed."""
    port = free_port()
    async with controller(state_dir, port, "one") as first:
        pass

    with disk_at(state_dir) as disk:
        async with successor(disk) as nginx:
            served = await answer(port)
            adoption = await nginx.adopt()
            known = disk.read_generation(first)
            two = generation(disk.root, port, "two")
            outcome = await nginx.apply(reloading(two))

            assert "one" == served
            assert adoption is not None
            assert ("", [first, first]) == (adoption.note, [one.generation for one in adoption.sight.workers])
            assert known is not None
            assert generation(disk.root, port, "one").cold == known.cold
            assert (Applied(), two.id) == (outcome, nginx.live())
            assert "two" == await answer(port)


async def test_start_takes_over_instead_of_starting_a_second(state_dir: Path) -> None:
    """A successor that plans a start gets the NGINX that runs, even when its pid file was lost."""
    port = free_port()
    async with controller(state_dir, port, "one"):
        pass

    with disk_at(state_dir) as disk:
        disk.pid_file.unlink()
        async with successor(disk) as nginx:
            outcome = await nginx.apply(starting(generation(disk.root, port, "one")))

            assert Applied() == outcome
            assert 2 == len({one.pid for one in nginx.sight().workers})  # type: ignore[union-attr]


def stalled(disk: Disk, want: Generation) -> Path:
    """Make ``want`` what NGINX loads next, and have that wait until somebody opens the file returned."""
    disk.stage(want)
    disk.switch(want.id)
    file = disk.folder(want.id) / "sites.conf"
    file.unlink()
    os.mkfifo(file)
    return file


async def until_it_loads(pid: int) -> None:
    async with asyncio.timeout(DEADLINE):
        while procfs.awaits(pid, signal.SIGHUP):
            await asyncio.sleep(POLL)


async def test_a_load_of_a_dead_controller_is_waited_for(state_dir: Path) -> None:
    """The link that NGINX follows while it loads stays where it is until it has loaded."""
    port = free_port()
    async with controller(state_dir, port, "one") as first:
        pass
    with disk_at(state_dir) as disk:
        async with successor(disk) as nginx:
            two = generation(disk.root, port, "two")
            waits = stalled(disk, two)
            adoption = await nginx.adopt()
            assert adoption is not None
            os.kill(adoption.sight.master, signal.SIGHUP)
            await until_it_loads(adoption.sight.master)
            before = (nginx.live(), nginx.settled())
            async with asyncio.TaskGroup() as group:
                adopted = group.create_task(Serving(nginx, disk).adopt())
                await asyncio.wait({adopted}, timeout=0.2)
                early = adopted.done()
                await asyncio.to_thread(waits.write_text, "")

            assert ((first, None), False) == (before, early)
            assert (two.id, two.id) == (nginx.live(), disk.current_id())


async def test_a_start_of_a_dead_controller_is_ended(state_dir: Path) -> None:
    """It would take the ports after us; what runs nothing yet is no loss."""
    with disk_at(state_dir) as disk:
        stalled(disk, generation(disk.root, free_port(), "one"))
        begun = await asyncio.create_subprocess_exec(
            BUILD.path, "-c", str(disk.main), "-p", str(disk.root), "-e", str(disk.error_log)
        )
        async with successor(disk) as nginx:
            adoption = await nginx.adopt()
            outcome = await nginx.apply(starting(generation(disk.root, free_port(), "two")))

            assert (None, Applied()) == (adoption, outcome)
            assert -signal.SIGKILL == await asyncio.wait_for(begun.wait(), DEADLINE)


async def test_a_link_that_was_moved_and_not_loaded_is_put_back(state_dir: Path) -> None:
    """So what NGINX would load is what it runs, and no hot file of either can go missing."""
    port = free_port()
    async with controller(state_dir, port, "one") as first:
        pass
    with disk_at(state_dir) as disk:
        async with successor(disk) as nginx:
            two = generation(disk.root, port, "two")
            disk.stage(two)
            disk.switch(two.id)

            live = await Serving(nginx, disk).adopt()

            assert live is not None
            assert (first, first) == (live.id, disk.current_id())


async def test_one_controller_writes_at_a_time(state_dir: Path) -> None:
    """A second controller is told who holds the state directory; NGINX itself does not hold it."""
    async with controller(state_dir, free_port(), "one"):
        with pytest.raises(StateBusy, match=rf"{state_dir} is in use by process \d+: one controller writes"):
            disk_at(state_dir)

    disk_at(state_dir).close()


async def test_a_process_that_only_has_the_pid_is_not_adopted(state_dir: Path) -> None:
    """The pid file may name anybody by now."""
    with disk_at(state_dir) as disk:
        disk.pid_file.write_text(f"{os.getpid()}\n")

        assert await nginx_on(disk).adopt() is None


async def test_another_directorys_nginx_is_not_adopted(state_dir: Path) -> None:
    """An NGINX of ours with another state directory is somebody else's, pid file or not."""
    with disk_at(state_dir / "a") as theirs, disk_at(state_dir / "b") as ours:
        async with successor(theirs) as nginx:
            await nginx.apply(starting(generation(theirs.root, free_port(), "one")))
            shutil.copy(theirs.pid_file, ours.pid_file)

            assert await nginx_on(ours).adopt() is None


async def test_another_binary_is_adopted_and_said(state_dir: Path) -> None:
    """What serves our configuration is ours, whichever binary it is; that it differs is a note."""
    copied = state_dir / "nginx"
    shutil.copy(BUILD.path, copied)
    with disk_at(state_dir) as disk:
        other = Nginx(type(BUILD)(BUILD.version, BUILD.flags, str(copied), "a copy"), disk, nobody_asks)
        await other.apply(starting(generation(disk.root, free_port(), "one")))
        other.close()
        async with successor(disk) as nginx:
            adoption = await nginx.adopt()

            assert adoption is not None
            pid = adoption.sight.master
            assert f"NGINX {pid} runs {copied}, and {BUILD.path} was asked for" == adoption.note


@pytest.mark.skipif(os.geteuid() != 0, reason="workers are another user only when we are root")
async def test_root_that_may_not_look_into_workers(state_dir: Path) -> None:
    """Root in a container mostly lacks CAP_SYS_PTRACE; starts and reloads are confirmed all the same."""
    port = free_port()
    without = ("setpriv", "--bounding-set=-sys_ptrace")

    async with controller(state_dir, port, "one", "two", below=without) as last:
        assert generation(state_dir, port, "two").id == last
        assert "two" == await answer(port)
