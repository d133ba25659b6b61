"""What a replay has to say: lines of a small table, with what was seen of both and whether that shows it."""

from collections.abc import Iterable

from msgspec import Struct
from rich.table import Table

NAIVE, PAINLESS = "NGINX as of 2017", "Painless"


class Line(Struct, frozen=True):
    """One thing that was looked at.

    ``shown`` says whether the incident is there on one side and not on the other.  Where that depends on how
    busy the machine is, ``timed`` says so, and only the full form is judged by it.
    """

    what: str
    naive: str
    painless: str
    shown: bool = True
    timed: bool = False


class Report(Struct, frozen=True):
    """A replay that came to its end, or why it could not begin."""

    title: str
    lines: tuple[Line, ...] = ()
    missing: str = ""
    seconds: float = 0.0

    def unshown(self, *, full: bool) -> tuple[str, ...]:
        """Return what should have been seen, and was not."""
        return tuple(one.what for one in self.lines if not one.shown and (full or not one.timed))


def table(reports: Iterable[Report], *, full: bool) -> Table:
    made = Table("incident", NAIVE, PAINLESS, "", title_justify="left")
    for report in reports:
        made.add_section()
        made.add_row(f"[bold]{report.title}", "", "", f"[dim]{report.seconds:.0f} s")
        if report.missing:
            made.add_row(f"  [yellow]skipped: {report.missing}", "", "", "")
        for one in report.lines:
            made.add_row(f"  {one.what}", one.naive, one.painless, _mark(one, full=full))
    return made


def _mark(line: Line, *, full: bool) -> str:
    if line.shown:
        return "[green]shown"
    return "[red]not shown" if full or not line.timed else "[dim]not judged"
