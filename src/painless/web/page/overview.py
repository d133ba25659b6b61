"""The first view: is it well, what is wrong, how much is going on, what has changed."""

from collections.abc import Iterator

from painless.controller.status import Status
from painless.model.diagnostics import Severity
from painless.observe.quantities import counted, size, span
from painless.web.page.frame import Page, standing
from painless.web.page.generations import entry
from painless.web.page.html import Child, Html, el, several
from painless.web.page.parts import (
    curve,
    finding,
    link,
    meter,
    nothing,
    rate,
    section,
    share,
    table,
    to_host,
    worst_first,
)
from painless.web.page.seen import Ask, Row, View

_BADGES = {
    "/diagnostics": ("error in objects", "errors in objects"),
    "/queues": ("listener drops connections", "listeners drop connections"),
    "/doctor": ("serious finding of the doctor", "serious findings of the doctor"),
    "/hosts": ("host has a path that nobody answers", "hosts have paths that nobody answers"),
}
"""What every page counts, in words."""

FINDINGS, HOSTS, ENTRIES = 5, 8, 4
"""How many are shown here; a link leads to all."""


def page(view: View, _: Ask) -> Page:
    return Page("Overview", several(_parts(view)), "/")


def _parts(view: View) -> Iterator[Html]:
    yield el("h1", "Overview", class_="unseen")
    yield _verdict(view)
    yield el("div", _tiles(view), class_="tiles")
    yield el("div", _hosts(view), _changes(view), class_="halves")
    yield from _doctor(view.seen.status)
    yield _findings(view)


def _verdict(view: View) -> Html:
    status, now = view.seen.status, standing(view)
    if now.state == "look":
        items = (el("li", _to_look_at(there, count)) for there, count in now.badges.items() if count)
        return el(
            "div", el("h2", "It serves. To look at:"), el("ul", items), class_="verdict look", id="verdict"
        )
    if not status.wrong:
        held = status.governor.waits_for if status.governor else ""
        says = f"A change waits: {held}." if held else "NGINX serves what the objects ask for."
        return el("div", el("h2", "All is well"), el("p", says), class_="verdict well", id="verdict")
    head = "Not ready" if not status.ready else "Something is wrong"
    tone = "bad" if not status.ready else "wrong"
    sentences = el("ul", (el("li", one[:1].upper() + one[1:]) for one in status.wrong))
    return el("div", el("h2", head), sentences, class_=f"verdict {tone}", id="verdict")


def _to_look_at(there: str, count: int) -> Html:
    one, some = _BADGES[there]
    return el("a", counted(count, one, some), href=there)


def _tiles(view: View) -> Iterator[Html]:
    yield _requests(view)
    yield _clients(view.seen.status)
    yield _accepting(view.seen.status)
    yield _serving(view)


def _tile(key: str, name: str, value: Child, unit: str, *more: Child, to: str) -> Html:
    return el(
        "div",
        el("h2", el("a", name, href=to)),
        el("p", el("strong", value), f" {unit}" if unit else None, class_="figure"),
        *more,
        class_="tile",
        id=f"tile-{key}",
    )


def _requests(view: View) -> Html:
    if not view.seen.counts:
        says = el("p", "Requests are not counted: --enable-metrics is off.", class_="hint")
        return _tile("requests", "Requests", "?", "", says, to="/hosts")
    if not view.trend:
        says = el("p", "Measured while somebody looks: in a second.", class_="hint")
        return _tile("requests", "Requests", "…", "", says, to="/hosts")
    now = view.trend[-1]
    about = el(
        "p",
        el("span", f"{share(now.failed)} failed", class_="bad" if now.failed else None),
        f", {share(now.refused)} refused",
        class_="hint",
    )
    figure = f"{now.requests:,.0f}" if now.requests >= 10 or not now.requests else f"{now.requests:.1f}"
    return _tile(
        "requests", "Requests", figure, "each second", about, curve(view.trend), to="/hosts?sort=rate"
    )


def _clients(status: Status) -> Html:
    one = status.capacity
    if one is None:
        return _tile(
            "clients", "Clients", "?", "", el("p", "NGINX does not run.", class_="hint"), to="/capacity"
        )
    if one.connections is None:
        return _tile("clients", "Clients", one.clients, "connected", to="/capacity")
    says = f"{one.clients:,} of {one.connections:,} clients"
    used = f"{share(one.used_ratio or 0.0)} of {one.connections:,}; {one.binding} ends first."
    limit = el("p", used, class_="hint")
    return _tile(
        "clients",
        "Clients",
        one.clients,
        "connected",
        meter(one.clients, one.connections, says),
        limit,
        to="/capacity",
    )


def _accepting(status: Status) -> Html:
    if not status.queues:
        return _tile("queues", "Accept queues", "?", "", to="/queues")
    fullest = max(status.queues, key=lambda one: one.longest / (one.limit or 1))
    known = [one.drops for one in status.queues if one.drops is not None]
    drops = sum(known)
    says = f"At most {fullest.longest:,} of {fullest.limit or 0:,} in the last minute, at {fullest.listen}."
    dropped = f"{drops:,} connections were dropped since NGINX began" if drops else "nothing was dropped"
    dropped = dropped if known else "what is dropped cannot be seen"
    tone = "bad" if status.overflows else None
    return _tile(
        "queues",
        "Accept queues",
        sum(one.depth for one in status.queues),
        "waiting",
        meter(fullest.longest, fullest.limit or 1, says),
        el("p", el("span", dropped, class_=tone), ". ", says, class_="hint"),
        to="/queues",
    )


def _serving(view: View) -> Html:
    status = view.seen.status
    some = status.generations or ()
    old = [one for one in some if one.draining is not None]
    memory = [one.memory for one in some]
    known = sum(one for one in memory if one is not None) if None not in memory else None
    what = el("p", _counts(view), class_="hint")
    drains = f", {counted(len(old), 'old one drains', 'old ones drain')}" if old else ""
    room = el("p", f"{size(known)} in memory{drains}.", class_="hint") if some else None
    held = [one for each in old for one in each.held_by[:1] if one.host]
    who = el("p", "Held by ", to_host(held[0].host), class_="hint") if held else None
    age = next((span(one.age) for one in some if one.draining is None), "?")
    return _tile("generation", "Generation", age, "old" if some else "", what, room, who, to="/generations")


def _counts(view: View) -> str:
    live = view.seen.status.live
    if live is None:
        return "Nothing is served."
    found = (
        counted(live.ingresses, "Ingress", "Ingresses"),
        counted(len(view.hosts), "host"),
        counted(live.upstreams, "upstream"),
    )
    return f"{', '.join(found)}."


def _hosts(view: View) -> Html:
    """Return hosts that somebody should look at; where there are none, the busiest."""
    odd = [one for one in view.rows if one.wrong or one.failed > 0]
    busy = [one for one in view.rows if one.requests > 0]
    title = "Hosts in trouble" if odd else "Busiest hosts"
    some = sorted(
        odd or busy, key=lambda one: (-max(one.requests, 0) * max(one.failed, 0), -one.requests, one.host)
    )
    sort = "failed" if odd else "rate"
    more = link("All hosts", "hosts", sort=sort)
    if not some:
        says = "Every path has a Service with pods." if view.rows else "There are no hosts."
        return section("hosts", title, nothing(says), more=more)
    rows = (_row(one) for one in some[:HOSTS])
    made = table(
        ("Host", "Requests", "Failed", "Trouble"), rows, caption=title, key="host-table", numbers=(1, 2)
    )
    rest = len(some) - HOSTS
    return section("hosts", title, made, nothing(f"and {rest:,} more") if rest > 0 else None, more=more)


def _row(one: Row) -> tuple[Child, ...]:
    failed = "?" if one.failed < 0 else share(one.failed)
    return (
        to_host(one.host),
        "?" if one.requests < 0 else rate(one.requests),
        el("span", failed, class_="bad" if one.failed > 0 else None),
        el("span", one.wrong, class_="bad") if one.wrong else "",
    )


def _changes(view: View) -> Html:
    more = link("All changes", "generations")
    some = view.seen.history[:ENTRIES]
    if not some:
        return section("changes", "Latest changes", nothing("Nothing has changed since we began."), more=more)
    return section("changes", "Latest changes", el("ol", map(entry, some), class_="timeline"), more=more)


def _doctor(status: Status) -> Iterator[Html]:
    """Yield the worst of what the doctor found, where it found anything above low."""
    if status.doctor is not None and status.doctor.worst:
        items = el("ul", (el("li", one) for one in status.doctor.worst), class_="plain card")
        yield section("doctor", "The doctor found", items, more=link("All of it", "doctor"))


def _findings(view: View) -> Html:
    found = worst_first(view.seen.findings)
    more = link("All diagnostics", "diagnostics")
    if not found:
        return section("findings", "Diagnostics", nothing("Nothing is wrong with any object."), more=more)
    counts = view.seen.status.findings
    says = ", ".join(f"{counts[str(one)]:,} {one}" for one in reversed(Severity) if counts.get(str(one)))
    items = el("ul", map(finding, found[:FINDINGS]), class_="findings")
    return section("findings", "Diagnostics", el("p", says, class_="hint"), items, more=more)
