"""What a key comes to, asked of the compiler: what its example writes, and whether a change reloads.

The example is compiled on a small site, alone and beside the examples of its family, with it and without it.
Where the example needs an object that this site has not, nothing is said.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

from painless.annotations.base import OURS, Key, Setting
from painless.compiler import Compiled, compile_snapshot
from painless.compiler.options import Options
from painless.features import FEATURES, Feature
from painless.model.diagnostics import Diagnostic, Severity
from painless.model.objects import (
    ConfigMap,
    Ingress,
    IngressClass,
    IngressTls,
    Path,
    PathType,
    Rule,
    Secret,
    Service,
    ServiceBackend,
    ServicePort,
)
from painless.model.snapshot import snapshot_of
from painless.nginx.build import FLOOR, Build
from painless.nginx.catalog import CATALOG
from painless.sensitive import Sensitive

_NAMESPACE = "default"
_HOST = "app.example"
_EVERY_MODULE = frozenset(one.needs for feature in FEATURES for one in feature.SETTINGS if one.needs)
_OPTIONS = Options(
    build=Build(max(FLOOR, (1, 31, 3)), _EVERY_MODULE, "nginx", ""),
    state="/var/lib/painless",
    fallback_certificate=Sensitive(b"certificate"),
    bind_addresses=("", "[::]"),
    configmap=(_NAMESPACE, "settings"),
    ssl_passthrough=True,
)

_NAME = re.compile(r"([a-z][a-z0-9-]*/)?[a-z][a-z0-9-]*")

Declared = Key[Any] | Setting[Any]
Given = tuple[tuple[str, str], ...]
"""Annotations or keys of the ConfigMap, with their values."""


class Effect(Struct, frozen=True):
    """The directives that a key writes, and whether NGINX loads when its value changes."""

    writes: tuple[str, ...]
    reloads: bool


def effect(feature: Feature, one: Declared) -> Effect | None:
    """Return what ``one`` of ``feature`` comes to; nothing where its example shows nothing."""
    for around in _contexts(feature, one):
        without, given = _compiled(one, around), _compiled(one, (*around, _pair(one)))
        if set(_errors(given)) - set(_errors(without)):
            continue
        writes = _directives(without, given)
        changed = _compiled(one, (*around, (one.name, _another(one.example))))
        hot = not given.generation.hot == without.generation.hot == changed.generation.hot
        if hot or given.generation.cold != without.generation.cold:
            return Effect(tuple(sorted(writes)), changed.generation.cold != given.generation.cold or not hot)
    return None


def _contexts(feature: Feature, one: Declared) -> Iterator[Given]:
    """Yield what to give beside ``one``: nothing, each other one of its family, all of them."""
    family: Iterable[Declared] = feature.KEYS if isinstance(one, Key) else feature.SETTINGS
    others = tuple(_pair(other) for other in family if other is not one)
    # A canary is an Ingress beside another one; what its family says is nothing without it.
    base = tuple(pair for pair in others if pair[0] == "canary")
    rest = tuple(pair for pair in others if pair not in base)
    yield base
    yield from ((*base, pair) for pair in rest)
    yield others


def _pair(one: Declared) -> tuple[str, str]:
    return one.name, one.example


def _another(example: str) -> str:
    """Return another value of the same kind, as far as that can be known."""
    if example.isascii() and example.isdigit():
        return str(int(example) + 1)
    return {"true": "false", "false": "true"}.get(example, "")


def _compiled(one: Declared, pairs: Given) -> Compiled:
    return _compile(isinstance(one, Key), tuple(sorted(pairs)))


@lru_cache(maxsize=4096)
def _compile(annotated: bool, pairs: Given) -> Compiled:  # noqa: FBT001
    return compile_snapshot(snapshot_of(_site(annotated, pairs)), _OPTIONS)


def _site(annotated: bool, pairs: Given) -> Iterable[Any]:  # noqa: FBT001
    prefix = _OPTIONS.annotations_prefix
    annotations = tuple((n if n.startswith(OURS) else f"{prefix}/{n}", v) for n, v in pairs if annotated)
    canary = any(name == "canary" for name, _ in pairs)
    yield IngressClass("nginx", _OPTIONS.controller_class)
    yield Service(_NAMESPACE, "web", cluster_ip="10.0.0.1", ports=(ServicePort(80, "http", 8080),))
    yield _ingress("web", 1.0, () if canary else annotations)
    if canary:
        yield Service(_NAMESPACE, "new", ports=(ServicePort(80, "http", 8080),))
        yield _ingress("new", 2.0, annotations)
    yield ConfigMap(_NAMESPACE, "settings", () if annotated else pairs)
    for _, value in pairs:
        # What an example may name: a file of passwords, headers, a Service.
        if _NAME.fullmatch(value):
            at = value.partition("/")[::2] if "/" in value else (_NAMESPACE, value)
            yield Secret(*at, data=(("auth", Sensitive(b"ann:$apr1$x$y")),))
            yield ConfigMap(*at, (("X-Example", "value"),))
            yield Service(*at, ports=(ServicePort(80, "http", 8080),))


def _ingress(name: str, created: float, annotations: Given) -> Ingress:
    path = Path("/app", PathType.PREFIX, ServiceBackend(name, 80))
    tls = (IngressTls((_HOST,), ""),)
    return Ingress(_NAMESPACE, name, created, annotations, "nginx", None, (Rule(_HOST, (path,)),), tls)


def _errors(compiled: Compiled) -> Iterator[Diagnostic]:
    return (one for one in compiled.diagnostics if one.severity is not Severity.WARNING)


def _directives(without: Compiled, given: Compiled) -> set[str]:
    """Return the directives that there are more of; if none, those of new lines, else of lines that go."""
    before, after = _lines(without), _lines(given)
    return set(_names(after) - _names(before) or _names(after - before) or _names(before - after))


def _lines(compiled: Compiled) -> Counter[str]:
    return Counter(line.strip() for text in compiled.generation.cold.values() for line in text.splitlines())


def _names(lines: Counter[str]) -> Counter[str]:
    """Return how often each directive stands there; entries of maps are none."""
    found: Counter[str] = Counter()
    for line, times in lines.items():
        name = line.partition(" ")[0].rstrip(";")
        if name in CATALOG and name != "default":
            found[name] += times
    return found
