"""Tables for eyes; the quantities in them are ``observe.quantities``'."""

from collections.abc import Iterable, Iterator, Sequence

from painless.observe.quantities import counted, size, span

__all__ = ["counted", "size", "span", "table"]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table, the columns two blanks apart, as kubectl has them."""
    every = [heads, *rows]
    widths = [max(len(row[at]) for row in every) for at in range(len(heads))]
    for row in every:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
