"""What the kernel counts in this network namespace, and what it grants."""

from pathlib import Path

NETSTAT = Path("/proc/self/net/netstat")
SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def overflows() -> int:
    """Return how many packets found an accept queue full."""
    return _counter("ListenOverflows")


def knocked_again() -> int:
    """Return how often somebody who wants to connect had no answer, and tried again."""
    return _counter("TCPSynRetrans")


def grant(backlog: int) -> None:
    """Have no accept queue of this network namespace be longer."""
    SOMAXCONN.write_text(str(backlog))


def _counter(name: str) -> int:
    names, values = (
        line.split()[1:] for line in NETSTAT.read_text().splitlines() if line.startswith("TcpExt:")
    )
    return int(dict(zip(names, values, strict=True))[name])
