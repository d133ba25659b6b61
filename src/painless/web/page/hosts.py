"""The list of hosts: each with its paths, its requests and what is wrong with it.

The page has a part of the list; the script shows all of it, of rows that it is given once and then as they
change.
"""

from collections.abc import Callable, Iterator

import msgspec

from painless.web.page.frame import Page
from painless.web.page.html import Child, Html, el, several
from painless.web.page.parts import page_of, pages, rate, section, share, table, to_host
from painless.web.page.seen import EVERY_OTHER, Ask, Row, View

EACH = 100  # Rows on one page without the script.

_ORDERS: dict[str, tuple[str, Callable[[Row], tuple[object, ...]]]] = {
    "name": ("Name", lambda one: (one.host == EVERY_OTHER, one.host)),
    "rate": ("Requests", lambda one: (-one.requests, one.host)),
    "failed": ("Failures", lambda one: (-max(one.requests, 0) * max(one.failed, 0), not one.wrong, one.host)),
}
HEADS = ("Host", "Paths", "Ingress", "Requests", "Failed", "Trouble")


def page(view: View, ask: Ask) -> Page:
    return Page("Hosts", several(_parts(view, ask)), "/hosts")


def _parts(view: View, ask: Ask) -> Iterator[Html]:
    words, order = ask.query.get("f", ""), ask.query.get("sort", "name")
    order = order if order in _ORDERS else "name"
    trouble = ask.query.get("only") == "trouble"
    yield el("h1", "Hosts")
    yield _filter(words, order, trouble=trouble)
    some = sorted(
        (
            one
            for one in view.rows
            if _fits(one, words.lower().split()) and (one.wrong or one.failed > 0 or not trouble)
        ),
        key=_ORDERS[order][1],
    )
    at = page_of(ask.query.get("page", ""), len(some), EACH)
    shown = some[(at - 1) * EACH : at * EACH]
    count = el("p", f"{len(some):,} of {len(view.rows):,}", class_="hint", id="host-count", role="status")
    rows = table(HEADS, map(_row, shown), caption="Hosts", key="host-rows", numbers=(1, 3, 4))
    yield el("div", count, rows, id="host-list", data_own=True)
    if more := pages(len(some), at, EACH, "hosts", f=words, sort=order, only="trouble" if trouble else ""):
        yield el("div", more, data_unscripted=True)
    yield from _unread(view)


def _filter(words: str, order: str, *, trouble: bool) -> Html:
    return el(
        "form",
        el("label", "Only those with", for_="filter", class_="unseen"),
        el(
            "input",
            type="search",
            name="f",
            id="filter",
            value=words,
            placeholder="Filter: host or Ingress",
            autocomplete="off",
            spellcheck="false",
        ),
        el("label", "Order ", _orders(order)),
        el(
            "label",
            el("input", type="checkbox", name="only", value="trouble", checked=trouble, id="only"),
            " in trouble",
        ),
        el("button", "Show", type="submit", data_unscripted=True),
        class_="filter",
        action="/hosts",
        id="host-filter",
        data_own=True,
    )


def _orders(order: str) -> Html:
    options = (el("option", says, value=name, selected=name == order) for name, (says, _) in _ORDERS.items())
    return el("select", options, name="sort", id="sort")


def _fits(one: Row, words: list[str]) -> bool:
    text = f"{one.host} {one.owner} {one.wrong}".lower()
    return all(word in text for word in words)


def _row(one: Row) -> tuple[Child, ...]:
    return (
        to_host(one.host),
        one.routes,
        one.owner,
        "?" if one.requests < 0 else rate(one.requests),
        "?" if one.failed < 0 else el("span", share(one.failed), class_="bad" if one.failed > 0 else None),
        el("span", one.wrong, class_="bad") if one.wrong else "",
    )


def _unread(view: View) -> Iterator[Html]:
    """Yield what is passed on unread: ports, and hosts whose TLS is their pods' own."""
    site = view.site
    if site is None or not (site.streams or site.passthrough):
        return
    rows = (
        *(
            (f"{one.port}/{'udp' if one.udp else 'tcp'}", one.upstream, str(one.origin.ref))
            for one in site.streams
        ),
        *((one.host, one.upstream, str(one.origin.ref)) for one in site.passthrough),
    )
    made = table(("Port or host", "Upstream", "Object"), rows, caption="Passed on unread", key="unread-rows")
    yield section("unread", "Passed on unread", made)


class Delta(msgspec.Struct, frozen=True):
    """Rows as a browser takes them: all of them, or those that are not as they were at some version."""

    version: int
    whole: bool
    rows: list[Row]


def since(view: View, version: int) -> bytes:
    """Return the rows that are not as they were then; all of them where other hosts were there."""
    whole = version < view.hosts_since or version > view.version
    rows = [one for one in view.rows if whole or view.changed[one.host] > version]
    return msgspec.json.encode(Delta(view.version, whole, rows))
