"""``python -m bench [PART…]``: measure, print one table, keep the samples in bench/results."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console

from bench.figures import Result, Row, Run, keep, table
from bench.machine import described
from bench.running import BenchError
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "endpoints": "an endpoint change until the new pod answers",
        "throughput": "requests a second beside a static configuration written by hand",
        "compile": "the compiler alone: everything, one more Ingress, one changed endpoint",
        "reload": "a burst of new Ingresses: reloads, and time until they are served",
        "storm": "a thousand changes in 100 s, and a WebSocket in each generation",
        "canary": "a hundred changes of a weight under load",
        "shapes": "shared server blocks beside one for each host: nginx -t, memory, a request",
        "migration": "painless migrate on a thousand varied Ingresses",
        "doctor": "painless doctor on a running controller and on 300,000 lines; looks beside a controller",
        "responder": "questions for 5,000 upstreams: answered, at what cost, noticed by whom",
        "admission": "verdicts of the webhook, and its memory under hostile bodies",
        "apiserver": "the whole program in a cluster: start, single changes, a storm of events, memory",
        "sampling": "looking at the workers each second: 10,000 connections that hold five generations",
        "generations": "memory of four old generations, beside a configuration of ingress-nginx's shape",
        "live": "the whole program: start, one more Ingress, one changed endpoint, memory",
    }
)
"""In order of how long a reader can bear to wait for the first figure."""

WIDTH = 140  # Columns where there is no terminal: enough for the longest line.
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    wanted, given = _arguments()
    console = Console(stderr=True)
    began = time.monotonic()
    machine = described(find_nginx("", nginx_variable()))
    parts: dict[str, tuple[Row, ...]] = {}
    with console.status("") as status:
        run = Run(status.update if console.is_terminal else lambda _: None, **given)
        for name in wanted:
            console.print(f"[dim]{time.monotonic() - began:6.0f} s  {name}: {PARTS[name]}")
            # What one part cannot measure another one may.
            try:
                parts[name] = _part(name)(run)
            except* BenchError as problems:
                console.print(f"bench: {problems.exceptions[0]}", markup=False, highlight=False)
    if not parts:
        return 1
    result = Result(machine=machine, seconds=time.monotonic() - began, parts=parts)
    # In a file or a pipe there is no width to keep to.
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table(result))
    name = f"{time.strftime('%Y-%m-%dT%H-%M-%S')}-{'-'.join(parts) if len(parts) == 1 else 'bench'}"
    console.print(f"[dim]{result.seconds:.0f} s; samples in {keep(result, RESULTS, name)}")
    return int(len(parts) < len(set(wanted)))


def _part(name: str) -> Callable[[Run], tuple[Row, ...]]:
    # Imported when it is its turn: one part can be run where another one's needs are not met.
    measure: Callable[[Run], tuple[Row, ...]] = import_module(f"bench.{name}").measure
    return measure


def _arguments() -> tuple[tuple[str, ...], dict[str, Any]]:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Painless on this machine.")
    listed = "; ".join(f"{name}: {what}" for name, what in PARTS.items())
    parser.add_argument("part", nargs="*", metavar="PART", help=f"all when none is named. {listed}")
    parser.add_argument(
        "--size", type=int, action="append", default=[], help="Ingresses, in place of a part's own sizes"
    )
    parser.add_argument("--changes", type=int, default=0, help="changes of a storm, in place of 1,000")
    parser.add_argument("--seconds", type=float, default=0.0, help="seconds of a storm, in place of 100")
    given = parser.parse_args()
    wanted: list[str] = given.part
    for one in wanted:
        if one not in PARTS:
            parser.error(f"found the part {one}, expected some of {', '.join(PARTS)}")
    run = {"sizes": tuple(given.size), "changes": given.changes, "seconds": given.seconds}
    return tuple(wanted) or tuple(PARTS), run


if __name__ == "__main__":
    raise SystemExit(main())
