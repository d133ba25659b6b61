"""From the backend an Ingress names to the upstream that serves it."""

import hashlib
import ipaddress

from msgspec import Struct, structs

from painless.compiler.lookup import NO_NUMBERS, Lookup
from painless.compiler.options import Options
from painless.compiler.site import EndpointsFeed, ExternalFeed, Feed, StaticFeed, Upstream
from painless.features.affinity import Affinity
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Origin, Service, ServiceBackend, ServicePort


_LONGEST_COOKIE = 24  # Of a cookie's name this much is kept for readers.


class Unresolved(Struct, frozen=True):
    """The backend cannot be reached: its location answers 503."""

    reason: Reason
    says: str
    hint: str = ""


def resolve(
    lookup: Lookup,
    options: Options,
    backend: ServiceBackend,
    origin: Origin,
    *,
    one_peer: bool = False,
    affinity: Affinity | None = None,
) -> Upstream | Unresolved:
    """Return the upstream of a Service port in the namespace of the origin's object."""
    namespace = origin.ref.namespace
    service = lookup.services.get((namespace, backend.name))
    if service is None:
        says = f"found no Service {namespace}/{backend.name}, expected one"
        return Unresolved(Reason.SERVICE_NOT_FOUND, says, "the path answers 503 until it exists")
    feed = _feed(lookup, options, service, backend.port, one_peer=one_peer, named_peers=_hashed(affinity))
    if isinstance(feed, Unresolved):
        return feed
    return Upstream(
        name=f"{namespace}.{backend.name}.{backend.port}{_variant(affinity)}",
        label=f"{namespace}-{backend.name}-{backend.port}",
        namespace=namespace,
        service=backend.name,
        port=str(backend.port),
        feed=feed,
        affinity=(affinity.cookie, affinity.persistent) if affinity else None,
        origin=Origin(service.ref, "spec"),
    )


def spoken(upstream: Upstream, protocol: str) -> Upstream:
    """Return the upstream for a protocol: idle connections are kept for each, since they speak only one."""
    if protocol == "HTTP":
        return upstream
    return structs.replace(upstream, name=f"{upstream.name}.{protocol.lower().replace('_', '-')}")


def find_port(service: Service, port: int | str) -> ServicePort | None:
    """Return the port that ``port`` means: by number, by target port or by name, the first that fits."""
    text = str(port)
    return next(
        (one for one in service.ports if text in {str(one.port), str(one.target_or_port), one.name}), None
    )


def diagnostic(unresolved: Unresolved, origin: Origin) -> Diagnostic:
    """Return what the owner of the reference is told."""
    return Diagnostic(
        origin.ref, origin.field, unresolved.reason, Severity.ERROR, unresolved.says, unresolved.hint
    )


def _feed(
    lookup: Lookup,
    options: Options,
    service: Service,
    wanted: int | str,
    *,
    one_peer: bool,
    named_peers: bool,
) -> Feed | Unresolved:
    port = find_port(service, wanted)
    if service.type == "ExternalName":
        return _external(service, port, wanted, options)
    if port is None:
        found = ", ".join(f"{one.port} {one.name}".strip() for one in service.ports) or "none"
        return Unresolved(
            Reason.PORT_NOT_FOUND,
            f"found ports {found} in {service.ref}, expected {wanted}",
            "the path answers 503 until the port exists",
        )
    if one_peer and service.cluster_ip not in {"", "None"}:
        return StaticFeed(service.cluster_ip, port.port)
    return EndpointsFeed(port.name, None if named_peers else _shared_number(lookup, service, port))


def _shared_number(lookup: Lookup, service: Service, port: ServicePort) -> int | None:
    """Return the port number of all endpoints, when the Service itself tells and none contradicts."""
    if not isinstance(port.target_or_port, int):
        return None
    in_use = lookup.port_numbers.get((service.namespace, service.name)) or NO_NUMBERS
    numbers = {number for name, number in in_use if name == port.name}
    return port.target_or_port if numbers <= {port.target_or_port} else None


def _external(
    service: Service, port: ServicePort | None, wanted: int | str, options: Options
) -> Feed | Unresolved:
    if not options.external_names:
        says = f"found {service.ref} of type ExternalName, which this controller does not serve"
        return Unresolved(Reason.EXTERNAL_NAME_REFUSED, says)
    host = service.external_name.rstrip(".").lower()
    number = port.target_or_port if port else wanted
    if not isinstance(number, int):
        says = f"found port {wanted} of {service.ref}, expected a number, as outside names have no port names"
        return Unresolved(Reason.PORT_NOT_FOUND, says)
    if host == "localhost" or host.endswith(".localhost") or not host:
        says = f'found externalName "{host}" of {service.ref}, expected a name of another machine'
        return Unresolved(Reason.EXTERNAL_NAME_REFUSED, says)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ExternalFeed(host, number)
    if address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast:
        says = f"found externalName {host} of {service.ref}, expected the address of another machine"
        return Unresolved(Reason.EXTERNAL_NAME_REFUSED, says)
    return StaticFeed(str(address), number)


def _hashed(affinity: Affinity | None) -> bool:
    # Consistent hashing places peers by their names, so each needs one (SRV).
    return affinity is not None and not affinity.persistent


def _variant(affinity: Affinity | None) -> str:
    """Return the suffix that keeps a Service with affinity apart from the same one without."""
    if affinity is None:
        return ""
    kind = "persistent" if affinity.persistent else "balanced"
    return f".{kind}-{cookie_id(affinity.cookie)}"


def cookie_id(cookie: str) -> str:
    """Return a cookie's name as part of a variable's and an upstream's name.

    Those have one case only, and an upstream's is a name in DNS, where a part has 63 characters at most.
    """
    plain = "".join(one if one.isalnum() else "_" for one in cookie.lower())
    if plain == cookie and len(cookie) <= _LONGEST_COOKIE:
        return plain
    return f"{plain[:_LONGEST_COOKIE]}_{hashlib.blake2b(cookie.encode(), digest_size=3).hexdigest()}"
