"""What the doctor found when it looked last, the worst first; the report is told by bytes, as it is sent.

The doctor is above this: of its report only what is shown is read, and a report that is no such one is none.
"""

import time
from collections.abc import Iterator
from functools import lru_cache

import msgspec
from msgspec import Struct, structs

from painless.observe.quantities import counted, span
from painless.web.page.frame import Page
from painless.web.page.html import Html, el, prose, several
from painless.web.page.parts import badge, nothing, page_of, pages, section
from painless.web.page.seen import Ask, View

EACH = 50  # Findings on one page.
KEPT = 1_000  # Findings of a report that are kept: one may have 20 MB, and nobody reads the rest here.
UNKNOWN = 100  # Checks that could not be made and are named.

_TONES = {"critical": "bad", "high": "bad", "medium": "warn"}


class Evidence(Struct, frozen=True):
    """What was seen, and where."""

    says: str = ""
    where: str = ""


class Found(Struct, frozen=True, rename="camel"):
    """A finding, as far as it is shown."""

    id: str
    severity: str
    title: str = ""
    says: str = ""
    expected: str = ""
    why: str = ""
    fix: str = ""
    evidence: tuple[Evidence, ...] = ()


class Undecided(Struct, frozen=True, rename="camel"):
    """A check that could not be made, and why."""

    id: str
    title: str = ""
    why: str = ""


class Report(Struct, frozen=True, rename="camel"):
    """What was found, what could not be looked at, and how much was looked at."""

    findings: tuple[Found, ...] = ()
    unknown: tuple[Undecided, ...] = ()
    made: int = 0


class Look(Struct, frozen=True, rename="camel"):
    """The last look: when (seconds since 1970) and for how long; ``problem`` says why none came since.

    ``found`` is how many findings there were, which may be more than are kept.
    """

    at: float
    took: float
    report: Report
    problem: str = ""
    found: int = 0


def page(view: View, ask: Ask) -> Page:
    return Page("Doctor", several(_parts(view, ask)), "/doctor")


def _parts(view: View, ask: Ask) -> Iterator[Html]:
    yield el("h1", "Doctor")
    look = _look(view.seen.doctor())
    if look is None:
        yield nothing("The doctor has not looked yet, or is not wanted (--doctor-interval). By hand:")
        yield el("pre", "painless doctor", tabindex=0)
        return
    yield el("p", _summary(look, view.seen.at), class_="lead")
    if look.problem:
        yield el("p", f"It could not look since: {look.problem}.", class_="verdict wrong")
    found = look.report.findings
    at = page_of(ask.query.get("page", ""), len(found), EACH)
    items = el("ul", map(_found, found[(at - 1) * EACH : at * EACH]), class_="findings")
    yield section("found", "Findings", items if found else nothing("Nothing was found."))
    if more := pages(len(found), at, EACH, "doctor"):
        yield more
    if unknown := look.report.unknown:
        lines = (el("li", el("code", one.id), f" {one.title}: ", one.why) for one in unknown[:UNKNOWN])
        summary = el("summary", f"{counted(len(unknown), 'check')} could not be made")
        yield el("details", summary, el("ul", lines, class_="plain"), id="unknown", data_own=True)


def _summary(look: Look, now: float) -> str:
    day = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(look.at))
    report = look.report
    says = f"{counted(report.made, 'check')}, {counted(look.found, 'finding')}"
    return f"{says}, {span(max(0.0, now - look.at))} ago ({day} UTC)."


@lru_cache(maxsize=1)
def _look(told: bytes) -> Look | None:
    """Read a report; the same bytes are read once."""
    try:
        look = msgspec.json.decode(told, type=Look)
    except msgspec.DecodeError:
        return None
    report = look.report
    short = structs.replace(report, findings=report.findings[:KEPT], unknown=report.unknown[:KEPT])
    return structs.replace(look, report=short, found=len(report.findings))


def _found(one: Found) -> Html:
    tone = _TONES.get(one.severity, "")
    seen = (
        el("li", prose(each.says), el("span", f" {each.where}", class_="hint")) for each in one.evidence[:5]
    )
    return el(
        "li",
        el(
            "p",
            badge(one.severity, tone),
            el("strong", one.title),
            el("span", one.id, class_="reason"),
            class_="where",
        ),
        el("p", prose(one.says), f"; expected {one.expected}" if one.expected else None),
        el("ul", seen, class_="plain hint"),
        el("p", prose(one.why), class_="hint"),
        el("pre", one.fix, tabindex=0) if one.fix else None,
        class_=f"finding {tone or 'calm'}",
    )
