"""The machine as NGINX has it: sysctls of its network namespace, its cgroup, CPUs, and counters that move.

What cannot be read is a sentence in place of a value.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

from painless.doctor import sysctls
from painless.doctor.facts import (
    COUNTERS,
    CPUS,
    MEMORY,
    PACKETS,
    PRESSURE,
    QUOTA,
    SOCKETS,
    THROTTLED,
    TRACKED,
    TRACKING,
    Cpus,
    Fill,
    Memory,
    Pressure,
    Quota,
)
from painless.doctor.processes import Running
from painless.kernel import cgroup, memory, netstat, tables
from painless.kernel.throttling import quota_periods

T = TypeVar("T")

NUMBERS = (
    *(
        sysctls.SOMAXCONN,
        sysctls.SYN_BACKLOG,
        sysctls.COOKIES,
        sysctls.ABORT,
        sysctls.MIGRATE,
        sysctls.TIMESTAMPS,
    ),
    *(sysctls.RECYCLE, sysctls.IDLE_START, sysctls.LOWAT, sysctls.FIN),
    *(sysctls.BUCKETS, sysctls.ESTABLISHED, sysctls.CLOSE_WAIT),
)
_UNSEEN = "the cgroup of another container cannot be seen from here"
_PROC = Path("/proc")


class Read(Struct, Generic[T], frozen=True):
    """A value and where it was."""

    value: T
    source: str


Found = Read[object] | str
Counted = Read[dict[str, int]] | str


def settings(running: Running | None) -> dict[str, Found]:
    """Return all that stays as it is while we look."""
    found: dict[str, Found] = {name: _sysctl(name, running, int) for name in NUMBERS}
    found[sysctls.PORTS] = _sysctl(sysctls.PORTS, running, _range)
    found[sysctls.RESERVED] = _sysctl(sysctls.RESERVED, running, _ranges)
    found[TRACKED] = _tracked(running)
    found[SOCKETS] = _pages(running)
    found[CPUS] = _cpus(running)
    return found | cgroups(_folders("cpu", running), _folders("memory", running))


def counts(running: Running | None) -> dict[str, Counted]:
    """Return the counters as they stand now."""
    # Of another namespace this much is told below the process.
    proc = _PROC if running is None else _PROC / str(running.pid)
    tcp = netstat.tcp_counters(proc)
    softnet, tracking = tables.softnet(), tables.conntrack_counters(proc)
    return {
        COUNTERS: Read(tcp, str(proc / "net/netstat")) if tcp else f"{proc / 'net/netstat'} cannot be read",
        PACKETS: Read(softnet, "/proc/net/softnet_stat")
        if softnet
        else "/proc/net/softnet_stat cannot be read",
        TRACKING: Read(tracking, str(proc / "net/stat/nf_conntrack"))
        if tracking
        else "connections are not tracked here: there is no /proc/net/stat/nf_conntrack",
        THROTTLED: _periods(running),
    }


def _sysctl(name: str, running: Running | None, of: Callable[[str], object]) -> Found:
    if running is not None and not running.here:
        return f"{name}: NGINX is in another network namespace (nsenter -t {running.pid} -n)"
    text = netstat.sysctl(name)
    if text is None:
        return f"{name} is not there, or may not be read"
    try:
        # What is never set says so with all bits.
        return Read(of(text), f"sysctl {name}")
    except ValueError:
        return f'{name} has "{text[:40]}", which is not understood'


def _range(text: str) -> tuple[int, int]:
    low, high = text.split()
    return int(low), int(high)


def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    parts = (one.partition("-") for one in text.split(",") if one)
    return tuple((int(low), int(high or low)) for low, _, high in parts)


def _tracked(running: Running | None) -> Found:
    if running is not None and not running.here:
        return f"connections tracked: NGINX is in another network namespace (nsenter -t {running.pid} -n)"
    found = netstat.conntrack()
    if found is None:
        return "connections are not tracked here: there is no nf_conntrack_count"
    return Read(Fill(*found), "net.netfilter.nf_conntrack_count")


def _pages(running: Running | None) -> Found:
    proc = _PROC if running is None else _PROC / str(running.pid)
    pages, limits = tables.tcp_pages(proc), netstat.sysctl(sysctls.TCP_MEM)
    numbers = [int(one) for one in (limits or "").split() if one.isdecimal()]
    if pages is None or len(numbers) < 3:
        return f"{sysctls.TCP_MEM} is told on the node only"
    return Read((pages, numbers[1]), "/proc/net/sockstat and net.ipv4.tcp_mem")


def cgroups(cpus: tuple[Path, ...], bytes_: tuple[Path, ...]) -> dict[str, Found]:
    """Return what the cgroups in these folders have, of CPU and of memory, the own one first."""
    found: dict[str, Found] = {QUOTA: _UNSEEN, MEMORY: _UNSEEN}
    if cpus:
        quota = cgroup.cpu_quota(cpus)
        found[QUOTA] = quota.problem or Read(Quota(quota.value), quota.file or str(cpus[0]))
    if bytes_:
        use = memory.use(bytes_)
        together = _text(bytes_[0] / "memory.oom.group") == "1"
        found[MEMORY] = Read(Memory(use.limit, use.used, use.kills, together), str(bytes_[0]))
    found[PRESSURE] = _pressure(cpus[0] if cpus else Path("/none"))
    return found


def _folders(controller: str, running: Running | None) -> tuple[Path, ...]:
    return cgroup.folders(controller) if running is None else cgroup.seen(controller, running.pid)


def _cpus(running: Running | None) -> Found:
    pid = running.pid if running else os.getpid()
    try:
        allowed = len(os.sched_getaffinity(pid))
    except OSError:
        return f"process {pid} is gone"
    return Read(Cpus(allowed, os.cpu_count() or allowed), f"sched_getaffinity({pid})")


def _pressure(folder: Path) -> Found:
    for cpu, all_memory in (
        (folder / "cpu.pressure", folder / "memory.pressure"),
        (_PROC / "pressure/cpu", _PROC / "pressure/memory"),
    ):
        first, second = tables.pressure(cpu), tables.pressure(all_memory)
        if first and second:
            return Read(Pressure(first.get("some", 0.0), second.get("full", 0.0)), str(cpu))
    return "this kernel tells no pressure"


def _periods(running: Running | None) -> Counted:
    return periods(_folders("cpu", running))


def periods(folders: tuple[Path, ...]) -> Counted:
    """Return the periods of the quota that the cgroups in these folders have, and the throttled ones."""
    if not folders:
        return _UNSEEN
    found = quota_periods(folders)
    # Without a quota there are no periods in which it could run out.
    all_, throttled = max(found, key=lambda one: one[1], default=(0, 0))
    return Read({"periods": all_, "throttled": throttled}, str(folders[0] / "cpu.stat"))


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""
