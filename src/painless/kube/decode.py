"""What the API server sends, in bytes, to what we know of it; item by item, so that none harms another.

What an object means is ``wire``'s, the same as for one from a file.  What nobody reads (``managedFields``,
``status``) is gone with the tree it came in.
"""

from typing import Any

import msgspec
from msgspec import Struct, field

from painless.kube.errors import Unreachable
from painless.kube.kinds import Kind
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef
from painless.wire import Decoded, decode_object
from painless.wire.meta import DEFAULT_NAMESPACE, ref_of


class _PageMetadata(Struct, frozen=True, rename="camel"):
    resource_version: str
    more: str | None = field(name="continue", default=None)


class Page(Struct, frozen=True):
    """A part of a list; ``items`` are not decoded yet."""

    metadata: _PageMetadata
    items: tuple[msgspec.Raw, ...] | None = None


class Event(Struct, frozen=True):
    """One line of a watch."""

    type: str
    object: msgspec.Raw


class _Named(Struct, frozen=True, rename="camel"):
    name: str
    namespace: str = ""
    resource_version: str = ""


class _Head(Struct, frozen=True):
    metadata: _Named


class Head(Struct, frozen=True):
    """Which object it is and in which version: all that is read of a Secret that nobody refers to."""

    ref: ObjectRef
    version: str


_PAGES = msgspec.json.Decoder(Page)
_EVENTS = msgspec.json.Decoder(Event)
_HEADS = msgspec.json.Decoder(_Head)
_TREES = msgspec.json.Decoder(dict[str, Any])
_FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def page_of(body: bytes) -> Page:
    """Decode a list; raises ``Unreachable`` when it is none, for then another server answers."""
    try:
        return _PAGES.decode(body)
    except _FAULTS as problem:
        raise Unreachable(f"the API server sent a list that cannot be read: {problem}") from problem


def event_of(line: bytes) -> Event:
    """Decode one line of a watch; raises ``Unreachable`` when it is none."""
    try:
        return _EVENTS.decode(line)
    except _FAULTS as problem:
        raise Unreachable(f"the API server sent an event that cannot be read: {problem}") from problem


def head_of(kind: Kind, raw: bytes) -> Head:
    """Return which object it is; an odd one has the name that messages about it have."""
    try:
        found = _HEADS.decode(raw).metadata
    except _FAULTS:
        return Head(ref_of(kind.name, _tree_of(raw) or {}, namespaced=kind.namespaced), "")
    namespace = found.namespace or DEFAULT_NAMESPACE if kind.namespaced else ""
    return Head(ObjectRef(kind.name, namespace, found.name), found.resource_version)


def decode(kind: Kind, ref: ObjectRef, raw: bytes) -> Decoded:
    """Return the object, or what is wrong with it."""
    tree = _tree_of(raw)
    if tree is None:
        says = "found something that is no object, expected one as the API has it"
        return Decoded(None, (Diagnostic(ref, "", Reason.INVALID_OBJECT, Severity.REJECTED, says),))
    # The items of a list come without their type.
    return decode_object({**tree, "kind": kind.name, "apiVersion": kind.version})


def _tree_of(raw: bytes) -> dict[str, Any] | None:
    try:
        return _TREES.decode(raw)
    except _FAULTS:
        return None
