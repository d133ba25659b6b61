"""Whom ``auth-url`` asks and ``mirror-target`` tells: from the host of a URL to its upstream.

A Service of the snapshot is asked at its endpoints, as a backend is; any other host is a name outside.
"""

import hashlib
import ipaddress
import re

from msgspec import structs

from painless.annotations.urls import Url
from painless.compiler.lookup import Lookup
from painless.compiler.options import Options
from painless.compiler.resolve import Unresolved, resolve
from painless.compiler.site import NOBODY, ExternalFeed, Feed, StaticFeed, Upstream
from painless.features import Parsed
from painless.features.external_auth import GLOBAL_URL, URL, ExternalAuth, Pool
from painless.features.mirror import TARGET, Mirror
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef, Origin, ServiceBackend

SERVICE = re.compile(r"(?P<name>[^.]+)\.(?P<namespace>[^.]+)\.svc(?:\.cluster\.local)?")

_LONGEST = 180
"""Characters of a host that can be a part of an upstream's name, which is one in DNS with 255 at most."""


class UrlServices:
    """Finds whom the URLs of one host's Ingresses mean; collects the upstreams.

    ``neutral`` is what an Ingress without annotations means: its settings hold for Services.
    """

    def __init__(self, host: str, lookup: Lookup, options: Options, neutral: Parsed) -> None:
        self._host = host
        self._lookup = lookup
        self._options = options
        self._neutral = neutral
        self.upstreams: dict[str, Upstream] = {}

    def asked(self, auth: ExternalAuth, origin: Origin, diagnostics: list[Diagnostic]) -> str | None:
        """Return the upstream that is asked whether requests may pass; ``None`` when nobody can be."""
        found = self._of(auth.url, "external-auth", "which is asked whether requests may pass")
        if found is None:
            about = Origin(origin.ref, self._field(URL.name))
            if auth.shared and self._options.configmap:
                about = Origin(ObjectRef("ConfigMap", *self._options.configmap), f"data[{GLOBAL_URL.name}]")
            hint = "the paths answer 503 until this is mended"
            diagnostics.append(self._nobody(about, Reason.LOCATION_DENIED, Severity.REJECTED, hint))
            return None
        if auth.pool:
            found = structs.replace(found, name=f"{found.name}.{_label(auth.pool)}", pool=auth.pool)
        return self._kept(found)

    def told(self, mirror: Mirror, origin: Origin, diagnostics: list[Diagnostic]) -> str:
        """Return the upstream that gets copies of requests; empty when nobody can."""
        found = self._of(mirror.url, "mirror", "which gets copies of requests")
        if found is None:
            about = Origin(origin.ref, self._field(TARGET.name))
            reason, severity = Reason.INVALID_ANNOTATION_VALUE, Severity.ERROR
            diagnostics.append(self._nobody(about, reason, severity, TARGET.instead))
            return ""
        return self._kept(found)

    def _kept(self, found: Upstream) -> str:
        self.upstreams[found.name] = found
        return found.name

    def _nobody(self, about: Origin, reason: Reason, severity: Severity, hint: str) -> Diagnostic:
        where = self._host or "the catch-all"
        says = f"found a variable for the host, expected a name, since {where} is none"
        return Diagnostic(about.ref, about.field, reason, severity, says, hint)

    def _of(self, url: Url, kind: str, purpose: str) -> Upstream | None:
        name = url.host_of(self._host)
        if not name:
            return None
        kind = f"{kind}-https" if url.secure else kind
        return self._of_service(url, name) or outside(name, url.port, kind, purpose)

    def _of_service(self, url: Url, host: str) -> Upstream | None:
        matched = SERVICE.fullmatch(host)
        if matched is None:
            return None
        protocol = "HTTPS" if url.secure else "HTTP"
        settings = structs.replace(self._neutral, protocol=protocol, affinity=None)
        origin = Origin(ObjectRef("Service", matched["namespace"], matched["name"]), "spec")
        backend = ServiceBackend(matched["name"], url.port)
        found = resolve(self._lookup, self._options, backend, origin, settings)
        # A port that the Service has not is perhaps one of its address, which a name server knows.
        return None if isinstance(found, Unresolved) else found

    def _field(self, name: str) -> str:
        return f"metadata.annotations[{self._options.annotations_prefix}/{name}]"


def outside(host: str, port: int, kind: str, purpose: str) -> Upstream:
    """Return the upstream of a host that is no Service; ``kind`` is our word for what it is for."""
    feed: Feed
    try:
        feed = StaticFeed(str(ipaddress.ip_address(host)), port)
    except ValueError:
        feed = ExternalFeed(host, port)
    part = host if len(host) <= _LONGEST else hashlib.blake2b(host.encode(), digest_size=16).hexdigest()
    # No Service has such a name, since what follows its port there is another word.
    name = f"{part}.{port}.{kind}"
    return Upstream(
        name=name,
        label=name,
        namespace="",
        service=f"{host}, {purpose}",
        port=str(port),
        feed=feed,
        origin=NOBODY,
    )


def _label(pool: Pool) -> str:
    return f"keepalive-{pool.connections}-{pool.requests}-{pool.seconds}"
