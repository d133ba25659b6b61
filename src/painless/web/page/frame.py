"""The frame of every page: its head, the ways to all others, and what is said at once of how things stand."""

from collections.abc import Iterator
from http import HTTPStatus

from msgspec import Struct

from painless.model.diagnostics import Severity
from painless.web.page.html import Html, el, several
from painless.web.page.seen import View


class Page(Struct, frozen=True):
    """What stands in the frame; ``here`` is the way that leads to it, ``live`` whether it follows."""

    title: str
    body: Html
    here: str
    status: int = HTTPStatus.OK
    live: bool = True


WAYS = (
    ("/", "Overview"),
    ("/hosts", "Hosts"),
    ("/generations", "Generations"),
    ("/queues", "Accept queues"),
    ("/capacity", "Capacity"),
    ("/diagnostics", "Diagnostics"),
    ("/certificates", "Certificates"),
    ("/doctor", "Doctor"),
    ("/explain", "Explain a URL"),
)


_WORST = ("critical", "high")
"""Findings of the doctor that every page counts."""


class Standing(Struct, frozen=True):
    """What every page says at once, as browsers are told it."""

    version: int
    state: str
    says: str
    badges: dict[str, int]


def standing(view: View) -> Standing:
    status = view.seen.status
    wrong, worst = len(status.wrong), status.findings
    failing = worst.get(Severity.REJECTED, 0) + worst.get(Severity.ERROR, 0)
    badges = {
        "/diagnostics": failing,
        "/queues": len(status.overflows),
        "/doctor": sum(status.doctor.findings.get(one, 0) for one in _WORST) if status.doctor else 0,
        "/hosts": sum(1 for one in view.rows if one.wrong),
    }
    if not status.ready:
        return Standing(view.version, "bad", "Not ready", badges)
    if wrong:
        says = f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong"
        return Standing(view.version, "wrong", says, badges)
    odd = any(badges.values())
    return Standing(view.version, "look" if odd else "well", "It serves" if odd else "All is well", badges)


def written(view: View, page: Page, query: str, versions: str) -> str:
    """Return the whole page; ``query`` is what was searched for, ``versions`` marks style and script."""
    now = standing(view)
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", f"{page.title} · Painless"),
        el("link", rel="icon", href=f"/page/icon.svg?{versions}", type="image/svg+xml"),
        el("link", rel="stylesheet", href=f"/page/page.css?{versions}"),
        el("script", src=f"/page/page.js?{versions}", type="module"),
    )
    body = el("body", _body(view, page, query, now), data_live=page.live, data_state=now.state)
    return f"<!doctype html>{el('html', head, body, lang='en')}"


def _body(view: View, page: Page, query: str, now: Standing) -> Iterator[Html]:
    yield el("a", "Skip to the content", href="#main", class_="skip")
    # A landmark without a name of its own is told apart by what it is.
    yield el(
        "header",
        el("a", el("span", class_="mark", aria_hidden="true"), "Painless", href="/", class_="brand"),
        el(
            "form",
            el("label", "Search", for_="q", class_="unseen"),
            el(
                "input",
                type="search",
                id="q",
                name="q",
                value=query,
                placeholder="Search hosts, objects, pods",
                autocomplete="off",
                spellcheck="false",
                maxlength=200,
                aria_keyshortcuts="/",
            ),
            el("kbd", "/", aria_hidden="true"),
            role="search",
            action="/search",
        ),
        el(
            "p",
            el("span", now.says, id="standing"),
            el("span", "not live", id="live", class_="quiet"),
            class_=f"standing {now.state}",
            id="state",
            role="status",
        ),
        class_="top",
    )
    yield el("nav", el("ul", (_way(page, now, *one) for one in WAYS)), aria_label="Views", class_="ways")
    yield el("main", page.body, id="main", tabindex=-1)
    status = view.seen.status
    yield el(
        "footer",
        several(f"Painless {status.version}, NGINX {status.nginx}. This page changes nothing."),
    )


def _way(page: Page, now: Standing, there: str, name: str) -> Html:
    count = now.badges.get(there, 0)
    here = "page" if page.here == there else None
    label = el("span", count or "", class_="count", data_badge=there, hidden=not count)
    return el("li", el("a", name, label, href=there, aria_current=here))
