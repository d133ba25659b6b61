"""From one tree to one object, by its kind; also what to say of kinds that nobody reads."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Object, ObjectRef
from painless.wire.core import configmap, endpoint_slice, secret, service
from painless.wire.ingress import ingress, ingress_class
from painless.wire.meta import Metadata, metadata_of, ref_of
from painless.wire.report import Report

NESTING = 10
"""How deep lists of lists are followed: nobody nests them at all."""

_Decoder = Callable[[Mapping[str, Any], Metadata, Report], Object | None]

_DECODERS: Mapping[str, tuple[str, _Decoder]] = {
    "ConfigMap": ("v1", configmap),
    "EndpointSlice": ("discovery.k8s.io/v1", endpoint_slice),
    "Ingress": ("networking.k8s.io/v1", ingress),
    "IngressClass": ("networking.k8s.io/v1", ingress_class),
    "Secret": ("v1", secret),
    "Service": ("v1", service),
}

# Versions the API server no longer has, whose authors mean the object that we read.
_GONE = (
    "extensions/v1beta1",
    "networking.k8s.io/v1beta1",
    "discovery.k8s.io/v1beta1",
    "discovery.k8s.io/v1alpha1",
)


class Decoded(Struct, frozen=True):
    """An object, or ``None`` when nothing of it can be used, and what was wrong with it."""

    object: Object | None
    diagnostics: tuple[Diagnostic, ...] = ()


def decode_all(raw: Mapping[str, Any]) -> tuple[Decoded, ...]:
    """Decode one object, or each item of a ``List``."""
    return tuple(_decoded(raw, 0))


def decode_object(raw: Mapping[str, Any]) -> Decoded:
    """Decode one object that is not a list; whatever the tree holds, this does not raise."""
    kind, version = raw.get("kind"), raw.get("apiVersion")
    if not isinstance(kind, str) or not kind:
        return _rejected(ref_of("Object", raw), "kind", kind, "a kind such as Ingress")
    ref = ref_of(kind, raw, namespaced=kind != "IngressClass")
    if not isinstance(version, str) or not version:
        return _rejected(ref, "apiVersion", version, "an API and version such as networking.k8s.io/v1")
    wanted, decoder = _DECODERS.get(kind, ("", None))
    if decoder is None or version != wanted:
        return _not_read(ref, version, wanted)
    report = Report(ref, secret=kind == "Secret")
    metadata = metadata_of(raw, report)
    found = None if metadata is None else decoder(raw, metadata, report)
    return Decoded(found, tuple(report.diagnostics))


def _decoded(raw: Mapping[str, Any], depth: int) -> Iterator[Decoded]:
    kind = raw.get("kind")
    if not isinstance(kind, str) or not kind.endswith("List") or "items" not in raw:
        yield decode_object(raw)
        return
    ref, items = ref_of(kind, raw, namespaced=False), raw["items"]
    if depth == NESTING or not (items is None or isinstance(items, list)):
        yield _rejected(ref, "items", items, f"a list of objects, no more than {NESTING} deep")
        return
    # The API server leaves the type out of the items of a list of one kind.
    type_of_items = {} if kind == "List" else {"apiVersion": raw.get("apiVersion"), "kind": kind[:-4]}
    for index, item in enumerate(items or ()):
        if isinstance(item, Mapping):
            yield from _decoded({**type_of_items, **item}, depth + 1)
        else:
            yield _rejected(ref, f"items[{index}]", item, "an object")


def _rejected(ref: ObjectRef, at: str, value: object, expected: str) -> Decoded:
    report = Report(ref)
    report.rejected(at, f"found {report.found(value)}, expected {expected}")
    return Decoded(None, tuple(report.diagnostics))


def _not_read(ref: ObjectRef, version: str, wanted: str) -> Decoded:
    report = Report(ref)
    found = report.found(version)
    if wanted and version in _GONE:
        report.rejected("apiVersion", f"found {found}, expected {wanted}", "kubectl convert can rewrite it")
    else:
        says = f"{ref.kind} of apiVersion {found} is not read here"
        report.diagnostics.append(Diagnostic(ref, "kind", Reason.IGNORED_KIND, Severity.WARNING, says))
    return Decoded(None, tuple(report.diagnostics))
