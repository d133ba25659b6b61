"""A configuration of NGINX, read from files: whatever they hold and whatever they include.

Nothing raises for what a file has.  What cannot be read, or is no configuration, is a sentence with its
place, and the rest is read on.  ``root`` is where the paths of another container begin.
"""

import glob
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from painless.doctor.conf import TABLES, Block, Conf, Directive
from painless.nginx.reader import Node, ReadError, read

DEPTH = 64
"""Blocks within blocks: NGINX itself runs out of stack somewhere above."""
MOST_FILES = 20_000
"""Includes in all: files that include others twice each would never end."""
LARGEST = 256 << 20
"""Bytes of a file: about five million lines."""


class Loaded(Struct, frozen=True):
    """What was read, and what could not be: sentences."""

    conf: Conf
    problems: tuple[str, ...]


def load(path: str, root: Path = Path("/")) -> Loaded:
    """Read ``path`` and what it includes."""
    return _Loader(root, path).load()


class _Loader:
    """The index that is being made, and the files that are open around the one being read."""

    def __init__(self, root: Path, path: str) -> None:
        self._root = root
        self._path = path
        self._folder = str(Path(path).parent)
        self._problems: dict[str, None] = {}
        self._texts: dict[str, tuple[Node, ...] | None] = {}
        self._stack: list[str] = []
        self._count = 0
        self._blocks: dict[str, list[Block]] = {}
        self._directives: dict[str, list[Directive]] = {}

    def load(self) -> Loaded:
        main = Block("", (), self._path, 1, None, {})
        self._file(self._path, main, 0)
        conf = Conf(main, self._blocks, self._directives, tuple(self._texts))
        return Loaded(conf, tuple(self._problems))

    def _file(self, path: str, block: Block, depth: int) -> None:
        if path in self._stack:
            chain = " includes ".join([*self._stack[self._stack.index(path) :], path])
            self._problem(f"an include loop: {chain}")
            return
        self._count += 1
        if self._count > MOST_FILES:
            self._problem(f"{self._path} includes more than {MOST_FILES} files; the rest was not read")
            return
        if path not in self._texts:
            self._texts[path] = self._read(path)
        self._stack.append(path)
        self._add(self._texts[path] or (), path, block, depth)
        self._stack.pop()

    def _read(self, path: str) -> tuple[Node, ...] | None:
        file = self._root / path.lstrip("/")
        try:
            about = file.stat()
            if not stat.S_ISREG(about.st_mode):
                self._problem(f"{path} cannot be read: it is not a file")
            elif about.st_size > LARGEST:
                self._problem(f"{path} has {about.st_size} bytes, expected at most {LARGEST}")
            else:
                return read(file.read_text(encoding="utf-8", errors="replace"), path)
        except (OSError, ValueError) as cause:
            self._problem(f"{path!r} cannot be read: {getattr(cause, 'strerror', None) or cause}")
        except ReadError as cause:
            self._problem(str(cause))
        return None

    def _add(self, nodes: tuple[Node, ...], path: str, block: Block, depth: int) -> None:
        for node in nodes:
            args = tuple(one.text for one in node.args)
            if node.block is not None:
                self._inside(node, Block(node.name, args, path, node.line, block, {}), depth + 1)
                continue
            if node.name == "include" and args:
                for one in self._included(args[0], path, node.line):
                    self._file(one, block, depth)
            made = Directive(node.name, args, path, node.line, block)
            block.own.setdefault(node.name, []).append(made)
            self._directives.setdefault(node.name, []).append(made)

    def _inside(self, node: Node, made: Block, depth: int) -> None:
        self._blocks.setdefault(made.name, []).append(made)
        if made.name in TABLES or node.block is None:
            # Of a table only this counts: whether it has expressions.
            one = next((each for each in node.block or () if each.name.startswith("~")), None)
            if one is not None:
                made.own["~"] = [Directive(one.name, (), made.file, one.line, made)]
            return
        if depth > DEPTH:
            self._problem(f"{made.where}: blocks within more than {DEPTH} others are not read")
        else:
            self._add(node.block, made.file, made, depth)

    def _included(self, pattern: str, path: str, line: int) -> Iterator[str]:
        """Yield the files that an ``include`` means; NGINX takes them in the order of their names."""
        wanted = pattern if pattern.startswith("/") else f"{self._folder}/{pattern}"
        if not glob.has_magic(wanted):
            yield wanted
            return
        base = str(self._root).rstrip("/")
        try:
            found = sorted(map(str, Path(f"{base}/").glob(wanted.lstrip("/"))))
        except (OSError, ValueError, NotImplementedError) as cause:
            self._problem(f"{path}:{line}: {wanted} cannot be listed: {cause}")
            return
        yield from (one[len(base) :] for one in found)

    def _problem(self, says: str) -> None:
        self._problems[says] = None
