"""What the network namespace counts and how it is set: TCP's counters by name, sysctls, conntrack's fill.

A Pod has counters and sysctls of its own, which an exporter on the node never sees.  What is not there, or
not for us to read, is missing from what is returned, never zero.
"""

from collections.abc import Iterable
from pathlib import Path

COUNTERS = (
    *("ListenOverflows", "ListenDrops", "TCPReqQFullDrop", "TCPReqQFullDoCookies"),
    *("SyncookiesSent", "SyncookiesRecv", "SyncookiesFailed", "EmbryonicRsts"),
    *("TCPSynRetrans", "TCPTimeouts", "TCPAbortOnMemory", "TCPMemoryPressures", "TCPTimeWaitOverflow"),
    *("TCPRcvQDrop", "TCPBacklogDrop", "TCPMigrateReqSuccess", "TCPMigrateReqFailure"),
    *("ActiveOpens", "PassiveOpens", "AttemptFails", "EstabResets", "RetransSegs", "OutRsts"),
)
"""Of more than a hundred: those that say why a connection did not come about or did not last."""

SYSCTLS = (
    *("net.core.somaxconn", "net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_syncookies"),
    *("net.ipv4.tcp_abort_on_overflow", "net.ipv4.tcp_migrate_req", "net.ipv4.tcp_fin_timeout"),
    *("net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_max_tw_buckets"),
)
"""A new namespace has the kernel's values of these, whatever the node has been tuned to."""

_PROC = Path("/proc")
_CONNTRACK = "sys/net/netfilter/nf_conntrack"


def tcp_counters(proc: Path = _PROC) -> dict[str, int]:
    """Return the counters of this namespace that are worth keeping, by the kernel's names."""
    found = dict(_named(proc / "net/netstat", "TcpExt:")) | dict(_named(proc / "net/snmp", "Tcp:"))
    return {name: found[name] for name in COUNTERS if name in found}


def sysctls(proc: Path = _PROC) -> dict[str, int]:
    """Return how the namespace is set, with the range of ports of connections to pods as two numbers."""
    found = {name: _number(proc / "sys" / name.replace(".", "/")) for name in SYSCTLS}
    ports = local_ports(proc)
    if ports is not None:
        found |= {
            "net.ipv4.ip_local_port_range_low": ports[0],
            "net.ipv4.ip_local_port_range_high": ports[1],
        }
    return {name: value for name, value in found.items() if value is not None}


def local_ports(proc: Path = _PROC) -> tuple[int, int] | None:
    """Return the first and the last port that connections of ours may have."""
    try:
        low, high = (proc / "sys/net/ipv4/ip_local_port_range").read_text().split()
        return int(low), int(high)
    except (OSError, ValueError):
        return None


def conntrack(proc: Path = _PROC) -> tuple[int, int] | None:
    """Return how many connections the firewall follows in this namespace, and how many it may."""
    count, most = _number(proc / f"{_CONNTRACK}_count"), _number(proc / f"{_CONNTRACK}_max")
    return None if count is None or most is None else (count, most)


def sysctl(name: str, proc: Path = _PROC) -> str | None:
    """Return what a sysctl has, as the kernel writes it; ``None`` where there is none, or not for us."""
    try:
        return (proc / "sys" / name.replace(".", "/")).read_text().strip()
    except OSError:
        return None


def _named(path: Path, group: str) -> Iterable[tuple[str, int]]:
    """Return one group of a file of names and values, which are two lines; kernels add columns at will."""
    try:
        lines = [one for one in path.read_text().splitlines() if one.startswith(group)]
        names, values = (one.split()[1:] for one in lines[:2])
        return list(zip(names, map(int, values), strict=False))
    except (OSError, ValueError):
        return ()


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None
