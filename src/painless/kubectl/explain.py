"""What a finding, an annotation, a key, a metric or a flag means: its part of the reference pages."""

import functools
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from painless.docs import pages

PREFIX = re.compile(r"^[a-z0-9.-]+/")
_HEADING = re.compile(r"^#+ `?(.+?)`?$")
_ROW = re.compile(r"^\| `([^`]+)`")
_KNOWN = 3  # Names offered for one that is not there.


@functools.cache
def _pages() -> Mapping[str, str]:
    return pages()


def explained(name: str) -> tuple[str, ...]:
    """Return the parts of the pages about ``name``: sections of it, or else the rows of tables."""
    wanted = PREFIX.sub("", name).lstrip("-")
    found = tuple(_named(_pages(), wanted))
    sections = tuple(text for text in found if not text.startswith("|"))
    return sections or found


def nearest(name: str) -> tuple[str, ...]:
    """Return names that somebody may have meant."""
    known = {_bare(one) for page in _pages().values() for line in page.splitlines() for one in _names(line)}
    return tuple(get_close_matches(PREFIX.sub("", name), sorted(known), _KNOWN))


def _named(texts: Mapping[str, str], wanted: str) -> Iterator[str]:
    for page in texts.values():
        lines = page.splitlines()
        for place, line in enumerate(lines):
            if wanted.lower() not in {_bare(one).lower() for one in _names(line)}:
                continue
            yield line if line.startswith("|") else _section(lines, place)


def _names(line: str) -> Iterator[str]:
    yield from (found[1] for found in (_HEADING.match(line), _ROW.match(line)) if found)


def _bare(name: str) -> str:
    """Return a flag without its dashes and value: ``--http-port INTEGER`` is ``http-port``."""
    return name.lstrip("-").split(" ")[0].split(",")[0]


def _section(lines: list[str], start: int) -> str:
    depth = len(lines[start]) - len(lines[start].lstrip("#"))
    end = start + 1
    while end < len(lines) and not re.match(rf"#{{1,{depth}}} ", lines[end]):
        end += 1
    return "\n".join(lines[start:end]).strip()
