"""``painless split``: shows which Ingresses should move to another class, and how.

Exit status 0 when nothing would be better, 1 when something would, 2 when it could not be decided.
"""

from pathlib import Path

import click
import msgspec
from msgspec import Struct

from painless.cli.measuring import Sources
from painless.cli.reading import NotReadable, measurements, read_objects, write
from painless.tune import plans
from painless.tune.classes import Target, planned


class Chosen(Struct, frozen=True):
    """What the command was told."""

    sources: Sources
    target: Target
    output: str
    write: Path | None


def split(chosen: Chosen) -> int:
    """Measure, decide, show, and return the exit status."""
    objects = read_objects(chosen.sources)
    if not objects.ingresses:
        raise NotReadable(
            "no Ingress was read: --source names a folder, --hpa what kubectl get -o yaml wrote"
        )
    plan = planned(measurements(chosen.sources), objects, chosen.target)
    if chosen.write is not None:
        write(chosen.write, plan.files)
    if chosen.output == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(plan), indent=2).decode())
    else:
        for line in plans.lines(plan, written=chosen.write is not None):
            click.echo(line)
    return 1 if plan.moves else 0
