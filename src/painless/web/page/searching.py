"""Search over everything that is served or said: hosts, objects, Services, pods, certificates, changes."""

import ipaddress
from collections.abc import Iterator
from itertools import chain, islice
from typing import NamedTuple

from painless.compiler.site import Upstream
from painless.model.objects import ObjectRef
from painless.model.snapshot import Name
from painless.web.page.frame import Page
from painless.web.page.html import Html, el, several
from painless.web.page.parts import address, nothing
from painless.web.page.seen import Ask, View

MOST = 60
"""Results that are shown: of more, one goes on typing."""
LONGEST = 200
"""Letters of a question; a host's name has 253 at most, and nobody types it whole."""


class Hit(NamedTuple):
    """One result: what it is, its name, what is said beside it, and the way there."""

    kind: str
    name: str
    about: str
    there: str


def page(view: View, ask: Ask) -> Page:
    words = ask.query.get("q", "")[:LONGEST].lower().split()
    hits = chain(_pods(view, ask.found, address_in(ask.query.get("q", ""))), _hits(view, words))
    found = list(islice(hits, MOST + 1)) if words else []
    return Page("Search", several(_parts(words, found)), "/search", live=False)


def address_in(question: str) -> str:
    """Return the address of a pod that is searched for, as logs have it: with its port, perhaps."""
    text = question.strip()
    host, colon, port = text.rpartition(":")
    bare = host if colon and port.isdigit() and (host.startswith("[") or "." in host) else text
    try:
        return str(ipaddress.ip_address(bare.strip("[]")))
    except ValueError:
        return ""


def _pods(view: View, services: tuple[Name, ...], pod: str) -> Iterator[Hit]:
    for name, host, one in _answering(view):
        if (one.namespace, one.service) in services:
            there = f"{address('hosts', host)}#upstream-{name}"
            yield Hit("Pod", pod, f"{one.namespace}/{one.service}, {host}", there)


def _parts(words: list[str], found: list[Hit]) -> Iterator[Html]:
    yield el("h1", "Search")
    if not words:
        yield nothing(
            "Type a host, an Ingress, a Service, a Secret, the address of a pod, the id of a generation."
        )
        return
    count = f"more than {MOST}" if len(found) > MOST else str(len(found))
    says = f"{count} {'result' if len(found) == 1 else 'results'}" if found else "Nothing is called so."
    yield el("p", says, role="status", class_="hint")
    yield el("ul", map(_hit, found[:MOST]), class_="hits", id="hits")


def _hit(one: Hit) -> Html:
    inner = el("span", one.kind, class_="kind"), el("strong", one.name), el("span", one.about, class_="hint")
    return el("li", el("a", several(inner), href=one.there))


def _hits(view: View, words: list[str]) -> Iterator[Hit]:
    for one in _everything(view):
        text = f"{one.kind} {one.name} {one.about}".lower()
        if all(word in text for word in words):
            yield one


def _everything(view: View) -> Iterator[Hit]:
    for row in view.rows:
        yield Hit("Host", row.host, row.wrong or row.owner, address("hosts", row.host))
    for ref, hosts in _owners(view).items():
        there = address("objects", ref.kind, ref.namespace or "-", ref.name)
        yield Hit(ref.kind, f"{ref.namespace}/{ref.name}", hosts, there)
    yield from _services(view)
    for one in view.seen.findings:
        there = address("objects", one.about.kind, one.about.namespace or "-", one.about.name)
        yield Hit(str(one.severity), f"{one.about.namespace}/{one.about.name}", one.says, there)
    for each in view.certificates:
        if each.secret:
            yield Hit("Secret", f"{each.namespace}/{each.secret}", each.host, address("certificates"))
    for entry in view.seen.history:
        if entry.load is not None:
            about = f"{entry.at} {'; '.join(entry.load.reasons)}"
            yield Hit("Generation", entry.load.generation, about, address("generations", str(entry.number)))


def _owners(view: View) -> dict[ObjectRef, str]:
    found: dict[ObjectRef, str] = {}
    for one in view.hosts.values():
        for ref in one.owners:
            found.setdefault(ref, one.name)
    return found


def _services(view: View) -> Iterator[Hit]:
    for name, host, one in _answering(view):
        there = f"{address('hosts', host)}#upstream-{name}"
        yield Hit("Service", f"{one.namespace}/{one.service}", f"port {one.port}, {host}", there)


def _answering(view: View) -> Iterator[tuple[str, str, Upstream]]:
    """Yield each upstream once, with the first host whose requests it answers."""
    known = {one.name: one for one in view.site.every_upstream} if view.site else {}
    told: set[str] = set()
    for host in view.hosts.values():
        for name in sorted(host.upstreams - told):
            told.add(name)
            if one := known.get(name):
                yield name, host.name, one
