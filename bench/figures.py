"""What was measured, as values: a row of the table, its goal, and the table itself.

A part returns rows and knows nothing of how they are shown or kept.
"""

import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from rich.table import Table
from rich.text import Text

Say = Callable[[str], None]
"""Tells whoever waits what is being measured."""

_MANY = 1000  # From here on digits behind the point say nothing.
_SEVERAL = 10
_LITTLE = 0.1  # Below this a third digit is noise.


class Run(Struct, frozen=True):
    """What a part is told: whom to tell what it does, and other sizes than its own, if any.

    ``changes`` and ``seconds`` are those of a storm.
    """

    say: Say
    sizes: tuple[int, ...] = ()
    changes: int = 0
    seconds: float = 0.0


class Goal(Struct, frozen=True):
    """A bound on the median or on the worst sample."""

    of: str
    bound: float
    at_least: bool = False

    def __str__(self) -> str:
        return f"{self.of} {'≥' if self.at_least else '≤'} {self.bound:g}"

    def held_by(self, values: Sequence[float]) -> bool:
        worst = min(values) if self.at_least else max(values)
        value = statistics.median(values) if self.of == "median" else worst
        return value >= self.bound if self.at_least else value <= self.bound


class Row(Struct, frozen=True, kw_only=True):
    """One figure: its samples, what they should be, and what was seen beside them."""

    what: str
    values: tuple[float, ...]
    unit: str = "s"
    goals: tuple[Goal, ...] = ()
    beside: str = ""

    @property
    def held(self) -> bool | None:
        """Whether every goal was met; ``None`` without any."""
        return all(goal.held_by(self.values) for goal in self.goals) if self.goals else None


class Result(Struct, frozen=True, kw_only=True):
    """A run: where, when, and the rows of each part."""

    machine: dict[str, str]
    seconds: float
    parts: dict[str, tuple[Row, ...]]


def most(bound: float, of: str = "max") -> Goal:
    return Goal(of, bound)


def least(bound: float, of: str = "median") -> Goal:
    return Goal(of, bound, at_least=True)


def middle(values: Iterable[float]) -> str:
    """Return the median as people read it."""
    return number(statistics.median(values))


def number(value: float) -> str:
    if abs(value) >= _MANY:
        return f"{value:,.0f}"
    if value == int(value):
        return f"{value:.0f}"
    return (
        f"{value:.1f}"
        if abs(value) >= _SEVERAL
        else f"{value:.2g}"
        if abs(value) < _LITTLE
        else f"{value:.3g}"
    )


def table(result: Result) -> Table:
    shown = Table(title=", ".join(result.machine.values()), title_justify="left", title_style="dim")
    shown.add_column("what")
    for name in ("median", "min", "max"):
        shown.add_column(name, justify="right")
    shown.add_column("unit")
    shown.add_column("goal")
    for part, rows in result.parts.items():
        shown.add_row(Text(part, style="bold"))
        for at, row in enumerate(rows):
            shown.add_row(*_cells(row), end_section=at == len(rows) - 1)
    return shown


def _cells(row: Row) -> tuple[str | Text, ...]:
    what = Text(row.what)
    if row.beside:
        what.append(f"\n{row.beside}", style="dim")
    style, verdict = {True: ("green", "met"), False: ("bold red", "MISSED"), None: ("", "")}[row.held]
    goal = Text(f"{', '.join(map(str, row.goals))} {verdict}".strip(), style=style)
    low, high = (number(min(row.values)), number(max(row.values))) if len(row.values) > 1 else ("", "")
    return what, middle(row.values), low, high, row.unit, goal


def keep(result: Result, folder: Path, name: str) -> Path:
    """Write the samples for machines; figures of two runs are compared there and not by eye."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=2))
    return path
