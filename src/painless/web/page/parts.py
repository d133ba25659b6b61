"""What pages are put together of: tables, badges, meters, lists, links to objects."""

import math
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

from painless.model.diagnostics import Diagnostic, Severity
from painless.model.objects import ObjectRef
from painless.web.page.html import Child, Html, el, several
from painless.web.page.seen import EVERY_OTHER, Rate

TONES = {Severity.REJECTED: "bad", Severity.ERROR: "bad", Severity.WARNING: "warn"}
"""Names of the style sheet: colours that mean something, each of them said in words beside it, too."""


def link(text: str, *path: str, **query: str | int) -> Html:
    """Return a link to one of our pages, each word of its path encoded."""
    return el("a", text, href=address(*path, **query))


def address(*path: str, **query: str | int) -> str:
    there = "/" + "/".join(quote(one, safe="*") for one in path)
    return f"{there}?{urlencode(query)}" if query else there


def to_host(name: str) -> Html:
    return link("every other host" if name == EVERY_OTHER else name, "hosts", name)


def of_object(ref: ObjectRef) -> Html:
    """Return a link to what there is to say of an object."""
    name = f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
    return el(
        "span",
        el("span", ref.kind, class_="kind"),
        " ",
        link(name, "objects", ref.kind, ref.namespace or "-", ref.name),
        class_="object",
    )


def badge(text: str, tone: str = "") -> Html:
    return el("span", text, class_=f"badge {tone}".rstrip())


def table(
    heads: Sequence[str],
    rows: Iterable[Sequence[Child]],
    *,
    caption: str,
    key: str,
    numbers: Sequence[int] = (),
) -> Html:
    """Return a table that scrolls by itself where it is wide; ``numbers`` are the columns with numbers."""
    marks = ["number" if at in numbers else None for at in range(len(heads))]
    head = el("tr", (el("th", one, scope="col", class_=mark) for one, mark in zip(heads, marks, strict=True)))
    body = (
        el(
            "tr",
            (
                el("td", cell, class_=mark, data_label=label)
                for cell, mark, label in zip(row, marks, heads, strict=True)
            ),
        )
        for row in rows
    )
    made = el("table", el("caption", caption, class_="unseen"), el("thead", head), el("tbody", body))
    return el("div", made, class_="scroll", id=key, tabindex=0, role="region", aria_label=caption)


def facts(*some: tuple[str, Child]) -> Html:
    """Return names and values, one below the other."""
    return el("dl", (several(el("dt", name), el("dd", value)) for name, value in some), class_="facts")


def meter(value: float, most: float, says: str) -> Html:
    """Return a bar that turns yellow and red as it fills; ``says`` is what it means."""
    most = max(most, 1.0)
    return el(
        "meter",
        says,
        value=f"{min(value, most):g}",
        min=0,
        max=f"{most:g}",
        low=f"{most * 0.7:g}",
        high=f"{most * 0.9:g}",
        optimum=0,
        aria_label=says,
    )


def section(key: str, title: str, *children: Child | Iterable[Child], more: Html | None = None) -> Html:
    head = el("div", el("h2", title, id=f"{key}-title"), more, class_="head")
    return el("section", head, *children, id=key, aria_labelledby=f"{key}-title")


def nothing(says: str) -> Html:
    return el("p", says, class_="nothing")


def finding(one: Diagnostic, *, whose: bool = True) -> Html:
    """Return a finding: whose and where it is, what was found, what to do about it."""
    return el(
        "li",
        el(
            "p",
            badge(str(one.severity), TONES[one.severity]),
            " ",
            of_object(one.about) if whose else None,
            " ",
            el("code", one.field) if one.field else None,
            class_="where",
        ),
        el("p", one.says),
        el("p", one.hint, class_="hint") if one.hint else None,
        el("p", el("span", str(one.reason), class_="reason"), f" {one.reason.mend}", class_="hint"),
        class_=f"finding {TONES[one.severity]}",
    )


def worst_first(some: Iterable[Diagnostic]) -> list[Diagnostic]:
    return sorted(some, key=lambda one: (-list(Severity).index(one.severity), one))


def share(value: float) -> str:
    """Return a share in percent: as many digits as say something, and never 0 for what is more."""
    if value <= 0:
        return "0 %"
    if value < 0.0005:
        return "< 0.1 %"
    return f"{value:.0%}".replace("%", " %") if value >= 0.0995 else f"{value * 100:.1f} %"


def rate(value: float) -> str:
    return f"{value:,.0f}/s" if value >= 10 or not value else f"{value:.1f}/s"


def curve(trend: Sequence[Rate]) -> Html | None:
    """Return the rates of the last minutes as a line, and the part of them that failed."""
    if len(trend) < 2:
        return None
    most = max(1.0, *(one.requests for one in trend))
    step = 100 / (len(trend) - 1)

    def line(values: Iterable[float], name: str) -> Html:
        points = " ".join(f"{at * step:.1f},{29 - 28 * value / most:.1f}" for at, value in enumerate(values))
        return el("polyline", points=points, class_=name)

    says = (
        f"Requests a second: at most {math.ceil(most):,} since this page looks, now {trend[-1].requests:,.0f}"
    )
    return el(
        "svg",
        line((one.requests for one in trend), "requests"),
        line((one.requests * one.failed for one in trend), "failed"),
        viewBox="0 0 100 30",
        preserveAspectRatio="none",
        role="img",
        aria_label=says,
        class_="curve",
    )


def pages(count: int, page: int, each: int, *path: str, **query: str) -> Html | None:
    """Return links to the other parts of a long list."""
    last = max(1, math.ceil(count / each))
    if last == 1:
        return None
    first, end = (page - 1) * each + 1, min(count, page * each)
    return el(
        "nav",
        link("Before", *path, **query, page=page - 1) if page > 1 else None,
        el("span", f"{first:,} to {end:,} of {count:,}"),
        link("Next", *path, **query, page=page + 1) if page < last else None,
        class_="pages",
        aria_label="Parts of the list",
    )


def page_of(query: str, count: int, each: int) -> int:
    """Return which part of a list is asked for; the nearest one that there is."""
    wanted = int(query) if query.isascii() and query.isdigit() and len(query) < 9 else 1
    return min(max(1, wanted), max(1, math.ceil(count / each)))
