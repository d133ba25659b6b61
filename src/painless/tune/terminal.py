"""Advice for eyes: what should change and why, what to paste, what is good, what was not measured."""

import textwrap
from collections.abc import Iterator, Mapping

from painless.tune.advice import Advice, Report

WIDTH = 100
SHOWN = 3
"""Objects of one reason that are named; JSON has them all."""
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
    """Yield the lines; the files are shown unless they were ``written``."""
    yield f"measured by {plain(report.source)}"
    yield ""
    for one in report.changes:
        yield from _advice(one)
    yield from _files({} if written else files)
    yield from _good(report)
    yield from _missing(report)
    yield summary(report)


def summary(report: Report) -> str:
    changes = len(report.changes)
    return (
        f"{changes} {'thing' if changes == 1 else 'things'} to change, {len(report.good)} good as measured, "
        f"{len(report.missing)} not measured"
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


def _files(files: Mapping[str, str]) -> Iterator[str]:
    for name, text in files.items():
        yield f"--- {name}"
        yield from text.splitlines()
        yield ""


def _good(report: Report) -> Iterator[str]:
    if report.good:
        yield "good as it is"
        for one in report.good:
            yield from wrapped("", f"{one.id}, {one.about}: {one.now}; {one.measured}")
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
