"""A container as far as these replays need one: a cgroup with limits, which those in it see as all there is.

Version 1 and 2 of cgroups.  A process in it has mount and cgroup namespaces of its own, where
``/sys/fs/cgroup`` is its own cgroup, as container runtimes arrange it.
"""

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path("/sys/fs/cgroup")
UNIFIED = (ROOT / "cgroup.controllers").exists()
CONTROLLERS = ("cpu", "memory")
PREFIX = "painless-incident-"
PERIOD = 100_000  # Microseconds in which a quota is spent: the kubelet's, and the kernel's own.
GONE_WITHIN = 5.0  # Seconds until a killed process has left its cgroup.
LOOK_AGAIN = 0.02
MIB = 1 << 20

_ENTER = """
count=$1; shift
for each in $(seq "$count"); do echo 0 >"$1/cgroup.procs" || exit 9; shift; done
exec unshare --mount --cgroup --propagation private sh -c "$BIND" sh "$@"
"""
_BIND = """
count=$1; shift
for each in $(seq "$count"); do mount --bind "$1" "$2" || exit 9; shift 2; done
exec "$@"
"""


class Container:
    """A cgroup of that name while it is entered; ``cpus`` and ``memory`` (MiB) are its limits."""

    def __init__(self, name: str, *, cpus: float | None = None, memory: int | None = None) -> None:
        full = f"{PREFIX}{os.environ.get(OWNER, str(os.getpid()))}-{name}"
        self._folders = {one: _home(one) / full for one in CONTROLLERS}
        self._cpus = cpus
        self._memory = memory

    def __enter__(self) -> Self:
        for folder in self._folders.values():
            folder.mkdir(exist_ok=True)
        if self._cpus is not None:
            quota = int(self._cpus * PERIOD)
            self._write("cpu", "cpu.max", f"{quota} {PERIOD}", "cpu.cfs_quota_us", str(quota))
        if self._memory is not None:
            self.limit_memory(self._memory)
            if UNIFIED:
                with suppress(OSError):
                    (self._folders["memory"] / "memory.swap.max").write_text("0")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for folder in self._folders.values():
            remove(folder)

    def limit_memory(self, mebibytes: float) -> None:
        """Have so much memory from now on, as when a container is resized in place."""
        limit = str(int(mebibytes * MIB))
        self._write("memory", "memory.max", limit, "memory.limit_in_bytes", limit)

    @property
    def within(self) -> tuple[str, ...]:
        """The command that runs another one in here."""
        folders = tuple(dict.fromkeys(str(one) for one in self._folders.values()))
        binds = tuple(
            dict.fromkeys((str(folder), str(_home(name))) for name, folder in self._folders.items())
        )
        enter = ("env", f"BIND={_BIND}", "sh", "-c", _ENTER, "sh", str(len(folders)), *folders)
        return (*enter, str(len(binds)), *(word for pair in binds for word in pair))

    @property
    def throttled(self) -> float:
        """Seconds that processes in here had something to do and were not let, all together."""
        found = self._stat("cpu", "cpu.stat")
        return found["throttled_usec"] / 1e6 if UNIFIED else found["throttled_time"] / 1e9

    @property
    def memory(self) -> float:
        """The memory that is taken in here, in MiB."""
        name = "memory.current" if UNIFIED else "memory.usage_in_bytes"
        return int((self._folders["memory"] / name).read_text()) / MIB

    @property
    def memory_peak(self) -> float:
        """The most memory that was ever taken in here, in MiB."""
        name = "memory.peak" if UNIFIED else "memory.max_usage_in_bytes"
        return int((self._folders["memory"] / name).read_text()) / MIB

    @property
    def killed(self) -> int:
        """How many processes the kernel has killed in here for want of memory."""
        return self._stat("memory", "memory.events" if UNIFIED else "memory.oom_control")["oom_kill"]

    def _write(self, controller: str, unified: str, value: str, older: str, older_value: str) -> None:
        name, text = (unified, value) if UNIFIED else (older, older_value)
        (self._folders[controller] / name).write_text(text)

    def _stat(self, controller: str, name: str) -> dict[str, int]:
        text = (self._folders[controller] / name).read_text()
        return {key: int(value) for key, value in re.findall(r"^(\S+) (\d+)$", text, re.MULTILINE)}


OWNER = "PAINLESS_INCIDENT"
"""The variable with the pid of whoever removes what is left."""


def missing() -> str:
    """Return what is not there to make containers with; nothing when all is."""
    if os.geteuid() != 0:
        return "making cgroups takes root"
    if UNIFIED:
        given = (ROOT / "cgroup.subtree_control").read_text().split()
        lacking = [one for one in CONTROLLERS if one not in given]
        return f"{ROOT}/cgroup.subtree_control does not give {' and '.join(lacking)}" if lacking else ""
    lacking = [one for one in CONTROLLERS if not os.access(_home(one) / "cgroup.procs", os.W_OK)]
    return f"no writable cgroup of {' and '.join(lacking)} below {ROOT}" if lacking else ""


def sweep(owner: int) -> None:
    """Remove the cgroups of an owner, and of owners that are no more."""
    for folder in _all():
        pid = int(folder.name.removeprefix(PREFIX).partition("-")[0])
        if pid == owner or not Path(f"/proc/{pid}").exists():
            remove(folder)


def remove(folder: Path) -> None:
    """End whoever is left in a cgroup, as a container's end does, and remove it."""
    deadline = time.monotonic() + GONE_WITHIN
    while folder.exists():
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > deadline:
                raise
            for pid in map(int, (folder / "cgroup.procs").read_text().split()):
                # 0 is a process that cannot be seen from here, and to kill it would be to kill us.
                if pid:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(LOOK_AGAIN)


def _all() -> Iterator[Path]:
    for home in {_home(one) for one in CONTROLLERS}:
        if home.is_dir():
            yield from home.glob(f"{PREFIX}*")


def _home(controller: str) -> Path:
    return ROOT if UNIFIED else ROOT / controller
