"""Flags of the commands that measure: where measurements and objects come from."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from msgspec import Struct

from painless.cli.flags import Command, option


class Sources(Struct, frozen=True, kw_only=True):
    """Where measurements and objects come from, as the command line has it."""

    metrics: tuple[str, ...] = ()
    seconds: float = 10.0
    prometheus: str = ""
    window: str = "7d"
    match: str = ""
    source: Path | None = None
    hpa: tuple[Path, ...] = ()


_MEASURING: tuple[Callable[[Command], Command], ...] = (
    click.option(
        "--metrics",
        multiple=True,
        metavar="FILE|URL",
        help="Page of metrics; given twice, the earlier and the later one "
        "(default: twice the page of the controller of this machine).",
    ),
    option("seconds", "Between two looks at a page.", default=10.0, type=click.FloatRange(0.1, 3600)),
    option("prometheus", "URL of a Prometheus to ask in place of a page.", default=""),
    option("window", "How far back it is asked.", default="7d"),
    option("match", "Labels of the controllers that are meant, as in PromQL.", default=""),
    option(
        "source",
        "Folder of manifests: autoscalers, Deployments, Ingresses, ConfigMap, Namespaces.",
        default=None,
        type=click.Path(path_type=Path),
    ),
    click.option(
        "--hpa",
        multiple=True,
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="The same from a file, as kubectl get -o yaml writes it; - for standard input; may be repeated.",
    ),
)


def measuring(command: Command) -> Command:
    """Give a command these flags."""
    for one in reversed(_MEASURING):
        command = one(command)
    return command


def sources_of(flags: dict[str, Any]) -> Sources:
    """Return what the command line says."""
    if flags["prometheus"] and flags["metrics"]:
        raise click.UsageError("expected one of --prometheus and --metrics")
    names = ("metrics", "seconds", "prometheus", "window", "match", "source", "hpa")
    return Sources(**{name: flags[name] for name in names})
