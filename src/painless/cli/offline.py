"""Commands on a folder of manifests, without NGINX running: render, plan, lint, version."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
from msgspec import structs

from painless import __version__, fallback
from painless.compiler import Compiled, compile_snapshot
from painless.compiler.options import RESOLVERS, Machine, Options
from painless.discovery.zone import answer
from painless.machine import WorkerUser
from painless.model.diagnostics import Diagnostic, Severity
from painless.model.objects import EndpointSlice, Object
from painless.model.snapshot import snapshot_of
from painless.nginx.build import FLOOR, spelled
from painless.nginx.generation import Generation, generation_id
from painless.nginxd import record
from painless.nginxd.find import find_nginx
from painless.plan.changes import Change, Effect, changes, effect
from painless.plan.difference import difference
from painless.sensitive import Sensitive
from painless.settings import Settings, SettingsError, nginx_variable
from painless.sources import Read, read_once, trusts_loopback
from painless.startup import build_of, options_of

_RECORD = "painless.json"
_COLOURS = {Severity.WARNING: "yellow", Severity.ERROR: "red", Severity.REJECTED: "red"}
_NEUTRAL = Machine(cpus=2)
"""What rendered files assume of the machine, so that they are equal on every one."""


def render(settings: Settings, out: Path) -> None:
    """Write the files of the generation that the manifests ask for."""
    try:
        _refuse_foreign(out)
        out.mkdir(parents=True, exist_ok=True)
        compiled, found = _compiled(settings, out)
        generation = compiled.generation
        _write(generation, out)
    except OSError as problem:
        raise SettingsError(f"--out: {out} cannot be written: {problem}") from problem
    lines = sum(text.count("\n") for text in generation.cold.values())
    click.echo(
        f"generation {generation.id}: {len(compiled.site.servers)} servers, "
        f"{len(compiled.site.every_upstream)} upstreams, {lines} lines in {out}"
    )
    if found:
        click.echo(f"{len(found)} findings; painless lint shows them", err=True)


def _refuse_foreign(out: Path) -> None:
    """Refuse a folder with other things in it: what is rendered replaces what was there."""
    if out.is_dir() and any(out.iterdir()) and not (out / _RECORD).exists():
        raise SettingsError(
            f"--out: found other files in {out}, expected an empty folder or one that painless render wrote"
        )


def _write(generation: Generation, out: Path) -> None:
    """Write a generation, and remove the hot files of the one before."""
    # First, since it says that the folder is ours.
    (out / _RECORD).write_bytes(record.encoded(generation))
    for name, text in generation.cold.items():
        (out / name).write_text(text)
    (out / "generation.conf").write_text(f"error_log {out.absolute()}/gen-{generation.id} emerg;\n")
    for path in _cold_files(out):
        if path.name not in generation.cold:
            path.unlink()
    kept = {out / "hot" / path for path in generation.hot}
    for path in _hot_files(out):
        if path not in kept:
            path.unlink()
    for name, content in generation.hot.items():
        _write_private(out / "hot" / name, content)


def plan(settings: Settings, against: Path, *, as_json: bool) -> None:
    """Compare what the manifests ask for with what ``render`` wrote."""
    show_plan(_rendered(against), _compiled(settings, against)[0].generation, as_json=as_json)


def show_plan(live: Generation, want: Generation, *, as_json: bool) -> None:
    """Show what it takes to come from one generation to the other."""
    what = effect(live, want)
    reasons = changes(live, want) if what is Effect.RELOAD else ()
    hot = sorted(path for path in {*live.hot, *want.hot} if live.hot.get(path) != want.hot.get(path))
    if as_json:
        shown = {
            "effect": what,
            "from": live.id,
            "to": want.id,
            "reasons": [_reason(one) for one in reasons],
            "hotFiles": hot,
            "diff": "".join(difference(live, want)),
        }
        click.echo(json.dumps(shown, indent=2))
        return
    click.echo(f"{what.upper()}: {_MEANING[what]}")
    for one in reasons:
        click.echo(f"  {one}")
    for path in hot:
        click.echo(f"  writes {path}")
    for line in difference(live, want):
        click.secho(line, nl=False, fg={"+": "green", "-": "red", "@": "cyan"}.get(line[0]))


_MEANING = {
    Effect.NONE: "nothing changes",
    Effect.LIVE: "takes effect without a reload",
    Effect.RELOAD: "NGINX has to load a new configuration",
}


def lint(settings: Settings, *, as_json: bool) -> int:
    """Show all findings; return the exit status."""
    _, found = _compiled(settings, None)
    if as_json:
        click.echo(json.dumps([_finding(one) for one in found], indent=2))
    else:
        for one in found:
            _show(one)
        click.echo(_summary(found))
    if any(one.severity is not Severity.WARNING for one in found):
        return 2
    return 1 if found else 0


def version(nginx: str, *, as_json: bool) -> None:
    """Show ours and NGINX's."""
    build = find_nginx(nginx, nginx_variable())
    if as_json:
        about = {
            "version": spelled(build.version),
            "path": build.path,
            "why": build.why,
            "floor": spelled(FLOOR),
        }
        click.echo(json.dumps({"painless": __version__, "nginx": about}, indent=2))
        return
    click.echo(f"painless {__version__}")
    click.echo(f"nginx {spelled(build.version)} at {build.path}: {build.why}")


def _compiled(settings: Settings, out: Path | None) -> tuple[Compiled, tuple[Diagnostic, ...]]:
    return compiled_of(settings, out, read_once(settings))


def compiled_of(settings: Settings, out: Path | None, read: Read) -> tuple[Compiled, tuple[Diagnostic, ...]]:
    """Compile objects as if the state directory were ``out``, and collect all findings."""
    options = structs.replace(options_for(settings, out), read_classes=read.classes)
    compiled = compile_snapshot(snapshot_of(read.objects), options)
    about_endpoints = _about_endpoints(compiled, read.objects, allow_loopback=trusts_loopback(settings))
    found = {*read.diagnostics, *compiled.diagnostics, *about_endpoints}
    return compiled, tuple(sorted(found))


def options_for(settings: Settings, out: Path | None) -> Options:
    """Return the options as if the state directory were ``out``, on a machine that is nobody's."""
    return options_of(
        settings,
        build_of(settings),
        state=out.absolute() if out else None,
        machine=_NEUTRAL,
        user=WorkerUser(),
        resolvers=RESOLVERS,
    )


def _about_endpoints(
    compiled: Compiled, objects: tuple[Object, ...], *, allow_loopback: bool
) -> Iterator[Diagnostic]:
    slices: dict[tuple[str, str], list[EndpointSlice]] = {}
    for one in objects:
        if isinstance(one, EndpointSlice):
            slices.setdefault((one.namespace, one.service), []).append(one)
    for upstream in compiled.site.every_upstream:
        own = slices.get((upstream.namespace, upstream.service), [])
        yield from answer(upstream, own, allow_loopback=allow_loopback)[1]


def _rendered(folder: Path) -> Generation:
    try:
        about = record.decoded((folder / _RECORD).read_bytes())
    except FileNotFoundError as cause:
        raise SettingsError(f"--against: {folder} was not written by painless render -o {folder}") from cause
    if about is None:
        raise SettingsError(f"--against: {folder} was rendered by another version; render it again")
    cold = {one.name: one.read_text() for one in _cold_files(folder)}
    hot = {str(one.relative_to(folder / "hot")): Sensitive(one.read_bytes()) for one in _hot_files(folder)}
    return record.restored(about, generation_id(cold), cold, hot)


def _cold_files(folder: Path) -> list[Path]:
    """Return the files of a generation that lie in a folder, without what else is kept there."""
    found = (*folder.glob("*.conf"), *folder.glob("*.pem"))
    return sorted(one for one in found if one.name not in {"generation.conf", fallback.FILE})


def _hot_files(folder: Path) -> list[Path]:
    return [one for one in (folder / "hot").rglob("*") if one.is_file()]


def _write_private(path: Path, content: Sensitive) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content.reveal())


def _reason(one: Change) -> Mapping[str, Any]:
    about = {"kind": one.ref.kind, "namespace": one.ref.namespace, "name": one.ref.name} if one.ref else None
    return {"change": one.kind, "object": about, "field": one.field}


def _finding(one: Diagnostic) -> Mapping[str, Any]:
    return {
        "severity": one.severity,
        "reason": one.reason,
        "kind": one.about.kind,
        "namespace": one.about.namespace,
        "name": one.about.name,
        "field": one.field,
        "says": one.says,
        "hint": one.hint,
    }


def _show(one: Diagnostic) -> None:
    click.secho(f"{one.severity:8} ", fg=_COLOURS[one.severity], nl=False)
    click.secho(f"{one.about}  {one.field}", bold=True)
    click.echo(f"         {one.says}")
    click.echo(f"         {one.hint + ' ' if one.hint else ''}[{one.reason}]")


def _summary(found: tuple[Diagnostic, ...]) -> str:
    if not found:
        return "nothing found"
    warnings = sum(one.severity is Severity.WARNING for one in found)
    return f"{len(found) - warnings} errors, {warnings} warnings"
