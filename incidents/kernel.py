"""What the kernel counts in this network namespace, and what it grants."""

from pathlib import Path

NETSTAT = Path("/proc/self/net/netstat")
SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def overflows() -> int:
    """Return how many connections found an accept queue full."""
    names, values = (
        line.split()[1:] for line in NETSTAT.read_text().splitlines() if line.startswith("TcpExt:")
    )
    return int(dict(zip(names, values, strict=True))["ListenOverflows"])


def grant(backlog: int) -> None:
    """Have no accept queue of this network namespace be longer."""
    SOMAXCONN.write_text(str(backlog))
