"""The lines that two generations do not share, as a unified diff."""

import difflib
from collections.abc import Iterator

from painless.nginx.generation import Generation

CONTEXT = 3  # Lines around a difference.
MARGIN = 50  # Equal lines around it that are compared with it, so that it begins where readers expect.


def difference(live: Generation, want: Generation, most: int | None = None) -> Iterator[str]:
    """Yield the lines of a diff, file by file; each ends its line.

    Of a file with more than ``most`` lines between the first and the last that differ it is only said how
    many they are: comparing them takes longer than a reader waits.
    """
    for name in sorted({*live.cold, *want.cold}):
        before, after = (one.cold.get(name, "") for one in (live, want))
        if before != after:
            lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
            yield from _unified(name, *lines, most)


def _unified(name: str, before: list[str], after: list[str], most: int | None) -> Iterator[str]:
    # Only what lies between the equal head and the equal tail is compared: of a large file that is little.
    head = _equal(before, after)
    tail = _equal(before[head:][::-1], after[head:][::-1])
    start = max(0, head - MARGIN)
    olds, news = (text[start : len(text) - max(0, tail - MARGIN)] for text in (before, after))
    yield f"--- live/{name}\n"
    yield f"+++ want/{name}\n"
    if most is not None and (count := max(len(olds), len(news))) > most:
        yield f"… {count} lines lie between the first and the last that differ\n"
        return
    for group in difflib.SequenceMatcher(None, olds, news).get_grouped_opcodes(CONTEXT):
        _, old, _, new, _ = group[0]
        _, _, old_end, _, new_end = group[-1]
        yield f"@@ -{_span(start, old, old_end)} +{_span(start, new, new_end)} @@\n"
        for tag, *(old, old_end, new, new_end) in group:
            if tag == "equal":
                yield from (f" {line}" for line in olds[old:old_end])
            else:
                yield from (f"-{line}" for line in olds[old:old_end])
                yield from (f"+{line}" for line in news[new:new_end])


def _equal(one: list[str], other: list[str]) -> int:
    """Return how many of the first lines are equal."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))


def _span(start: int, first: int, end: int) -> str:
    """Return lines as diffs name them: the first, counted from 1, and how many."""
    count = end - first
    at = start + first + (1 if count else 0)
    return str(at) if count == 1 else f"{at},{count}"
