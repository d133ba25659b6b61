"""What one file contributes: its objects by reference, and everything there is to say about it.

Pure: the name and bytes of a file go in.  Which file wins when two have the same object is ``claims``'
business, when to read is ``disk``'s.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Object, ObjectRef
from painless.syntax.documents import Document, Fault, Parsed
from painless.syntax.jsontext import parse_json
from painless.syntax.yaml import parse_yaml
from painless.wire import Decoded, decode_all
from painless.wire.names import printable

SUFFIXES = (".yaml", ".yml", ".json")
"""What a file must be named to be read, as kubectl has it for folders."""

NAME_LIMIT = (
    1000  # Whole paths are wanted in messages; this only bounds what a hostile tree can make of them.
)


class Entry(Struct, frozen=True, gc=False):
    """An object and the line of its file where its document begins."""

    object: Object
    line: int


class Manifest(Struct, frozen=True):
    """One file: what it defines, what is wrong with it, and which kinds nobody reads.

    ``name`` is fit for showing.  A ``broken`` file does not parse as a whole; ``entries`` then are its
    documents that do.
    """

    name: str
    entries: Mapping[ObjectRef, tuple[Entry, ...]] = {}
    diagnostics: tuple[Diagnostic, ...] = ()
    ignored: Mapping[tuple[str, str], Diagnostic] = {}
    broken: bool = False


def manifest_ref(name: str) -> ObjectRef:
    """Return what diagnostics about a whole file are about."""
    return ObjectRef("Manifest", "", name)


def parse_manifest(name: str, data: bytes) -> Manifest:
    """Return what the file ``name`` with the content ``data`` contributes."""
    parsed = parse_json(data) if name.endswith(".json") else parse_yaml(data)
    name = _shown(name)
    entries: dict[ObjectRef, tuple[Entry, ...]] = {}
    diagnostics = [_fault(name, fault, parsed) for fault in parsed.faults]
    ignored: dict[tuple[str, str], Diagnostic] = {}
    for line, decoded in _decoded(name, parsed.documents, diagnostics):
        for one in decoded.diagnostics:
            found = msgspec.structs.replace(one, hint=_with_place(one.hint, name, line))
            if one.reason is Reason.IGNORED_KIND:
                ignored.setdefault((one.about.kind, one.says), found)
            else:
                diagnostics.append(found)
        if decoded.object is not None:
            ref = decoded.object.ref
            entries[ref] = (*entries.get(ref, ()), Entry(decoded.object, line))
    return Manifest(name, entries, tuple(diagnostics), ignored, bool(parsed.faults))


def kept(before: Manifest, broken: Manifest) -> Manifest:
    """Return the last good content of a file with the faults of what it holds at the moment."""
    faults = tuple(
        msgspec.structs.replace(one, severity=Severity.ERROR, hint="the last good content stays in use")
        for one in broken.diagnostics
        if one.reason is Reason.INVALID_MANIFEST
    )
    others = tuple(one for one in before.diagnostics if one.reason is not Reason.INVALID_MANIFEST)
    return Manifest(before.name, before.entries, (*faults, *others), before.ignored, broken=True)


def unread(name: str, says: str) -> Manifest:
    """Return what is to be said about a file or folder that cannot be read."""
    name = _shown(name)
    found = Diagnostic(manifest_ref(name), name, Reason.INVALID_MANIFEST, Severity.REJECTED, says)
    return Manifest(name, diagnostics=(found,), broken=True)


def _decoded(
    name: str, documents: tuple[Document, ...], diagnostics: list[Diagnostic]
) -> Iterator[tuple[int, Decoded]]:
    for document in documents:
        value: Any = document.value
        if isinstance(value, dict):
            for one in decode_all(value):
                yield document.line, one
        elif value is not None:  # A document of nothing but comments is nothing.
            kind = "a list" if isinstance(value, list) else "text or a number"
            fault = Fault(document.line, 1, f"found {kind}, expected an object with apiVersion and kind")
            diagnostics.append(_fault(name, fault, Parsed()))


def _fault(name: str, fault: Fault, parsed: Parsed) -> Diagnostic:
    field = f"{name}:{fault.line}:{fault.column}"
    hint = f"{len(parsed.documents)} of its documents are used" if parsed.documents else ""
    return Diagnostic(manifest_ref(name), field, Reason.INVALID_MANIFEST, Severity.REJECTED, fault.says, hint)


def _shown(name: str) -> str:
    """Return a file name for messages; names on disk may hold anything, even bytes that are no text."""
    return printable(name, NAME_LIMIT)


def _with_place(hint: str, name: str, line: int) -> str:
    place = f"{name}:{line}"
    return f"{hint}; {place}" if hint else place
