"""The report as one page: no other file, no other machine, no script; readable on a phone and at a desk.

The policy in its head lets nothing load or run.  What files, logs and objects say becomes HTML in
``migrate.markup`` alone.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from importlib.resources import files
from itertools import groupby

from painless.doctor.check import ORDER, Check, Severity, page
from painless.doctor.run import Report, Result
from painless.doctor.terminal import summary
from painless.migrate.markup import fold, items, lines, prose, text

OPEN = frozenset({Severity.CRITICAL, Severity.HIGH})
"""What is shown without a touch."""


def as_html(report: Report, checks: Iterable[Check]) -> bytes:
    """Return the page."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{text(_title(report))}</title><style>{style}</style></head>"
        f"<body>{''.join(_body(report, {one.id: one for one in checks}))}</body></html>\n"
    ).encode()


def _title(report: Report) -> str:
    worst = report.worst
    count = sum(one.severity is worst for one in report.findings)
    return f"painless doctor: {count} {worst}" if worst else "painless doctor: nothing found"


def _body(report: Report, checks: Mapping[str, Check]) -> Iterator[str]:
    yield f"<header><p class=soft>painless doctor</p><h1>{_headline(report)}</h1>"
    yield f"<p class=soft>{text(summary(report))}.</p>"
    yield f"<ul class=counts>{''.join(_count(report, one) for one in Severity)}</ul>"
    if report.problems:
        yield f"<div class=notes><p>Not read:</p>{items(report.problems)}</div>"
    yield "</header><main>"
    yield from _findings(report, checks)
    yield from _rest(report, checks)
    yield "</main>"


def _headline(report: Report) -> str:
    bad = [one for one in report.findings if one.severity in OPEN]
    if bad:
        count = len({one.id for one in bad})
        return f"{count} {'thing' if count == 1 else 'things'} to mend soon"
    return "Nothing that will not wait" if report.findings else "Nothing found"


def _count(report: Report, severity: Severity) -> str:
    count = sum(one.severity is severity for one in report.findings)
    return (
        f'<li class="count {severity}{"" if count else " none"}"><b>{count:,}</b><span>{severity}</span></li>'
    )


def _findings(report: Report, checks: Mapping[str, Check]) -> Iterator[str]:
    if not report.findings:
        yield "<p class=well>Every check that could be made passed.</p>"
        return
    yield "<h2>Findings</h2>"
    for _, some in groupby(report.findings, key=lambda one: (ORDER[one.severity], one.id)):
        yield _card(list(some), checks)


def _card(some: list[Result], checks: Mapping[str, Check]) -> str:
    first = some[0]
    opened = " open" if first.severity in OPEN else ""
    many = f"<span class=soft>{len(some)} times</span>" if len(some) > 1 else ""
    return (
        f'<details class="card {first.severity}"{opened}><summary><span class=badge>{first.severity}</span>'
        f"<strong>{text(first.title)}</strong><span class=id>{text(first.id)}</span>{many}</summary>"
        f"<p>{text(first.why)}</p>{''.join(map(_finding, some))}{_more(checks.get(first.id))}</details>"
    )


def _finding(one: Result) -> str:
    evidence = "".join(
        f"<li><code>{text(each.says)}</code><span>{text(each.where)}</span></li>" for each in one.evidence
    )
    of = f"<p class=soft>Of {text(', '.join(one.objects))}</p>" if one.objects else ""
    return (
        f"<div class=finding><h3>{text(one.says)}</h3><p class=soft>Expected: {text(one.expected)}</p>"
        f"<ul class=evidence>{evidence}</ul>{of}<p class=soft>Fix:</p>{lines(one.fix)}</div>"
    )


def _more(check: Check | None) -> str:
    """Return the check's own page."""
    if check is None:
        return ""
    found = page(check)
    told = (
        *found.more,
        f"See it by hand: {found.verify}",
        f"Mend it: {found.fix}",
        f"Sources: {found.sources}",
    )
    said = "".join(f"<p>{prose(one.replace('``', '`'))}</p>" for one in told)
    return f"<details class=more><summary>More about {text(check.id)}</summary>{said}</details>"


def _rest(report: Report, checks: Mapping[str, Check]) -> Iterator[str]:
    yield "<h2>Everything else</h2>"
    if report.silenced:
        yield fold("Silenced", items(f"{one.count} of {one.id}: {one.reason}" for one in report.silenced))
    if report.known:
        yield f"<p class=soft>In the baseline already: {report.known}.</p>"
    if report.unknown:
        unknown = (f"{one.id} {one.title}: {one.why}" for one in report.unknown)
        yield fold(f"{len(report.unknown)} checks could not be made", items(unknown))
    passed = [f"{one} {checks[one].title}" for one in report.passed if one in checks]
    yield fold(f"{len(passed)} checks passed", items(passed))
    rows = (f"<tr><td>{text(name)}<td>{text(where)}</tr>" for name, where in report.looked_at.items())
    yield fold("What was looked at", f"<table><tbody>{''.join(rows)}</tbody></table>")
