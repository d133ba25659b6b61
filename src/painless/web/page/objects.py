"""What there is to say of objects: findings by owner, one object with all that comes of it, certificates."""

import time
from collections.abc import Iterator
from http import HTTPStatus

from painless.model.diagnostics import Diagnostic, Severity
from painless.model.objects import ObjectRef
from painless.observe.quantities import counted, span
from painless.observe.served import Certified
from painless.web.page.frame import Page
from painless.web.page.html import Child, Html, el, several
from painless.web.page.parts import (
    TONES,
    badge,
    finding,
    link,
    nothing,
    of_object,
    page_of,
    pages,
    section,
    table,
    to_host,
    worst_first,
)
from painless.web.page.seen import Ask, View

EACH = 50  # Owners, or certificates, on one page.
FIRST = 20  # Findings of one owner that are shown where there are others.
_SOON = 14 * 86_400  # Seconds before its end at which a certificate should have been renewed.
_HOSTS = 4  # Of one certificate that are named.


def diagnostics(view: View, ask: Ask) -> Page:
    return Page("Diagnostics", several(_diagnostics(view, ask)), "/diagnostics")


def one_of(view: View, ask: Ask) -> Page:
    """Return what there is to say of one object."""
    namespace = "" if ask.path["namespace"] == "-" else ask.path["namespace"]
    ref = ObjectRef(ask.path["kind"], namespace, ask.path["name"])
    about = [one for one in view.seen.findings if one.about == ref]
    hosts = [one for one in view.hosts.values() if ref in one.owners]
    back = el("p", link("Diagnostics", "diagnostics"), class_="way-back")
    head = el("h1", el("span", ref.kind, class_="kind"), f" {f'{namespace}/' if namespace else ''}{ref.name}")
    if not about and not hosts:
        body = several(back, head, nothing("Nothing is served of it, and nothing is found about it."))
        return Page(ref.name, body, "/diagnostics", HTTPStatus.NOT_FOUND)
    parts = [back, head]
    if about:
        parts.append(section("findings", "Diagnostics", _list(about, len(about))))
    else:
        parts.append(el("p", badge("nothing is wrong", "good")))
    if hosts:
        links = el("ul", (el("li", to_host(one.name)) for one in hosts), class_="plain")
        parts.append(section("hosts", counted(len(hosts), "host"), links))
    return Page(str(ref), several(parts), "/diagnostics")


def certificates(view: View, ask: Ask) -> Page:
    return Page("Certificates", several(_certificates(view, ask)), "/certificates")


def _diagnostics(view: View, ask: Ask) -> Iterator[Html]:
    yield el("h1", "Diagnostics")
    wanted = ask.query.get("severity", "")
    counts = view.seen.status.findings
    yield el("ul", _severities(counts, wanted), class_="chips")
    some = [one for one in view.seen.findings if wanted not in set(Severity) or one.severity == wanted]
    owners: dict[ObjectRef, list[Diagnostic]] = {}
    for one in worst_first(some):
        owners.setdefault(one.about, []).append(one)
    if not owners:
        yield nothing("Nothing is wrong with any object.")
    at = page_of(ask.query.get("page", ""), len(owners), EACH)
    for ref, found in list(owners.items())[(at - 1) * EACH : at * EACH]:
        key = f"of-{ref.kind}-{ref.namespace}-{ref.name}"
        head = el("h2", of_object(ref), " ", el("span", counted(len(found), "finding"), class_="hint"))
        yield el("section", head, _list(found, FIRST), id=key, class_="owner")
    if more := pages(len(owners), at, EACH, "diagnostics", severity=wanted):
        yield more


def _severities(counts: dict[str, int], wanted: str) -> Iterator[Html]:
    total = sum(counts.values())
    yield _chip("all", total, link("all", "diagnostics"), here=wanted not in set(Severity))
    for one in reversed(Severity):
        there = link(str(one), "diagnostics", severity=str(one))
        yield _chip(TONES[one], counts.get(str(one), 0), there, here=wanted == one)


def _chip(tone: str, count: int, there: Html, *, here: bool) -> Html:
    return el("li", there, el("span", count, class_="count"), class_=f"chip {tone}{' here' if here else ''}")


def _list(found: list[Diagnostic], most: int) -> Html:
    items = (finding(one, whose=False) for one in found[:most])
    rest = el("li", f"and {len(found) - most:,} more", class_="hint") if len(found) > most else None
    return el("ul", items, rest, class_="findings")


def _certificates(view: View, ask: Ask) -> Iterator[Html]:
    yield el("h1", "Certificates")
    found: dict[tuple[str, str], list[Certified]] = {}
    for one in view.certificates:
        found.setdefault((one.namespace, one.secret), []).append(one)
    some = sorted(found.values(), key=lambda each: each[0].about.ends)
    if not some:
        yield nothing("Nothing is served yet.")
        return
    at = page_of(ask.query.get("page", ""), len(some), EACH)
    heads = ("Secret", "Ends", "In", "Hosts", "Issuer", "Key")
    rows = (_certificate(each, view.seen.at) for each in some[(at - 1) * EACH : at * EACH])
    yield table(heads, rows, caption="Certificates, the next to end first", key="certificate-rows")
    if more := pages(len(some), at, EACH, "certificates"):
        yield more


def _certificate(some: list[Certified], now: float) -> tuple[Child, ...]:
    one, left = some[0], some[0].about.ends - now
    name = f"{one.namespace}/{one.secret}" if one.secret else "the default certificate"
    if left <= 0:
        state = badge(f"ended {span(-left)} ago", "bad")
    else:
        state = badge(span(left), "warn" if left < _SOON else "good")
    hosts = several(several(" " if at else None, to_host(each.host)) for at, each in enumerate(some[:_HOSTS]))
    rest = f" and {len(some) - _HOSTS:,} more" if len(some) > _HOSTS else None
    issuer = one.about.common_name or one.about.organization
    return name, el("time", _day(one.about.ends)), state, several(hosts, rest), issuer, one.about.algorithm


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))
