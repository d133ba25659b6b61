"""What all kinds have in common: type, name, namespace, time of creation and annotations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from painless.model.diagnostics import Reason
from painless.model.objects import ObjectRef
from painless.wire import names
from painless.wire.report import Report
from painless.wire.shared import LONGEST, shared

DEFAULT_NAMESPACE = "default"  # where kubectl puts an object whose manifest names none

_Time = Annotated[datetime, Meta(tz=True)]


class Metadata(Struct, frozen=True, rename="camel"):
    """The fields of ``metadata`` that we read."""

    name: str | None = None
    namespace: str | None = None
    creation_timestamp: Any = None
    annotations: dict[str, Any] | None = None
    labels: dict[str, Any] | None = None


def part(raw: Mapping[str, Any], key: str) -> object:
    """Return a part of an object in which nothing and an empty map are the same."""
    value = raw.get(key)
    return {} if value is None else value


def ref_of(kind: str, raw: Mapping[str, Any], *, namespaced: bool = True) -> ObjectRef:
    """Return the best reference for messages, before anything has been checked."""
    metadata = raw.get("metadata")
    found = metadata if isinstance(metadata, Mapping) else {}
    name, namespace = found.get("name"), found.get("namespace")
    shown = names.printable(name, names.SUBDOMAIN_LIMIT) if isinstance(name, str) and name else "(no name)"
    space = (
        names.printable(namespace, names.SUBDOMAIN_LIMIT)
        if isinstance(namespace, str) and namespace
        else DEFAULT_NAMESPACE
    )
    return ObjectRef(shared(names.printable(kind)), shared(space) if namespaced else "", shared(shown))


def metadata_of(raw: Mapping[str, Any], report: Report) -> Metadata | None:
    """Return checked metadata, or ``None`` when the object cannot be named."""
    metadata = report.shaped(raw.get("metadata"), Metadata, "metadata", needed=True)
    if metadata is None:
        return None
    label = report.ref.kind == "Service"
    allowed, expected = (names.is_label, names.LABEL) if label else (names.is_subdomain, names.SUBDOMAIN)
    if not metadata.name or not allowed(metadata.name):
        report.rejected("metadata.name", f"found {report.found(metadata.name)}, expected {expected}")
        return None
    if not names.is_label(report.ref.namespace or DEFAULT_NAMESPACE):
        found = report.found(metadata.namespace)
        report.rejected("metadata.namespace", f"found {found}, expected {names.LABEL}")
        return None
    return metadata


def created_of(metadata: Metadata, report: Report) -> float:
    """Return when the object was created, in seconds since 1970; 0 when unknown."""
    if metadata.creation_timestamp is None:
        return 0.0
    try:
        return msgspec.convert(metadata.creation_timestamp, _Time).timestamp()
    except (msgspec.ValidationError, OverflowError):
        found = report.found(metadata.creation_timestamp)
        report.error(
            "metadata.creationTimestamp", f"found {found}, expected a time like 2026-01-31T12:00:00Z"
        )
        return 0.0


def annotations_of(metadata: Metadata, report: Report) -> tuple[tuple[str, str], ...]:
    """Return the annotations in the order of their keys, without those Kubernetes would refuse."""
    kept = []
    for key, value in (metadata.annotations or {}).items():
        at = f"metadata.annotations[{names.printable(key, names.SUBDOMAIN_LIMIT)}]"
        if not names.is_qualified(key):
            says = f"the key is not allowed, expected {names.QUALIFIED}"
            report.error(at, says, Reason.INVALID_ANNOTATION_VALUE)
        elif isinstance(value, str):
            kept.append((key, value))
        elif isinstance(value, (bool, int, float)):
            # Dropped, it could open what it was meant to close: an allow list of "10", say.
            text = str(value).lower()
            kept.append((key, text))
            hint = f'it is read as "{text}"; put it in quotes, for the API server refuses the object'
            report.warning(at, not_text(value, report), Reason.INVALID_ANNOTATION_VALUE, hint)
        else:
            report.error(at, not_text(value, report), Reason.INVALID_ANNOTATION_VALUE, quote(value))
    found = tuple(sorted(kept))
    return shared(found) if sum(len(key) + len(value) for key, value in found) <= LONGEST else found


def not_text(value: object, report: Report) -> str:
    return f"found {report.found(value)}, expected text"


def quote(value: object) -> str:
    """Return the hint that most values need that are not text: YAML reads ``on`` and ``8080`` otherwise."""
    return "" if isinstance(value, (dict, list)) else "put the value in quotes"
