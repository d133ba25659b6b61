"""One host: its paths in the order in which they are compared, who answers each, and the pods of those."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import assert_never

from painless.compiler.site import (
    Answer,
    CanaryArm,
    Denied,
    EndpointsFeed,
    ExternalFeed,
    Location,
    NotFound,
    Proxy,
    Redirected,
    Site,
    StaticFeed,
    Unavailable,
    Upstream,
)
from painless.model.objects import EndpointSlice
from painless.model.snapshot import Name
from painless.observe.quantities import counted
from painless.web.page.frame import Page
from painless.web.page.hosts_of import NO_PODS, rate_of, wrong_with
from painless.web.page.html import Child, Html, el, several
from painless.web.page.parts import (
    badge,
    facts,
    finding,
    link,
    nothing,
    of_object,
    rate,
    section,
    share,
    table,
    worst_first,
)
from painless.web.page.seen import EVERY_OTHER, Ask, Host, View

PODS = 200  # Of one upstream that are shown.


def services(view: View, name: str) -> frozenset[Name]:
    """Return the Services whose endpoints the page of a host shows."""
    return frozenset((one.namespace, one.service) for one in _upstreams(view, name))


def page(view: View, ask: Ask) -> Page:
    name = ask.path["host"]
    one = view.hosts.get(name)
    if one is None:
        body = several(_back(), el("h1", "There is no such host"), nothing(f"Nobody asks for {name}."))
        return Page("No such host", body, "/hosts", HTTPStatus.NOT_FOUND)
    return Page(_called(one), several(_parts(view, one, ask)), "/hosts")


def _back() -> Html:
    return el("p", link("Hosts", "hosts"), class_="way-back")


def _called(one: Host) -> str:
    return "Every other host" if one.name == EVERY_OTHER else one.name


def _parts(view: View, one: Host, ask: Ask) -> Iterator[Html]:
    wrong = wrong_with(one, view.without_pods)
    yield _back()
    yield el("h1", _called(one), " ", badge(wrong, "bad") if wrong else badge("served", "good"))
    yield facts(*_facts(view, one))
    locations = [each for server in one.servers for each in server.locations]
    heads = ("Path", "Answered by", "Ingress")
    rows = (_route(view, each) for each in locations)
    yield section(
        "routes", "Paths", table(heads, rows, caption="Paths, as NGINX compares them", key="route-rows")
    )
    upstreams = _upstreams(view, one.name)
    if upstreams:
        yield section("pods", "Services and pods", (_pods(view, each, ask.slices) for each in upstreams))
    about = worst_first(found for found in view.seen.findings if found.about in set(one.owners))
    if about:
        yield section("findings", "Diagnostics", el("ul", map(finding, about), class_="findings"))


def _facts(view: View, one: Host) -> Iterator[tuple[str, Child]]:
    if (known := rate_of(one, view.rates)) is not None:
        failed, refused = share(known.failed), share(known.refused)
        yield "Requests", f"{rate(known.requests)}, {failed} failed, {refused} refused"
    if len(one.names) > 1:
        yield "Names", ", ".join(one.names)
    site = view.site
    if site is not None:
        twins = [
            each.name
            for each in site.twins
            if each.name.removeprefix("www.") == one.name.removeprefix("www.")
        ]
        if twins:
            yield "Redirects here", ", ".join(twins)
        yield "Certificate", _certificate(view, one, site)
    yield (
        "TLS",
        "redirects plain HTTP where it may"
        if any(each.tls for each in one.servers)
        else "no Ingress asks for it",
    )


def _certificate(view: View, one: Host, site: Site) -> Child:
    if one.name not in site.certificates:
        return "the default certificate"
    found = next((each for each in view.certificates if each.host == one.name), None)
    name = f"{found.namespace}/{found.secret}" if found and found.secret else "the default certificate"
    return link(name, "certificates")


def _route(view: View, one: Location) -> tuple[Child, ...]:
    route = one.route
    modifier = f"{one.modifier} " if one.modifier else ""
    path = several(el("code", f"{modifier}{one.pattern}"), el("span", f" {route.path_type}", class_="hint"))
    owner = of_object(route.origin.ref) if route.origin.ref.name and not route.implicit else ""
    return path, _answer(view, route.answer), owner


def _answer(view: View, answer: Answer) -> Child:
    match answer:
        case Proxy(upstream, label, canary):
            idle = badge(NO_PODS, "bad") if upstream in view.without_pods else None
            return several(_upstream(upstream, label), " ", idle, *_canary(canary))
        case Redirected(label):
            return f"a redirect, in place of {label}" if label else "a redirect"
        case Unavailable(why):
            return several(badge("503", "bad"), f" {why}")
        case Denied(why):
            return several(badge("closed: 503", "bad"), f" {why}")
        case NotFound():
            return "404: nobody serves it"
        case _:
            assert_never(answer)


def _canary(canary: CanaryArm | None) -> Iterator[Child]:
    if canary is not None:
        yield " · canary "
        yield _upstream(canary.upstream, canary.label)
        yield " "
        yield of_object(canary.origin.ref)


def _upstream(name: str, label: str) -> Html:
    return el("a", label or name, href=f"#upstream-{name}")


def _upstreams(view: View, name: str) -> tuple[Upstream, ...]:
    one, site = view.hosts.get(name), view.site
    if one is None or site is None:
        return ()
    routes = (location.route for server in one.servers for location in server.locations)
    wanted = frozenset[str]().union(*(route.upstreams for route in routes))
    return tuple(each for each in site.upstreams if each.name in wanted)


def _pods(view: View, one: Upstream, slices: Mapping[Name, tuple[EndpointSlice, ...]]) -> Html:
    down = badge(NO_PODS, "bad") if one.name in view.without_pods else None
    head = el(
        "h3", f"{one.namespace}/{one.service}", el("span", f" port {one.port}", class_="hint"), " ", down
    )
    return el(
        "div",
        head,
        _peers(one, slices.get((one.namespace, one.service), ())),
        id=f"upstream-{one.name}",
        class_="card",
    )


def _peers(one: Upstream, slices: tuple[EndpointSlice, ...]) -> Html:
    match one.feed:
        case ExternalFeed(hostname, number):
            return el("p", "Outside the cluster: ", el("code", f"{hostname}:{number}"))
        case StaticFeed(address, number):
            return el("p", "The Service's own address: ", el("code", f"{address}:{number}"))
        case EndpointsFeed():
            return _endpoints(one.feed, slices)
        case _:
            assert_never(one.feed)


def _endpoints(feed: EndpointsFeed, slices: tuple[EndpointSlice, ...]) -> Html:
    found = sorted(
        (not endpoint.ready, address, port.port, ", ".join(endpoint.zones))
        for each in slices
        for port in each.ports
        if port.name == feed.port_name
        for endpoint in each.endpoints
        for address in endpoint.addresses
    )
    if not found:
        return nothing("The Service has no endpoints.")
    ready = sum(1 for one in found if not one[0])
    pods = (
        el(
            "li",
            el("code", f"[{address}]:{port}" if ":" in address else f"{address}:{port}"),
            badge("not ready", "warn") if waits else badge("ready", "good"),
            el("span", zones, class_="hint") if zones else None,
        )
        for waits, address, port, zones in found[:PODS]
    )
    rest = el("li", f"and {len(found) - PODS:,} more", class_="hint") if len(found) > PODS else None
    says = f"{ready:,} of {counted(len(found), 'endpoint')} ready"
    return several(el("p", says, class_="hint"), el("ul", pods, rest, class_="pods"))
