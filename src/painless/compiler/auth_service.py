"""Whom ``auth-url`` asks: from the host of a URL to the upstream with its addresses.

A Service of the snapshot is asked at its endpoints, as a backend is; any other host is a name outside.
"""

import hashlib
import ipaddress
import re

from msgspec import structs

from painless.compiler.lookup import Lookup
from painless.compiler.options import Options
from painless.compiler.resolve import Unresolved, resolve
from painless.compiler.site import NOBODY, ExternalFeed, Feed, StaticFeed, Upstream
from painless.features import Parsed
from painless.features.external_auth import ExternalAuth, Pool
from painless.model.objects import ObjectRef, Origin, ServiceBackend

_SERVICE = re.compile(r"(?P<name>[^.]+)\.(?P<namespace>[^.]+)\.svc(?:\.cluster\.local)?")

_LONGEST = 180
"""Characters of a host that can be a part of an upstream's name, which is one in DNS with 255 at most."""


def auth_service(
    auth: ExternalAuth, host: str, lookup: Lookup, options: Options, neutral: Parsed
) -> Upstream | None:
    """Return the upstream that is asked about requests to ``host``; ``None`` when there can be none.

    ``neutral`` is what an Ingress without annotations means: its settings hold for the service.
    """
    name = auth.url.host_of(host)
    if not name:
        return None
    found = _of_service(auth, name, lookup, options, neutral) or _outside(auth, name)
    if auth.pool is None:
        return found
    return structs.replace(found, name=f"{found.name}.{_label(auth.pool)}", pool=auth.pool)


def _of_service(
    auth: ExternalAuth, host: str, lookup: Lookup, options: Options, neutral: Parsed
) -> Upstream | None:
    matched = _SERVICE.fullmatch(host)
    if matched is None:
        return None
    settings = structs.replace(neutral, protocol="HTTPS" if auth.url.secure else "HTTP", affinity=None)
    origin = Origin(ObjectRef("Service", matched["namespace"], matched["name"]), "spec")
    found = resolve(lookup, options, ServiceBackend(matched["name"], auth.url.port), origin, settings)
    # A port that the Service has not is perhaps one of its address, which a name server knows.
    return None if isinstance(found, Unresolved) else found


def _outside(auth: ExternalAuth, host: str) -> Upstream:
    feed: Feed
    try:
        feed = StaticFeed(str(ipaddress.ip_address(host)), auth.url.port)
    except ValueError:
        feed = ExternalFeed(host, auth.url.port)
    part = host if len(host) <= _LONGEST else hashlib.blake2b(host.encode(), digest_size=16).hexdigest()
    # No Service has such a name: what follows its port is a word of ours, and this one no other's.
    name = f"{part}.{auth.url.port}.external-auth{'-https' if auth.url.secure else ''}"
    return Upstream(
        name=name,
        label=name,
        namespace="",
        service=host,
        port=str(auth.url.port),
        feed=feed,
        origin=NOBODY,
    )


def _label(pool: Pool) -> str:
    return f"keepalive-{pool.connections}-{pool.requests}-{pool.seconds}"
