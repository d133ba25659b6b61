"""Objects of a folder that are no part of a snapshot, as the trees they are written in.

Read once, for commands that want to know of them; whoever follows a folder needs none.
"""

from collections.abc import Iterator
from pathlib import Path

from painless.folder.manifest import SUFFIXES
from painless.syntax.documents import SIZE_LIMIT, Parsed, Value
from painless.syntax.jsontext import parse_json
from painless.syntax.yaml import parse_yaml


def read_trees(path: Path, kind: str) -> Iterator[Value]:
    """Yield the documents of all manifests below ``path`` that name this kind."""
    for file in manifests(path):
        try:
            data = file.read_bytes() if file.stat().st_size <= SIZE_LIMIT else b""
        except OSError:
            # What cannot be read is told when the folder is read for its objects.
            continue
        if kind.encode() in data:
            yield from (one.value for one in read_tree(file.name, data).documents)


def read_tree(name: str, data: bytes) -> Parsed:
    """Return the documents of one file, in the syntax that its name says."""
    return parse_json(data) if name.endswith(".json") else parse_yaml(data)


def manifests(path: Path) -> Iterator[Path]:
    """Yield the files at or below a path that are read, in one order."""
    if path.is_file():
        yield path
        return
    for one in sorted(path.rglob("*")):
        hidden = any(part.startswith(".") for part in one.relative_to(path).parts)
        if one.name.endswith(SUFFIXES) and not hidden and one.is_file():
            yield one
