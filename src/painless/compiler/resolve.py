"""From the backend an Ingress names to the upstream that serves it."""

import hashlib
import ipaddress
import re
from functools import lru_cache

from msgspec import Struct, structs

from painless.annotations.addresses import no_other_machine
from painless.compiler.lookup import NO_NUMBERS, Lookup
from painless.compiler.options import Options
from painless.compiler.site import Binding, EndpointsFeed, ExternalFeed, Feed, StaticFeed, Upstream
from painless.features import Parsed
from painless.features.affinity import Affinity
from painless.features.balancing import LEAST_CONNECTIONS, Balancing, Method
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Origin, Service, ServiceBackend, ServicePort
from painless.model.snapshot import PortNumbers

_LONGEST_COOKIE = 24  # Of a cookie's name this much is kept for readers.

LEAST_TIME = (1, 31, 0)
"""The first NGINX with ``least_time``."""


class Unresolved(Struct, frozen=True):
    """The backend cannot be reached: its location answers 503."""

    reason: Reason
    says: str
    hint: str = ""


def resolve(
    lookup: Lookup, options: Options, backend: ServiceBackend, origin: Origin, settings: Parsed
) -> Upstream | Unresolved:
    """Return the upstream of a Service port in the namespace of the origin's object.

    A function of the Service and of what the annotations ask of its upstream: whoever asks the same gets an
    equal one.
    """
    namespace = origin.ref.namespace
    service = lookup.services.get((namespace, backend.name))
    if service is None:
        says = f"found no Service {namespace}/{backend.name}, expected one"
        return Unresolved(Reason.SERVICE_NOT_FOUND, says, "the path answers 503 until it exists")
    binding = _binding(settings.affinity)
    balancing = None if binding else _balancing(settings.balancing, options)
    one_peer = (
        settings.service_upstream
        and service.type != "ExternalName"
        and service.cluster_ip not in {"", "None"}
    )
    feed = _feed(
        lookup,
        options,
        service,
        backend.port,
        one_peer=one_peer,
        named_peers=_is_hashed(binding, balancing),
    )
    if isinstance(feed, Unresolved):
        return feed
    if isinstance(feed, StaticFeed):
        balancing = None
    plain = f"{namespace}.{backend.name}.{backend.port}"
    return Upstream(
        name=plain + _variant(binding, balancing, settings, one_peer=one_peer),
        label=label_of(backend, origin),
        namespace=namespace,
        service=backend.name,
        port=str(backend.port),
        feed=feed,
        affinity=binding,
        balancing=balancing,
        origin=Origin(service.ref, "spec"),
    )


def for_canary(canary: Parsed, primary: Parsed, label: str) -> Parsed:
    """Return the settings of a canary where it hangs on a route: what it has of the route's own.

    Its cookie has a name of its own, so that it tells which of the two Services a client is bound to.
    ``label`` names the canary's Service: the cookie of another canary binds nobody to this one.
    """
    assert canary.canary is not None, "only canaries are hung"
    affinity, rule = primary.affinity, canary.canary
    if affinity is None:
        return structs.replace(
            canary, affinity=None, protocol=primary.protocol, backend_tls=primary.backend_tls
        )
    service = hashlib.blake2b(label.encode(), digest_size=4).hexdigest()
    here = structs.replace(affinity, cookie=f"{affinity.cookie}-{service}", canary=True)
    return structs.replace(
        canary,
        affinity=here if rule.sticky else None,
        canary=structs.replace(rule, bound=affinity.cookie, bound_here=here.cookie if rule.sticky else ""),
        protocol=primary.protocol,
        backend_tls=primary.backend_tls,
    )


def label_of(backend: ServiceBackend, origin: Origin) -> str:
    """Return what ingress-nginx calls the upstream of a backend."""
    return f"{origin.ref.namespace}-{backend.name}-{backend.port}"


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
    if one_peer:
        return StaticFeed(service.cluster_ip, port.port)
    in_use = lookup.port_numbers.get((service.namespace, service.name)) or NO_NUMBERS
    number = None if named_peers else _shared_number(in_use, port)
    return EndpointsFeed(port.name, number, ipv6=any(kind == "IPv6" for _, _, kind in in_use))


def _shared_number(in_use: PortNumbers, port: ServicePort) -> int | None:
    """Return the port number of all endpoints, when the Service itself tells and none contradicts."""
    if not isinstance(port.target_or_port, int):
        return None
    numbers = {number for name, number, _ in in_use if name == port.name}
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
    if no_other_machine(address):
        says = f"found externalName {host} of {service.ref}, expected the address of another machine"
        return Unresolved(Reason.EXTERNAL_NAME_REFUSED, says)
    return StaticFeed(str(address), number)


def _binding(affinity: Affinity | None) -> Binding | None:
    return Binding(affinity.cookie, affinity.persistent, affinity.canary) if affinity else None


def _balancing(wanted: Balancing | None, options: Options) -> Balancing | None:
    if wanted and wanted.method is Method.FASTEST and options.build.version < LEAST_TIME:
        return LEAST_CONNECTIONS
    return wanted


def _is_hashed(binding: Binding | None, balancing: Balancing | None) -> bool:
    # Consistent hashing places peers by their names, so each needs one (SRV).
    if binding:
        return not binding.persistent
    return balancing is not None and balancing.method is Method.HASH


def _variant(
    binding: Binding | None, balancing: Balancing | None, settings: Parsed, *, one_peer: bool
) -> str:
    """Return what keeps the upstream apart from others of its Service port: labels in DNS, mostly none."""
    variant = ".cluster-ip" if one_peer else ""
    if binding:
        kind = "persistent" if binding.persistent else "balanced"
        variant += f".{kind}{'-canary' if binding.canary else ''}-{cookie_id(binding.cookie)}"
    if balancing:
        variant += f".{balancing.name}"
    if settings.protocol != "HTTP":
        # Idle connections are kept for each protocol, since they speak only one.
        variant += f".{settings.protocol.lower().replace('_', '-')}"
    if settings.backend_tls is not None:
        # Nor may one that was opened with a certificate, or without a check, be used where others are asked.
        variant += f".tls-{hashlib.blake2b(repr(settings.backend_tls).encode(), digest_size=5).hexdigest()}"
    return variant


_PLAIN = re.compile(r"[a-z0-9]{1,24}")


@lru_cache(maxsize=4096)
def cookie_id(cookie: str) -> str:
    """Return a cookie's name as part of a variable's and an upstream's name.

    Those have one case only, and an upstream's is a name in DNS, where a part has 63 characters at most.
    """
    if _PLAIN.fullmatch(cookie):
        return cookie
    # With an underline, which the plain ones have not: nobody's cookie is taken for another's.
    readable = "".join(one if one.isalnum() else "_" for one in cookie[:_LONGEST_COOKIE].lower())
    return f"{readable}_{hashlib.blake2b(cookie.encode(), digest_size=5).hexdigest()}"
