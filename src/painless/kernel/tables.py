"""What the kernel counts for the machine or the namespace: packets, connections, pages, pressure.

What is not there, or not for us to read, is ``None``, never zero.
"""

import re
from pathlib import Path

_PROC = Path("/proc")
_PRESSURE = re.compile(r"^(some|full) avg10=\S+ avg60=(\d+\.\d+)", re.MULTILINE)
_PAGES = re.compile(r"^TCP: .*\bmem (\d+)", re.MULTILINE)
_SHARED = "entries"  # The whole table's, repeated for each CPU.


def softnet(proc: Path = _PROC) -> dict[str, int] | None:
    """Return how many packets all CPUs did not take in time, and how often they ran out of it."""
    try:
        lines = [line.split() for line in (_text(proc / "net/softnet_stat") or "").splitlines()]
        sums = [sum(int(one[column], 16) for one in lines) for column in (1, 2)]
    except (ValueError, IndexError):
        return None
    return {"dropped": sums[0], "squeezed": sums[1]} if lines else None


def conntrack_counters(proc: Path = _PROC) -> dict[str, int] | None:
    """Return the counters of connection tracking, of all CPUs together."""
    lines = [line.split() for line in (_text(proc / "net/stat/nf_conntrack") or "").splitlines()]
    if not lines:
        return None
    names, rows = lines[0], [one for one in lines[1:] if len(one) == len(lines[0])]
    try:
        return {
            name: sum(int(one[at], 16) for one in rows) for at, name in enumerate(names) if name != _SHARED
        }
    except ValueError:
        return None


def tcp_pages(proc: Path = _PROC) -> int | None:
    """Return how many pages the sockets of the whole machine hold."""
    found = _PAGES.search(_text(proc / "net/sockstat") or "")
    return int(found[1]) if found else None


def pressure(file: Path) -> dict[str, float] | None:
    """Return the parts of the last minute, in percent, in which ``some`` waited, and all (``full``)."""
    text = _text(file)
    found = dict(_PRESSURE.findall(text)) if text else {}
    return {name: float(value) for name, value in found.items()} or None


def _text(file: Path) -> str | None:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return None
