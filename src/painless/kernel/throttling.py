"""How often a CPU quota ran out: the counters of cgroups, of both versions."""

from collections.abc import Iterable
from pathlib import Path


def quota_periods(folders: Iterable[Path]) -> tuple[tuple[int, int], ...]:
    """Return the periods so far and the throttled ones of each cgroup that has a quota."""
    found = (_periods(one / "cpu.stat") for one in folders)
    return tuple(one for one in found if one is not None and one[0] > 0)


def _periods(file: Path) -> tuple[int, int] | None:
    try:
        values = dict(line.split() for line in file.read_text().splitlines())
        return int(values["nr_periods"]), int(values["nr_throttled"])
    except (OSError, ValueError, KeyError):
        return None
