"""What the kernel counts in this network namespace."""

from pathlib import Path

NETSTAT = Path("/proc/self/net/netstat")


def overflows() -> int:
    """Return how many connections found an accept queue full."""
    names, values = (
        line.split()[1:] for line in NETSTAT.read_text().splitlines() if line.startswith("TcpExt:")
    )
    return int(dict(zip(names, values, strict=True))["ListenOverflows"])
