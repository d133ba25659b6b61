"""NGINX on a real machine that changes under it: as many workers and as long a queue as the kernel grants."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from incidents.container import Container
from tests.nginx.fitted import Result

from incidents import container

IN_TIME = 60.0  # Seconds for a start and some reloads: three on a free machine.
QUEUE = "/proc/sys/net/core/somaxconn"
UNSHARE = ("unshare", "--net")


def _no_namespace() -> bool:
    return subprocess.run([*UNSHARE, "true"], check=False, capture_output=True).returncode != 0


pytestmark = [
    pytest.mark.timeout(2 * IN_TIME),
    pytest.mark.skipif(_no_namespace(), reason="a network namespace of one's own takes CAP_SYS_ADMIN"),
]


async def fitted(within: tuple[str, ...], state: Path, file: str, *texts: str) -> Result:
    """Have NGINX fit a machine of which a file of the kernel becomes one text after the other."""
    module = (sys.executable, "-m", "tests.nginx.fitted", str(state), file, *texts)
    child = await asyncio.create_subprocess_exec(*within, *module, stdout=subprocess.PIPE)
    async with asyncio.timeout(IN_TIME):
        try:
            output, _ = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
    assert 0 == child.returncode
    return msgspec.json.decode(output, type=Result)


async def test_the_accept_queue_follows(state_dir: Path) -> None:
    """Raised, lowered and raised again, the Pod's own limit takes effect, and clients notice nothing."""
    lengths = ["4096", "16384", "600", "16384"]
    found = await fitted(UNSHARE, state_dir, QUEUE, *lengths)
    assert (lengths, []) == ([str(one.queue) for one in found.seen], found.failures)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="there is one CPU whatever the quota")
@pytest.mark.skipif(container.missing() != "", reason=container.missing())
async def test_workers_follow_the_quota(state_dir: Path) -> None:
    """In a container of one CPU there is one; more CPUs in place are more workers, with no request lost."""
    period = container.PERIOD
    if container.UNIFIED:
        file, texts = (
            "/sys/fs/cgroup/cpu.max",
            [f"{period} {period}", f"{2 * period} {period}", f"{period} {period}"],
        )
    else:
        file, texts = "/sys/fs/cgroup/cpu/cpu.cfs_quota_us", [str(period), str(2 * period), str(period)]
    with Container("fit", cpus=1.0) as one:
        found = await fitted((*UNSHARE, *one.within), state_dir, file, *texts)
    assert ([1, 2, 1], []) == ([each.workers for each in found.seen], found.failures)
