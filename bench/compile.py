"""The compiler alone: how long, how much processor time and memory, how large the files.

A first compile is what a start costs; one more Ingress is what each change of routing costs.  The measuring
is done in fresh processes (bench.compiling); how the time is split between stages says where to look first.
"""

import subprocess
import sys

import msgspec

from bench.compiling import Whole
from bench.figures import Row, Say, middle
from bench.running import BenchError

SIZES = (100, 1_000, 5_000)
RUNS = 5
WITHIN = 60.0  # Seconds for one process; five are usual at the largest size.
_KB = 1000


def measure(say: Say) -> tuple[Row, ...]:
    return tuple(row for size in SIZES for row in _measured(say, size))


def _measured(say: Say, size: int) -> tuple[Row, ...]:
    runs: list[Whole] = []
    for at in range(RUNS):
        say(f"compile: {size:,} Ingresses, run {at + 1} of {RUNS}")
        runs.append(msgspec.json.decode(_fresh("whole", size), type=Whole))
    stages = msgspec.json.decode(_fresh("stages", size), type=dict[str, float])
    first = runs[0]
    split = ", ".join(f"{name} {1000 * seconds:,.0f} ms" for name, seconds in stages.items())
    return (
        Row(
            what=f"{size:,} Ingresses: first compile",
            values=tuple(one.full for one in runs),
            beside=f"CPU {middle(one.full_cpu for one in runs)} s; {split}",
        ),
        Row(
            what=f"{size:,} Ingresses: one more Ingress",
            values=tuple(one.more for one in runs),
            beside=f"CPU {middle(one.more_cpu for one in runs)} s",
        ),
        Row(
            what=f"{size:,} Ingresses: peak memory",
            values=tuple(one.peak_memory for one in runs),
            unit="MiB",
            beside=f"{first.objects_memory:.0f} MiB before compiling; "
            f"files {first.size / _KB:,.0f} kB, {first.lines:,} lines",
        ),
    )


def _fresh(what: str, size: int) -> bytes:
    command = [sys.executable, "-m", "bench.compiling", what, str(size)]
    try:
        return subprocess.run(command, capture_output=True, timeout=WITHIN, check=True).stdout
    except subprocess.CalledProcessError as cause:
        raise BenchError(f"{' '.join(command[1:])} failed:\n{cause.stderr.decode()}") from cause
    except subprocess.TimeoutExpired as cause:
        raise BenchError(f"{' '.join(command[1:])} did not end within {WITHIN:.0f} s") from cause
