"""Objects of a folder of manifests, for checks: every kind that checks know, each with its file and line."""

from collections.abc import Iterator
from pathlib import Path

from painless.doctor.objects import SOURCES, Listed
from painless.doctor.parts import Part, part_of
from painless.folder.others import manifests, read_tree
from painless.syntax.documents import SIZE_LIMIT, Document
from painless.wire.names import SUBDOMAIN_LIMIT, printable

KINDS = frozenset(one.kind.name for one in SOURCES)


def read(folder: Path) -> Listed:
    """Return what the manifests below a folder have; what cannot be read is said."""
    objects: dict[str, list[Part]] = {}
    problems: list[str] = []
    files = list(manifests(folder)) if folder.exists() else []
    if not files:
        problems.append(f"{folder} has no manifests (*.yaml, *.yml, *.json)")
    for file in files:
        for one in _objects(file, str(file.relative_to(folder)) or file.name, problems):
            objects.setdefault(one.ref.kind, []).append(one)
    return Listed(objects, {}, str(folder), whole=False, problems=tuple(problems))


def _objects(file: Path, name: str, problems: list[str]) -> Iterator[Part]:
    try:
        if file.stat().st_size > SIZE_LIMIT:
            return problems.append(f"{file} is larger than {SIZE_LIMIT >> 20} MiB")
        parsed = read_tree(file.name, file.read_bytes())
    except OSError as cause:
        return problems.append(f"{file} cannot be read: {cause.strerror}")
    problems += [f"{file}:{one.line}:{one.column}: {one.says}" for one in parsed.faults]
    for document in parsed.documents:
        where = printable(f"{name if name != '.' else file.name}:{document.line}", SUBDOMAIN_LIMIT)
        yield from (one for one in _each(document, where) if one.ref.kind in KINDS)
    return None


def _each(document: Document, where: str) -> Iterator[Part]:
    """Yield the object of a document, or those of its list."""
    tree = document.value
    if not isinstance(tree, dict):
        return
    items, kind = tree.get("items"), tree.get("kind")
    if not isinstance(items, list):
        yield part_of(tree, where)
        return
    # The API server leaves the kind out of the items of a list of one kind.
    given = {"kind": kind.removesuffix("List")} if isinstance(kind, str) and kind != "List" else {}
    yield from (part_of({**given, **one}, where) for one in items if isinstance(one, dict))
