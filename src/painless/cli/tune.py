"""``painless tune``: shows the advice that ``painless.tune`` makes of measurements and objects.

Exit status 0 when nothing should change, 1 when something should, 2 when nothing could be measured.
"""

from collections.abc import Mapping
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from painless.advice.keepalive import APPLICATIONS, FLOWS, LOAD_BALANCERS
from painless.cli.measuring import Sources
from painless.cli.reading import measurements, read_objects, write
from painless.settings import SettingsError, object_name
from painless.tune import terminal
from painless.tune.advice import Told, World
from painless.tune.advise import advise
from painless.tune.files import files


class Chosen(Struct, frozen=True, kw_only=True):
    """What the command was told."""

    sources: Sources
    client: float | None
    balancer: str
    application: str
    configmap: str
    prefix: str
    output: str
    write: Path | None


def tune(chosen: Chosen) -> int:
    """Measure, show, and return the exit status."""
    told = Told(
        client=chosen.client,
        balancer=_idle("--load-balancer", chosen.balancer, LOAD_BALANCERS),
        flows=chosen.balancer in FLOWS,
        application=_idle("--application", chosen.application, APPLICATIONS),
        configmap=object_name("--configmap", chosen.configmap),
        prefix=chosen.prefix,
    )
    found = read_objects(chosen.sources)
    report = advise(World(measurements(chosen.sources), found, told))
    pastes = files(report, found, told)
    if chosen.write is not None:
        write(chosen.write, pastes)
    if chosen.output == "json":
        shown = {"report": report, "files": pastes}
        click.echo(msgspec.json.format(msgspec.json.encode(shown), indent=2).decode())
    else:
        for line in terminal.lines(report, pastes, written=chosen.write is not None):
            click.echo(line)
    return 1 if report.changes else 0


def _idle(flag: str, text: str, names: Mapping[str, float]) -> float | None:
    """Return how long somebody leaves a connection idle, by name or as seconds."""
    if not text:
        return None
    if text in names:
        return names[text]
    try:
        seconds = float(text.removesuffix("s"))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        expected = f"seconds or one of {', '.join(sorted(names))}"
        raise SettingsError(f'{flag}: found "{text}", expected {expected}')
    return seconds
