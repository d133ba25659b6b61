"""The golden text of a case: what it adds to an empty site, its upstreams, and what its authors are told."""

from collections.abc import Iterable
from difflib import unified_diff
from textwrap import dedent

from msgspec import Struct
from tests.corpus.given import Given

from painless.compiler import Compiled, compile_snapshot, settings_for_all
from painless.compiler.lower import lower
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.discovery.zone import answer
from painless.model.diagnostics import Diagnostic
from painless.model.snapshot import Snapshot, snapshot_of
from painless.nginx.generation import MAIN, UPSTREAMS
from painless.nginx.printer import printed
from painless.nginx.tree import Directive, block


class Output(Struct, frozen=True):
    """What a case comes to: the tree, and the sections that are compared with the file."""

    compiled: Compiled
    tree: tuple[Directive, ...]
    sections: dict[str, str]


def output_of(given: Given, options: Options) -> Output:
    """Compile the objects and return what the case file should hold."""
    snapshot = snapshot_of(given.objects)
    compiled = compile_snapshot(snapshot, options)
    tree = _tree(compiled, snapshot, options)
    empty = _tree(compile_snapshot(Snapshot(), options), Snapshot(), options)
    found = {*given.diagnostics, *compiled.diagnostics, *_about_endpoints(compiled, given)}
    sections = {
        "main": compiled.generation.cold[MAIN],
        "nginx": _added(empty, tree),
        "upstreams": compiled.generation.cold[UPSTREAMS],
        "diagnostics": "".join(f"{_line(one)}\n" for one in sorted(found)),
    }
    return Output(compiled, tree, sections)


def difference(name: str, expected: str, actual: str) -> str:
    """Return the lines that differ, for people; empty when none do."""
    lines = unified_diff(
        expected.splitlines(), actual.splitlines(), f"{name} in the case file", f"{name} as compiled", n=3
    )
    return "\n".join(line.rstrip("\n") for line in lines)


def _tree(compiled: Compiled, snapshot: Snapshot, options: Options) -> tuple[Directive, ...]:
    config, _ = settings_for_all(snapshot, options)
    return lower(compiled.site, options, config, Memory()).tree


def _added(before: Iterable[Directive], after: Iterable[Directive]) -> str:
    """Return the directives of ``http`` that the case adds or changes, as they stand in the file."""
    known = _http(before)
    mine = tuple(one for one in _http(after) if one not in known)
    lines = printed((block("http", body=mine),)).text.splitlines()[1:-1]
    http = dedent("".join(f"{line}\n" for line in lines))
    passed_on = printed(tuple(one for one in after if one.name == "stream")).text
    return "\n".join(filter(None, (http, passed_on)))


def _http(tree: Iterable[Directive]) -> tuple[Directive, ...]:
    http = next(one for one in tree if one.name == "http")
    assert http.block is not None, "http is a block"
    return http.block


def _about_endpoints(compiled: Compiled, given: Given) -> Iterable[Diagnostic]:
    for upstream in compiled.site.every_upstream:
        yield from answer(upstream, given.slices, allow_loopback=True)[1]


def _line(one: Diagnostic) -> str:
    kind = "" if one.about.kind == "Ingress" else f"{one.about.kind} "
    name = f"{one.about.namespace}/{one.about.name}" if one.about.namespace else one.about.name
    hint = f" ({one.hint})" if one.hint else ""
    return f"{kind}{name}  {one.field}  {one.reason}  {one.severity}  {one.says}{hint}"
