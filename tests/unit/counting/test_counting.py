"""A process counts what NGINX appends, at full speed and in little room, and is replaced when it hangs."""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from tests.front.given import SOAK

from painless.clock import RealClock
from painless.compiler.lower_requests import LOG
from painless.counting import shared
from painless.counting.__main__ import AT_A_TIME, Apart
from painless.counting.client import Counting, Health, answer, bounded
from painless.nginxd.accesslog import OLD, RENAME_AT, AccessLog
from painless.observe.requests import MOST_SERIES, Shown
from painless.observe.tally import Answered, Known, Tally

COME = 30.0  # Seconds until something is so; a fraction of one on a free machine.
LINES, HOSTS = (10_000_000, 1_000_000) if SOAK else (1_000_000, 100_000)
AHEAD = 16 << 20  # Bytes that may wait, so that none is dropped: the writer is faster than anybody reads.
MEMORY = 128 << 20  # Bytes of the process with as many series as there may be; twice what it takes.
HEALTH = Health(every=0.5, within=2.0, silent=2)  # A busy machine answers late, and is no hung process.
LINE = b'web.test\t200\tGET\t/\tshop/web\tshop.web.80\t-"100\t234\t0.003\t0.001\t0.002\t0.002\n'


class Nginx:
    """NGINX, as far as it opens its log."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOG
        self._file = self._path.open("ab", buffering=0)
        self.reopened = 0

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def reopen_logs(self) -> None:
        self._file.close()
        self._file = self._path.open("ab", buffering=0)
        self.reopened += 1

    def close(self) -> None:
        self._file.close()

    def open_files(self) -> frozenset[str]:
        return frozenset((str(self._path),))

    @property
    def room(self) -> int:
        return os.fstat(self._file.fileno()).st_blocks * 512


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    with closing(Nginx(tmp_path)) as one:
        yield one


@pytest_asyncio.fixture
async def counting(tmp_path: Path, nginx: Nginx, request: pytest.FixtureRequest) -> AsyncIterator[Counting]:
    shown: Shown = getattr(request, "param", Shown())
    shared.write_known(tmp_path, Known(frozenset({"web.test"}), frozenset({"shop/web"})))
    one = Counting(tmp_path, shown, nginx, RealClock(), HEALTH)
    task = asyncio.ensure_future(one.run(lambda: None))
    yield one
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await one.finish()


async def _page(counting: Counting) -> str:
    return b"".join([piece async for piece in counting.page()]).decode()


def _value(page: str, name: str) -> int:
    """Return a sample without labels; -1 when there is none."""
    found = [line.split()[-1] for line in page.splitlines() if line.startswith(f"{name} ")]
    return int(found[0]) if found else -1


async def _until_counted(counting: Counting, lines: int) -> str:
    async with asyncio.timeout(COME):
        while _value(page := await _page(counting), "painless_request_log_lines_total") != lines:
            await asyncio.sleep(0.05)
    return page


@pytest.mark.parametrize("counting", [Shown(per_undefined_host=True)], indirect=True)
@pytest.mark.timeout(1800 if SOAK else 120)
async def test_a_flood_of_hosts_is_counted_in_bounded_memory(counting: Counting, nginx: Nginx) -> None:
    """Each of a million requests, to a hundred thousand hosts that nobody has; beyond the ceiling as one."""
    await _until_counted(counting, 0)
    chance = random.Random(1)
    hosts = [f"{chance.randrange(1 << 60):x}.test".encode() for _ in range(HOSTS)]
    numbers = [b'-"%d\t%d\t0.%03d\t-\t-\t-\n' % (n % 900, n * 37 % 90_000, n % 1000) for n in range(1000)]
    lines = [host + b"\t404\tGET\t/\t-\t-\t" + numbers[at % 1000] for at, host in enumerate(hosts)]
    blocks = [b"".join(lines[at : at + 5000]) for at in range(0, HOSTS, 5000)]
    for block in blocks * (LINES // HOSTS):
        nginx.write(block)
        while nginx.room > AHEAD:
            await asyncio.sleep(0.01)
    page = await _until_counted(counting, LINES)
    assert (0, 0) == tuple(
        _value(page, f"painless_request_log_{one}_total") for one in ("malformed_lines", "dropped_bytes")
    )
    assert MOST_SERIES == _value(page, "painless_request_metrics_series")
    assert 0 < _value(page, "painless_request_metrics_folded_total") < LINES
    peak = next(line for line in _status(counting).splitlines() if line.startswith("VmHWM"))
    assert MEMORY > int(peak.split()[1]) * 1024


def _status(counting: Counting) -> str:
    assert counting.pid, "it runs"
    return Path(f"/proc/{counting.pid}/status").read_text()


async def test_one_that_hangs_is_replaced(counting: Counting, nginx: Nginx) -> None:
    """The next one counts what it has not."""
    nginx.write(LINE)
    await _until_counted(counting, 1)
    hung = counting.pid
    os.kill(hung, signal.SIGSTOP)
    nginx.write(LINE * 3)
    page = await _until_counted(counting, 3)
    assert 'namespace="shop",ingress="web"' in page
    assert hung != counting.pid


async def test_who_never_reads_an_answer_keeps_nobody_waiting(
    tmp_path: Path, counting: Counting, nginx: Nginx
) -> None:
    """Some answers at a time are begun, others are none; counting goes on."""
    nginx.write(LINE)
    await _until_counted(counting, 1)
    stalled = [
        await asyncio.open_unix_connection(tmp_path / shared.SOCKET, limit=1) for _ in range(AT_A_TIME)
    ]
    for _, writer in stalled:
        writer.write(shared.PAGE[:-1])
    async with asyncio.timeout(COME):
        while _value(await _page(counting), "painless_request_metrics_up") != 0:
            await asyncio.sleep(0.05)
    pieces = [one async for one in answer(tmp_path / shared.SOCKET, shared.ALIVE)]
    assert [shared.END] == pieces
    for _, writer in stalled:
        writer.close()
    nginx.write(LINE)
    await _until_counted(counting, 2)


def test_a_log_that_nobody_reads_is_begun_anew(tmp_path: Path, nginx: Nginx) -> None:
    nginx.write(LINE * 100_000)
    assert 0 == bounded(tmp_path / LOG, 64 << 20, nginx)
    lost = bounded(tmp_path / LOG, 1 << 20, nginx)
    assert (True, 1, 0) == (lost >= len(LINE) * 100_000, nginx.reopened, (tmp_path / LOG).stat().st_size)
    assert 0 == bounded(tmp_path / "none", 0, nginx)


async def test_without_holes_the_log_is_renamed_for_who_counts(tmp_path: Path, nginx: Nginx) -> None:
    """The process asks the controller for a new file, and hears when the old one is read to its end."""
    tally = Tally(Shown())
    log = AccessLog(tmp_path, tally, Apart(tmp_path), holes=False)
    controller = Counting(tmp_path, Shown(), nginx, RealClock())
    lines = RENAME_AT // len(LINE) + 1
    nginx.write(LINE * lines)
    log.carry()
    assert (True, True) == ((tmp_path / f"{LOG}{OLD}").exists(), (tmp_path / shared.REOPEN).exists())
    nginx.write(LINE)
    controller.look()
    nginx.write(LINE)
    deadline = time.monotonic() + COME
    while (tmp_path / f"{LOG}{OLD}").exists() and time.monotonic() < deadline:
        log.carry()
        controller.look()
    assert (lines + 2, 1, {LOG, shared.CLOSED}) == (
        tally.lines().counted,
        nginx.reopened,
        {one.name for one in tmp_path.iterdir()},
    )


async def test_what_exists_is_whole_or_nothing(tmp_path: Path) -> None:
    (tmp_path / shared.KNOWN).write_bytes(b'{"hosts": ["web.t')
    assert Known() == shared.read_known(tmp_path)
    known = Known(frozenset({"web.test"}), frozenset({"shop/web"}))
    before = shared.stamp(tmp_path)
    shared.write_known(tmp_path, known)
    assert (known, True) == (shared.read_known(tmp_path), before != shared.stamp(tmp_path))


async def test_who_looks_is_told_by_host(counting: Counting, nginx: Nginx) -> None:
    """And told so where nobody can say."""
    nginx.write(b'web.test\t503\tGET\t/\tshop/web\tshop.web.80\t-"1\t1\t0\t-\t-\t-\n' * 3)
    await _until_counted(counting, 3)
    assert {"web.test": Answered(3, 0, 3)} == await counting.by_host()
    (counting._folder / shared.SOCKET).unlink()
    assert await counting.by_host() is None
