"""``painless migrate``: reads a folder or a cluster, and writes the report that ``painless.migrate`` makes.

The old controller's own flags decide which objects count, unless the command line says otherwise.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from msgspec import Struct, structs
from rich.console import Console

from painless.cli.flags import settings_of
from painless.cli.offline import compiled_of
from painless.folder.others import read_tree
from painless.kube.errors import ApiError
from painless.migrate import asjson, page, terminal
from painless.migrate.assemble import Facts, Helm, report
from painless.migrate.assumed import assume
from painless.migrate.picture import TRUE
from painless.migrate.report import Report
from painless.migrate.workload import KINDS, Asked, Workload, find
from painless.model.objects import ConfigMap, Object, Secret
from painless.model.snapshot import snapshot_of
from painless.settings import Settings, SettingsError
from painless.sources import read_once, read_workloads

TAKEN = (
    *("annotations-prefix", "configmap", "controller-class", "default-backend-service"),
    *("default-ssl-certificate", "disable-catch-all", "disable-svc-external-name"),
    *("enable-ssl-passthrough", "ingress-class", "ingress-class-by-name", "tcp-services-configmap"),
    *("udp-services-configmap", "watch-ingress-without-class"),
)
"""Flags of the old controller that decide what is served; where it listens is its own business."""

_USUAL = "ingress-nginx-controller"
"""What the ConfigMap is called by ingress-nginx's chart and manifests."""

_COLUMNS = 100  # Where there is no terminal.

_VALUES = "controller.config"
"""Where the chart's values have the keys of the ConfigMap."""


class Asking(Struct, frozen=True):
    """What the command line says: settings, values of the chart, and where the report goes."""

    flags: dict[str, Any]
    values: Path | None = None
    html: Path | None = None
    as_json: bool = False


def migrate(context: click.Context, asking: Asking) -> int:
    """Write the report; return the exit status."""
    found = _report(context, asking)
    if asking.html:
        _write(asking.html, page.rendered(found))
    if asking.as_json:
        click.echo(asjson.encoded(found).decode())
    else:
        _print(found)
    if asking.html:
        click.echo(f"the page is in {asking.html}", err=True)
    return found.exit_status


def _report(context: click.Context, asking: Asking) -> Report:
    with _progress() as say:
        say("reading")
        settings = settings_of(asking.flags)
        workloads, notes = _workloads(settings)
        settings = _with_flags(context, asking.flags, workloads[:1])
        helm = _helm(asking.values)
        read = read_once(settings)
        settings = _with_configmap(settings, read.objects)
        objects, asked = _with_values(read.objects, settings, helm)
        secrets = settings.source is None or any(isinstance(one, Secret) for one in objects)
        if settings.source is not None:
            objects, more = assume(objects, asked)
            notes = (*notes, *more)
        say(f"compiling {len(objects):,} objects")
        settings = structs.replace(settings, configmap=asked.configmap)
        compiled, diagnostics = compiled_of(settings, None, structs.replace(read, objects=objects))
        say("comparing")
        facts = Facts(
            source=str(settings.source or "the cluster"),
            snapshot=snapshot_of(objects),
            asked=asked,
            compiled=compiled,
            found=diagnostics,
            workloads=workloads,
            helm=helm,
            notes=notes,
            secrets=secrets,
        )
        return report(facts)


def _workloads(settings: Settings) -> tuple[tuple[Workload, ...], tuple[str, ...]]:
    """Return the old controllers, and what could not be read of them: the report can do without."""
    trees: list[object] = []
    notes: list[str] = []
    for kind in KINDS:
        try:
            trees.extend(read_workloads(settings, kind))
        except ApiError as refused:
            notes.append(f"No {kind} was looked at for the old controller's flags: {refused}.")
    return find(trees), tuple(notes)


def _with_flags(
    context: click.Context, flags: Mapping[str, Any], workloads: tuple[Workload, ...]
) -> Settings:
    """Return the settings with the old controller's flags where the command line has none."""
    taken = dict(flags)
    for workload in workloads:
        for name in TAKEN:
            at = name.replace("-", "_")
            if name in workload.flags and context.get_parameter_source(at) is ParameterSource.DEFAULT:
                value = workload.flags[name]
                taken[at] = value in TRUE if isinstance(flags[at], bool) else value
    return settings_of(taken)


def _with_configmap(settings: Settings, objects: tuple[Object, ...]) -> Settings:
    """Return the settings with the usual ConfigMap where nobody names one and a folder has it."""
    if settings.configmap or settings.source is None:
        return settings
    names = [
        (one.namespace, one.name) for one in objects if isinstance(one, ConfigMap) and one.name == _USUAL
    ]
    return structs.replace(settings, configmap=names[0]) if len(names) == 1 else settings


def _with_values(
    objects: tuple[Object, ...], settings: Settings, helm: Helm
) -> tuple[tuple[Object, ...], Asked]:
    """Return the objects, with the ConfigMap that the chart's values would make where none is there."""
    asked = Asked(
        settings.annotations_prefix, settings.ingress_class, settings.controller_class, settings.configmap
    )
    controller = helm.given.get("controller")
    config = controller.get("config") if isinstance(controller, Mapping) else None
    there = {(one.namespace, one.name) for one in objects if isinstance(one, ConfigMap)}
    if asked.configmap in there or not isinstance(config, Mapping):
        return objects, asked
    data = tuple(sorted((str(key), _as_text(value)) for key, value in config.items()))
    name = asked.configmap or ("values", _VALUES)
    return (*objects, ConfigMap(*name, data)), structs.replace(asked, configmap=name)


def _as_text(value: object) -> str:
    """Return a value as the chart writes it into the ConfigMap."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _helm(path: Path | None) -> Helm:
    if path is None:
        return Helm()
    given = _tree(path.name, _bytes(path))
    if not isinstance(given, Mapping):
        raise SettingsError(
            f"--values: {path} holds no values, expected a map such as helm get values prints"
        )
    known, elsewhere = (_tree(name, _packaged(name)) for name in ("known.yaml", "elsewhere.yaml"))
    return Helm(given, known, elsewhere)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise SettingsError(f"--values: {path} cannot be read: {problem.strerror}") from problem


def _packaged(name: str) -> bytes:
    return files("painless.migrate").joinpath(name).read_bytes()


def _tree(name: str, data: bytes) -> Any:
    parsed = read_tree(name, data)
    for one in parsed.faults:
        raise SettingsError(f"--values: {name}:{one.line}:{one.column}: {one.says}")
    return parsed.documents[0].value if parsed.documents else {}


def _write(path: Path, text: str) -> None:
    """Write the page in one move: whoever has it open sees the old one or all of the new one."""
    try:
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
            file.write(text)
        Path(file.name).chmod(0o644)
        Path(file.name).replace(path)
    except OSError as problem:
        raise SettingsError(f"--html: {path} cannot be written: {problem.strerror}") from problem


def _print(found: Report) -> None:
    if _for_eyes():
        _show(Console(highlight=False), found)
        return
    # In a file or a pipe nobody needs the spaces that fill a line.
    console = Console(width=_COLUMNS, highlight=False, color_system=None)
    with console.capture() as text:
        _show(console, found)
    click.echo("\n".join(line.rstrip() for line in text.get().rstrip().splitlines()))


def _show(console: Console, found: Report) -> None:
    for part in terminal.rendered(found):
        console.print(part, soft_wrap=bool(getattr(part, "no_wrap", None)))


def _for_eyes() -> bool:
    return sys.stdout.isatty()


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Yield what tells whoever waits at a terminal what is being done."""
    console = Console(stderr=True)
    with console.status("") as status:
        yield status.update if console.is_terminal else _silent


def _silent(_: str) -> None:
    return None
