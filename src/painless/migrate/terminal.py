"""The report for a terminal: worst first, like with like, no more than a screen can bear.

A setting that many Ingresses have is one line with their number; the page and the JSON have each of them.
"""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from painless.migrate.report import (
    MEANING,
    Judged,
    Report,
    Standing,
    Step,
    Surprise,
    Verdict,
    few,
    many,
    named,
    rank,
)
from painless.migrate.titles import title
from painless.wire.names import printable

STYLES = {
    Standing.SAME: "green",
    Standing.DIFFERS: "yellow",
    Standing.UNSUPPORTED: "magenta",
    Standing.CLOSED: "red",
}
_WORST_FIRST = tuple(reversed(Standing))
_NAMES = 3  # Ingresses named for each setting; the others are a number.
_SENTENCES = 2  # Findings shown for each setting, since values vary and their sentences with them.


def rendered(report: Report) -> Iterator[RenderableType]:
    """Yield what to print, part by part; a text that must not be wrapped says so."""
    yield _head(report)
    for standing in _WORST_FIRST[:-1]:
        if found := report.by_setting(standing):
            yield _title(f"{standing}: {MEANING[standing]}", STYLES[standing])
            yield from (_setting(*one) for one in found.items())
    for about, verdicts in (
        ("ConfigMap", report.config),
        ("Flags of the controller", report.flags),
        ("Values of the chart", report.values),
    ):
        yield from _global(about, verdicts)
    if odd := report.by_surprise:
        yield _title("Surprises: so today, and so here", "cyan")
        yield from (_surprise(*one) for one in odd.items())
    if report.findings:
        yield _title("Other objects", "bold")
        yield from (_entry(few(one.whose, _NAMES), (one.says,), one.mend) for one in report.findings)
    yield _title("Side by side, and over", "bold")
    for at, one in enumerate(report.steps, start=1):
        yield from _step(at, one)


def _head(report: Report) -> RenderableType:
    text = Text(
        f"{many(len(report.ingresses), 'Ingress', 'Ingresses')} of {_plain(report.source)}", style="bold"
    )
    if report.controller:
        text.append(f", served by {_plain(report.controller)}", style="not bold")
    for standing in _WORST_FIRST:
        count = report.count(standing)
        text.append(f"\n{count:6}  ", style=STYLES[standing] if count else "dim")
        text.append(f"{standing:14}", style=STYLES[standing] if count else "dim")
        text.append(MEANING[standing], style="dim")
    if report.others:
        text.append(f"\n{len(report.others):6}  of other classes, not looked at", style="dim")
    for note in report.notes:
        text.append(f"\nNote: {_plain(note)}", style="dim")
    return text.append("\n")


def _setting(name: str, some: Sequence[tuple[Judged, Verdict]]) -> RenderableType:
    sentences = tuple(dict.fromkeys(says for _, verdict in some for says in verdict.says))
    rest = len(sentences) - _SENTENCES
    shown = (*sentences[:_SENTENCES], *((f"… and {rest} more like these",) if rest > 0 else ()))
    instead = next((verdict.instead for _, verdict in some if verdict.instead), "")
    return _entry(title(name), shown, instead, named(some, _NAMES))


def _surprise(what: str, some: Sequence[tuple[Judged, Surprise]]) -> RenderableType:
    return _entry(title(what), (some[0][1].says,), some[0][1].mend, named(some, _NAMES))


def _global(about: str, verdicts: Sequence[Verdict]) -> Iterator[RenderableType]:
    if not verdicts:
        return
    good = sum(one.standing is Standing.SAME for one in verdicts)
    yield _title(f"{about}: {good} of {len(verdicts)} mean the same", "bold")
    told = [one for one in verdicts if one.says or one.standing is not Standing.SAME]
    for one in sorted(told, key=lambda verdict: -rank(verdict.standing)):
        yield _entry(one.name, one.says, one.instead, f"{one.standing}", STYLES[one.standing])


def _entry(
    name: str, says: Sequence[str], instead: str = "", beside: str = "", style: str = "dim"
) -> RenderableType:
    text = Text(_plain(name), style="bold").append(f"  {_plain(beside)}", style=f"not bold {style}")
    for one in says:
        text.append(f"\n{_plain(one)}", style="not bold")
    if instead:
        text.append(f"\n→ {_plain(instead)}", style="not bold cyan")
    return Padding(text, (0, 0, 1, 2), expand=False)


def _step(at: int, one: Step) -> Iterator[RenderableType]:
    head = Text(f"{at}. {_plain(one.title)}", style="bold")
    if one.says:
        head.append(f"\n{_plain(one.says)}", style="not bold dim")
    yield Padding(head, (0, 0, 0, 2), expand=False)
    # Whole lines, whatever the width: they are there to be copied.
    lines = Text("".join(f"    {_plain(command)}\n" for command in one.commands), style="cyan", no_wrap=True)
    if one.file[0]:
        lines.append(f"    {_plain(one.file[0])}: in the JSON and on the page\n", style="dim")
    yield lines


def _plain(text: str) -> str:
    """Return text of users without what moves a cursor or reorders letters."""
    return printable(text, len(text))


def _title(text: str, style: str) -> RenderableType:
    return Padding(Rule(Text(text, style=style), align="left", style="dim"), (0, 0, 1, 0))
