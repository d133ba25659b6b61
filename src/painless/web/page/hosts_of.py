"""From what is served to the hosts of it, and to the rows of their list."""

from collections.abc import Iterator, Mapping

from painless.compiler.site import Denied, Proxy, Server, Site, Unavailable
from painless.model.objects import ObjectRef
from painless.web.page.seen import EVERY_OTHER, Host, Rate, Row

NO_SERVICE, CLOSED, NO_PODS = "no Service", "closed", "no pod is ready"


def hosts_of(site: Site | None) -> dict[str, Host]:
    """Return the hosts of a site, in their order; the name of what serves every other host comes last."""
    found: dict[str, list[Server]] = {}
    for one in site.servers if site else ():
        found.setdefault(one.host or EVERY_OTHER, []).append(one)
    ordered = sorted(found, key=lambda name: (name == EVERY_OTHER, name))
    return {name: _host(name, tuple(found[name])) for name in ordered}


def _host(name: str, servers: tuple[Server, ...]) -> Host:
    routes = [location.route for one in servers for location in one.locations]
    owners = {one.origin.ref for one in routes if one.origin.ref.name and not one.implicit}
    return Host(
        name=name,
        servers=servers,
        names=tuple(dict.fromkeys(each for one in servers for each in one.names)) or (name,),
        routes=len([one for one in routes if not one.implicit]),
        owners=tuple(sorted(owners)),
        upstreams=frozenset(
            one.answer.upstream
            for one in routes
            if isinstance(one.answer, Proxy) and one.origin.ref.name and not one.implicit
        ),
        problems=tuple(sorted({problem for one in routes if (problem := _problem(one.answer))})),
    )


def _problem(answer: object) -> str:
    if isinstance(answer, Unavailable):
        return NO_SERVICE
    return CLOSED if isinstance(answer, Denied) else ""


def wrong_with(one: Host, without_pods: frozenset[str]) -> str:
    """Return what is wrong with a host, in few words; nothing where all of its paths are answered."""
    idle = (NO_PODS,) if one.upstreams & without_pods else ()
    return ", ".join((*one.problems, *idle))


def rows_of(
    hosts: Mapping[str, Host], without_pods: frozenset[str], rates: Mapping[str, Rate] | None
) -> Iterator[Row]:
    for one in hosts.values():
        rate = rate_of(one, rates)
        requests, failed = (round(rate.requests, 1), round(rate.failed, 4)) if rate else (-1.0, -1.0)
        yield Row(one.name, one.routes, owner_of(one.owners), wrong_with(one, without_pods), requests, failed)


def owner_of(owners: tuple[ObjectRef, ...]) -> str:
    """Return whose a host is, short: an Ingress, or how many."""
    if len(owners) > 1:
        return f"{owners[0].namespace}/{owners[0].name} and {len(owners) - 1} more"
    return f"{owners[0].namespace}/{owners[0].name}" if owners else ""


def rate_of(one: Host, rates: Mapping[str, Rate] | None) -> Rate | None:
    """Return the rate of all names of a host together."""
    if rates is None:
        return None
    some = [rates[name] for name in {one.name, *one.names} if name in rates]
    if len(some) == 1:
        return some[0]
    requests = sum(each.requests for each in some)
    if not requests:
        return Rate(0.0, 0.0, 0.0)
    failed = sum(each.requests * each.failed for each in some) / requests
    return Rate(requests, failed, sum(each.requests * each.refused for each in some) / requests)
