"""A report for eyes: the worst first, each check once with the things it is about; calm where nothing is."""

import textwrap
from collections.abc import Iterable, Iterator
from itertools import groupby

from painless.doctor.check import ORDER, Severity
from painless.doctor.run import Report, Result, Undecided

SHOWN = 3  # Things of one check that are shown in full; JSON has them all.
WIDTH = 100
_INDENT = " " * 10


def lines(report: Report, *, unknown: bool = False) -> Iterator[str]:
    """Yield the lines; ``unknown`` names each check that could not be made."""
    for problem in report.problems:
        yield f"not read: {_plain(problem)}"
    if report.problems:
        yield ""
    for _, some in groupby(report.findings, key=lambda one: (ORDER[one.severity], one.id)):
        yield from _check(list(some))
    yield from _left_out(report)
    yield from _unknown(report.unknown, named=unknown)
    yield summary(report)


def summary(report: Report) -> str:
    """Return the last line: how many of each severity, and of how many checks."""
    counts = [
        f"{count} {severity}"
        for severity in Severity
        if (count := sum(one.severity is severity for one in report.findings))
    ]
    found = ", ".join(counts) or "nothing found"
    return f"{found}; {report.made} checks made, {len(report.unknown)} unknown"


def _check(some: list[Result]) -> Iterator[str]:
    first = some[0]
    yield f"{first.severity.upper():<8}  {first.id}  {first.title}"
    yield from _wrapped(first.why)
    for one in some[:SHOWN]:
        yield from _wrapped(f"- {_plain(one.says)}; expected {_plain(one.expected)}", "  ")
        for each in one.evidence:
            yield f"{_INDENT}  {_plain(each.where)}: {_plain(each.says)}"
        if one.objects and not one.about.startswith(one.objects):
            yield f"{_INDENT}  of {_plain(', '.join(one.objects))}"
        yield f"{_INDENT}  fix: {_plain(one.fix)}"
    if len(some) > SHOWN:
        yield f"{_INDENT}and {len(some) - SHOWN} more of it (--output json has all)"
    yield f"{_INDENT}{first.page}"
    yield ""


def _wrapped(text: str, deeper: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT + deeper)


def _left_out(report: Report) -> Iterator[str]:
    for one in report.silenced:
        if one.ended:
            yield f"no longer silenced: {one.id}, since {one.ended}: {_plain(one.reason)}"
        else:
            yield f"silenced: {one.count} of {one.id}: {_plain(one.reason)}"
    if report.known:
        yield f"in the baseline already: {report.known}"


def _unknown(some: Iterable[Undecided], *, named: bool) -> Iterator[str]:
    by_reason: dict[str, list[str]] = {}
    for one in some:
        by_reason.setdefault(one.why, []).append(one.id)
    if not by_reason:
        return
    if not named:
        count = sum(len(ids) for ids in by_reason.values())
        yield f"unknown: {count} checks, since something could not be read (--unknown names them)"
        return
    for why, ids in by_reason.items():
        yield f"unknown: {', '.join(ids)}: {_plain(why)}"


def _plain(text: str) -> str:
    """Return text without what moves a terminal: files and logs may hold anything."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
