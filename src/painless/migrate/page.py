"""The report as one page: no other file, no other machine, readable on a phone and at a desk.

Everything is in the page before any script runs; the script only hides what is not looked for.  The policy
in its head lets nothing run or load but the script and the style sheet beside this module.
"""

import base64
import hashlib
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files

from painless.migrate import cards
from painless.migrate.cards import CLASSES
from painless.migrate.markup import fold, items, lines, prose, text
from painless.migrate.report import MEANING, Report, Standing, few, many, rank

_NAMES = 12  # Objects named for each finding.

_WORST_FIRST = tuple(reversed(Standing))


def rendered(report: Report) -> str:
    """Return the page."""
    style, script = _file("page.css"), _file("page.js")
    policy = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; base-uri 'none'"
    body = "".join(_body(report))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>From ingress-nginx to Painless: {text(report.source)}</title><style>{style}</style></head>"
        f"<body>{body}<script>{script}</script></body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    yield "<header>"
    yield from _head(report)
    yield "</header><main>"
    for name, title, part in (
        ("overview", "What to look at", _overview),
        ("ingresses", "Ingresses", _ingresses),
        ("settings", "Settings for all", _settings),
        ("switch", "Side by side, and over", _steps),
        ("general", "Always different", _general),
        ("shared", "Shared blocks", _shared),
    ):
        if inner := "".join(part(report)):
            yield f"<section id={name}><h2>{title}</h2>{inner}</section>"
    yield "</main>"


def _head(report: Report) -> Iterator[str]:
    count = many(len(report.ingresses), "Ingress", "Ingresses")
    yield f"<p class=kicker>From ingress-nginx to Painless</p><h1>{count} of {text(report.source)}</h1>"
    if report.controller:
        yield f"<p>Served today by {text(report.controller)}.</p>"
    yield f"<ul class=counts>{''.join(_count(report, one) for one in _WORST_FIRST)}</ul>"
    yield '<nav><a href="#overview">What to look at</a><a href="#ingresses">Ingresses</a>'
    yield '<a href="#settings">Settings for all</a><a href="#switch">Side by side, and over</a>'
    yield '<a href="#general">Always different</a></nav>'
    if report.notes:
        yield f"<div class=notes><p>What could not be known</p>{items(report.notes)}</div>"


def _count(report: Report, standing: Standing) -> str:
    count = report.count(standing)
    return (
        f'<li class="count {CLASSES[standing]}{"" if count else " none"}"><b>{count:,}</b>'
        f"<span>{standing}</span><small>{MEANING[standing]}</small></li>"
    )


def _overview(report: Report) -> Iterator[str]:
    """Yield like with like: one entry for each setting, whoever has it."""
    for standing in _WORST_FIRST[:-1]:
        for name, some in report.by_setting(standing).items():
            says = tuple(dict.fromkeys(sentence for _, one in some for sentence in one.says))
            instead = next((one.instead for _, one in some if one.instead), "")
            yield cards.setting(standing, name, some, says, instead)
    for name, odd in report.by_surprise.items():
        first = odd[0][1]
        yield cards.setting(None, name, odd, (first.says,), first.mend)


def _ingresses(report: Report) -> Iterator[str]:
    # The script shows this: without one there is nothing to filter with.
    yield '<form id=filter hidden role=search><input type=search aria-label="Search" '
    yield 'placeholder="Search: name, host, annotation">'
    for standing in _WORST_FIRST:
        if count := report.count(standing):
            name = CLASSES[standing]
            yield f'<label class="chip {name}"><input type=checkbox checked value="{name}">'
            yield f"{standing} <b>{count:,}</b></label>"
    yield "<label class=chip><input type=checkbox id=surprised>with surprises</label>"
    yield "<output></output></form>"
    yield from map(cards.ingress, report.ingresses)
    if report.others:
        names = [f"{one.namespace}/{one.name}" for one in report.others]
        count_of = many(len(names), "Ingress", "Ingresses")
        yield fold(f"{count_of} of other classes, not looked at", items(names))


def _settings(report: Report) -> Iterator[str]:
    for title, some in (
        ("ConfigMap", report.config),
        ("Flags of the controller", report.flags),
        ("Values of the chart", report.values),
    ):
        if some:
            bad = [one for one in some if one.standing is not Standing.SAME]
            yield f"<h3>{title}</h3>"
            for one in sorted(bad, key=lambda verdict: -rank(verdict.standing)):
                yield f"<article class=card>{cards.verdict_of(one)}</article>"
            yield cards.same([one for one in some if one.standing is Standing.SAME])
    if report.findings:
        found = (f"{few(one.whose, _NAMES)}: {one.says}" for one in report.findings)
        yield f"<h3>Other objects</h3>{items(found)}"


def _steps(report: Report) -> Iterator[str]:
    yield "<ol class=steps>"
    for one in report.steps:
        name, content = one.file
        yield f"<li><h3>{text(one.title)}</h3><p>{prose(one.says)}</p>{lines(chr(10).join(one.commands))}"
        yield f"{fold(name, lines(content)) if name else ''}</li>"
    yield "</ol>"


def _general(report: Report) -> Iterator[str]:
    yield "<p class=hint>Whatever objects ask for. None of it is counted above.</p>"
    yield "<div class=scroll><table><thead><tr><th>ingress-nginx<th>Painless</tr></thead><tbody>"
    yield from (f"<tr><td>{prose(theirs)}<td>{prose(ours)}</tr>" for theirs, ours in report.general)
    yield "</tbody></table></div>"


def _shared(report: Report) -> Iterator[str]:
    for at, block in enumerate(report.texts):
        yield fold(f"Shared block {at + 1}", lines(block), f"text-{at}")


@lru_cache(maxsize=2)
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
