"""Advice for eyes: what should change and why, what to paste, what is good, what was not measured."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from painless.tune.advice import Advice, Report

WIDTH = 100
SHOWN = 3
"""Objects of one setting, or of one reason, that are shown; JSON has them all."""
FILES, LINES = 10, 40
"""Files, and lines of one, that are shown; of more there is the count."""
_LABELS = (
    ("now", "now"),
    ("measured", "measured"),
    ("advised", "advised"),
    ("why", "why"),
    ("effect", "gives"),
    ("risk", "risk"),
)
_INDENT = 12


def lines(report: Report, files: Mapping[str, str], *, written: bool) -> Iterator[str]:
    """Yield the lines; the files are shown unless they were ``written``, or are many."""
    yield f"measured by {plain(report.source)}"
    yield ""
    for some in _by_id(report.changes):
        for one in some[:SHOWN]:
            yield from _advice(one)
        if len(some) > SHOWN:
            more = len(some) - SHOWN
            yield f"and {more} more of {some[0].id} (--output json has all, --write DIR their files)"
            yield ""
    yield from shown_files({} if written else files)
    yield from _good(report)
    yield from _missing(report)
    yield summary(report)


def _by_id(advice: Iterable[Advice]) -> list[list[Advice]]:
    found: dict[str, list[Advice]] = {}
    for one in advice:
        found.setdefault(one.id, []).append(one)
    return list(found.values())


def summary(report: Report) -> str:
    changes = len(report.changes)
    return (
        f"{changes} {'thing' if changes == 1 else 'things'} to change, {len(report.good)} good as "
        f"measured, {len(report.missing)} not measured"
    )


def _advice(one: Advice) -> Iterator[str]:
    yield f"{one.id}  {plain(one.about)}"
    for field, label in _LABELS:
        if says := getattr(one, field):
            yield from wrapped(label, says)
    yield ""


def wrapped(label: str, says: str) -> list[str]:
    first = f"  {label:<{_INDENT - 2}}"
    return textwrap.wrap(plain(says), WIDTH, initial_indent=first, subsequent_indent=" " * _INDENT)


def shown_files(files: Mapping[str, str]) -> Iterator[str]:
    """Yield the text of files, or how many there are."""
    if len(files) > FILES:
        yield f"{len(files)} files to paste: --write DIR has them"
        yield ""
        return
    for name, text in files.items():
        every = text.splitlines()
        yield f"--- {name}"
        yield from every[:LINES]
        if len(every) > LINES:
            yield f"… and {len(every) - LINES} lines more: --write DIR has them"
        yield ""


def _good(report: Report) -> Iterator[str]:
    if not report.good:
        return
    yield "good as it is"
    for some in _by_id(report.good):
        for one in some[:SHOWN]:
            yield from wrapped("", f"{one.id}, {one.about}: {one.now}; {one.measured}")
        if len(some) > SHOWN:
            yield from wrapped("", f"and {len(some) - SHOWN} more of {some[0].id}")
    yield ""


def _missing(report: Report) -> Iterator[str]:
    if not report.missing:
        return
    yield "not measured"
    by_reason: dict[str, dict[str, list[str]]] = {}
    for one in report.missing:
        by_reason.setdefault(one.how, {}).setdefault(one.id, []).append(one.about)
    for how, names in by_reason.items():
        shown = "; ".join(f"{name} ({_some(about)})" for name, about in names.items())
        yield from wrapped("", f"{shown}: {how}")
    yield ""


def _some(about: list[str]) -> str:
    return ", ".join(about[:SHOWN]) + (f" and {len(about) - SHOWN} more" if len(about) > SHOWN else "")


def plain(text: str) -> str:
    """Return text without what moves a terminal: names come from files."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
