"""The machine that is measured: what it is, and what a process of ours costs it.

Reads ``/proc`` and nothing else; a process that is gone counts nothing.
"""

import os
import platform
import re
import signal
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from painless.nginx.build import Build, spelled

_TICKS = os.sysconf("SC_CLK_TCK")
_USER, _SYSTEM = 11, 12  # Places in /proc/PID/stat behind the name.
_KIB = 1024
HALTED_WITHIN = 5.0  # Seconds for a signal to be acted on; microseconds on a free core.
LOOK_AGAIN = 0.001  # Seconds between two looks at that.


def described(build: Build) -> dict[str, str]:
    """Return what a reader needs to know before comparing with figures of his own."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": f"{len(cores())} cores",
        "load": f"load {os.getloadavg()[0]:.1f} at the start",
        "kernel": f"Linux {platform.release()}",
        "python": f"Python {platform.python_version()}",
        "nginx": f"NGINX {spelled(build.version)}",
    }


def cores() -> tuple[int, ...]:
    return tuple(sorted(os.sched_getaffinity(0)))


def two_cores() -> tuple[int | None, int | None]:
    """Return a core for what is measured and one for the rest; no choice on a machine with one."""
    found = cores()
    return (found[0], found[1]) if len(found) > 1 else (None, None)


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Have processes that are started meanwhile run on one core only; ``None`` leaves them free."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def halted(pids: Collection[int]) -> Iterator[None]:
    """Halt processes of ours, so that they do nothing beside what is measured."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        deadline = time.monotonic() + HALTED_WITHIN
        # A signal is acted on when its process is next given a core; until then it may still take work.
        while not all(_stat(pid).startswith("T") for pid in pids):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{pids} did not halt within {HALTED_WITHIN:.0f} s")
            time.sleep(LOOK_AGAIN)
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Return the processor time these processes have had so far."""
    total = 0
    for pid in pids:
        try:
            fields = _stat(pid).split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += int(fields[_USER]) + int(fields[_SYSTEM])
    return total / _TICKS


def bytes_written(pids: Iterable[int]) -> int:
    """Return what these processes have written so far, to files, sockets and logs alike."""
    texts = (Path(f"/proc/{pid}/io").read_text() for pid in pids)
    return sum(int(found[1]) for text in texts if (found := re.search(r"^wchar: (\d+)", text, re.MULTILINE)))


def memory_mib(pids: Iterable[int]) -> float:
    """Return the proportional set size: pages that processes share are counted once."""
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
        total += int(found[1]) if found else 0
    return total / _KIB


def _stat(pid: int) -> str:
    """Return what the kernel says of a process behind its name, the state first."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].lstrip()
