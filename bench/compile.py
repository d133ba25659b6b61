"""The compiler alone: how long, how much processor time and memory, how large the files.

A first compile is what a start costs, one more Ingress what each change of routing costs, one changed
endpoint what a pod that comes or goes costs.  The measuring is done in fresh processes (bench.compiling).
"""

import subprocess
import sys
from collections.abc import Iterable

import msgspec

from bench.cluster import Layout
from bench.compiling import CHANGES, Cost, Whole
from bench.figures import Goal, Row, Run, middle, most
from bench.running import BenchError

SIZES = (100, 1_000, 3_000, 5_000)
RUNS = 5
WITHIN = 120.0  # Seconds for one process; ten are usual at the largest size.
GOALS = {(5_000, Layout.HOST): (most(2, "median"),)}
"""Of a first compile, in processor time."""

_KB = 1000
_MICROSECONDS = 1_000_000


def measure(run: Run) -> tuple[Row, ...]:
    sizes = run.sizes or SIZES
    return tuple(row for layout in Layout for size in sizes for row in _measured(run, size, layout))


def _measured(run: Run, size: int, layout: Layout) -> tuple[Row, ...]:
    runs: list[Whole] = []
    for at in range(RUNS):
        run.say(f"compile: {size:,} Ingresses, {layout}, run {at + 1} of {RUNS}")
        runs.append(msgspec.json.decode(_fresh(size, layout), type=Whole))
    name = f"{size:,} Ingresses, {layout}"
    first = runs[0]
    return (
        _cpu(f"{name}: first compile", [one.full for one in runs], GOALS.get((size, layout), ())),
        _cpu(f"{name}: one more Ingress", [one.more for one in runs]),
        Row(
            what=f"{name}: one changed endpoint, CPU",
            values=tuple(_MICROSECONDS * one.endpoint.cpu for one in runs),
            unit="µs",
            beside=f"from the object to the message for the responder; mean of {CHANGES:,}",
        ),
        Row(
            what=f"{name}: peak memory",
            values=tuple(one.peak_memory for one in runs),
            unit="MiB",
            beside=f"{first.objects_memory:.0f} MiB before compiling; "
            f"files {first.size / _KB:,.0f} kB, {first.lines:,} lines",
        ),
    )


def _cpu(what: str, costs: Iterable[Cost], goals: tuple[Goal, ...] = ()) -> Row:
    """Processor time is the figure, since it hardly depends on what else runs; the clock stands beside it."""
    each = tuple(costs)
    beside = f"by the clock {middle(one.wall for one in each)} s"
    return Row(what=f"{what}, CPU", values=tuple(one.cpu for one in each), goals=goals, beside=beside)


def _fresh(size: int, layout: Layout) -> bytes:
    command = [sys.executable, "-m", "bench.compiling", str(size), layout.name]
    try:
        return subprocess.run(command, capture_output=True, timeout=WITHIN, check=True).stdout
    except subprocess.CalledProcessError as cause:
        raise BenchError(f"{' '.join(command[1:])} failed:\n{cause.stderr.decode()}") from cause
    except subprocess.TimeoutExpired as cause:
        raise BenchError(f"{' '.join(command[1:])} did not end within {WITHIN:.0f} s") from cause
