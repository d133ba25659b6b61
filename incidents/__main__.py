"""``python -m incidents [LETTER…] [--full]``: replay outages, print what happened then and what now."""

import argparse
import signal
import sys
from pathlib import Path

import msgspec
from bench.running import BenchError, folder
from rich.console import Console

from incidents.every import REPLAYS, named
from incidents.harness import Place, inside, isolated
from incidents.report import Report, table

WIDTH = 120  # Columns where there is no terminal.


def main() -> int:
    given = _arguments()
    if given.inside:
        name, home = given.inside
        report = inside(named(name), Place(Path(home), given.full))
        sys.stdout.buffer.write(msgspec.json.encode(report))
        return 0
    # As with Ctrl-C: what was begun is ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    reports, failed = [], []
    told = Console(stderr=True)
    for name in given.replay or REPLAYS:
        told.print(f"[dim]({name}) {named(name).title}")
        try:
            reports.append(replayed(name, full=given.full))
        except BenchError as problem:
            told.print(f"incidents: {problem}", markup=False, highlight=False)
            failed.append(name)
    Console(width=None if sys.stdout.isatty() else WIDTH).print(table(reports, full=given.full))
    return int(bool(failed) or any(one.unshown(full=given.full) for one in reports))


def replayed(name: str, *, full: bool) -> Report:
    """Replay one incident, or say why it cannot be replayed here."""
    replay = named(name)
    title = f"({name}) {replay.title}"
    if why := replay.missing():
        return Report(title, missing=why)
    with folder() as home:
        report = isolated(name, home, full=full)
    return msgspec.structs.replace(report, title=title)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m incidents", description="Replay outages of 2017.")
    parser.add_argument(
        "replay", nargs="*", metavar="LETTER", help=f"of {', '.join(REPLAYS)}; all without any"
    )
    parser.add_argument(
        "--full", action="store_true", help="the long form, which is also judged by its figures"
    )
    parser.add_argument("--inside", nargs=2, metavar=("LETTER", "HOME"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    for one in given.replay:
        if one not in REPLAYS:
            parser.error(f"found the incident {one}, expected some of {', '.join(REPLAYS)}")
    return given


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    raise SystemExit(status)
