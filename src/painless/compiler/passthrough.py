"""TLS of a host that goes to the application of its path ``/`` as it is: whether it may, and where to."""

from collections.abc import Iterable

from msgspec import structs

from painless.compiler.lookup import Lookup
from painless.compiler.options import Options
from painless.compiler.resolve import Unresolved, resolve
from painless.compiler.site import Upstream
from painless.features import Parsed
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, Origin, ServiceBackend

_NEEDS = ("stream", "stream_ssl_preread_module")
"""What NGINX must be built with to look into handshakes."""

Rules = Iterable[tuple[Ingress, Parsed, int]]


class Passing:
    """What becomes of ``ssl-passthrough`` while the routes of one host are collected."""

    def __init__(self, name: str, rules: Rules, options: Options) -> None:
        self.upstream: Upstream | None = None
        self._options = options
        self._asking = tuple(ingress for ingress, settings, _ in rules if settings.passthrough)
        self._why = _why_not(name, rules, options) if self._asking else None
        self.wanted = bool(self._asking) and self._why is None

    def take(
        self, backend: ServiceBackend, origin: Origin, settings: Parsed, neutral: Parsed, lookup: Lookup
    ) -> Parsed:
        """Pass TLS on to the Service of the path ``/``; return what its annotations mean over plain HTTP.

        What is wrong with the Service is told where it is resolved for plain HTTP.
        """
        found = resolve(lookup, self._options, backend, origin, neutral)
        self.upstream = None if isinstance(found, Unresolved) else found
        if settings.protocol != "HTTP":
            return settings
        # The application ends TLS itself, so it is asked over TLS.
        return structs.replace(settings, protocol="HTTPS", look=f"{settings.look} over https")

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what those are told who ask in vain."""
        why = self._why
        if self.wanted and self.upstream is None:
            says = "found no Service for the path / of the host, expected one"
            why = Reason.INCOMPLETE_ANNOTATION, says
        if why is None:
            return ()
        field = f"metadata.annotations[{self._options.annotations_prefix}/ssl-passthrough]"
        return tuple(
            Diagnostic(one.ref, field, why[0], Severity.ERROR, why[1], "TLS ends in NGINX")
            for one in self._asking
        )


def _why_not(name: str, rules: Rules, options: Options) -> tuple[Reason, str] | None:
    """Return why TLS of a host cannot be passed on, if so."""
    if not options.ssl_passthrough:
        says = "found ssl-passthrough without --enable-ssl-passthrough, expected both"
        return Reason.INCOMPLETE_ANNOTATION, says
    if not name:
        return Reason.INCOMPLETE_ANNOTATION, "found ssl-passthrough on a rule without a host, expected a host"
    if any(settings.clients for _, settings, _ in rules):
        says = "found ssl-passthrough for a host with auth-tls-secret, which it would let everybody around"
        return Reason.HOST_CONFLICT, says
    missing = [one for one in _NEEDS if not options.build.has(one)]
    if missing:
        says = f"found an NGINX that was built without {missing[0]}, expected one with it"
        return Reason.UNSUPPORTED_ANNOTATION, says
    return None
