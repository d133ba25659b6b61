"""What each load changed, for the log at ``-v=2``: the lines of a unified diff, in parts.

However much changed, a few parts are told, each shorter than the lines that containers' logs are cut into.
How differences are made, and that nothing secret is in them, is ``controller.history``'s.
"""

from collections.abc import Iterator
from itertools import islice

from painless.observe import logs

LINE = 1_000
"""Characters of one line."""
PART = 6_000
"""Characters of one part: with what JSON adds it is below the 16 KiB of a container's log."""
PARTS = 20
"""Parts of one difference: of more nobody reads each."""


def tell(generation: str, diff: str) -> None:
    """Log what the load of a generation changed, if that is wanted."""
    if logs.tells(logs.DETAIL):
        told = parts(diff)
        for number, lines in enumerate(told, 1):
            logs.event(
                "generation_differed",
                level=logs.DETAIL,
                id=generation,
                part=number,
                of=len(told),
                diff=lines,
            )


def parts(diff: str) -> tuple[list[str], ...]:
    """Return the lines of a difference in parts; of a long one the first, and that there is more."""
    found = _cut(diff)
    first = list(islice(found, PARTS))
    if next(found, None) is not None:
        first[-1].append("… and more")
    return tuple(first)


def _cut(diff: str) -> Iterator[list[str]]:
    part: list[str] = []
    size = 0
    for whole in diff.rstrip("\n").split("\n"):
        line = whole[:LINE]
        if part and size + len(line) > PART:
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line) + 3  # What JSON puts around it.
    yield part
