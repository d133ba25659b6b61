"""Who answers in place of a Service: from ``default-backend`` and statuses to upstreams."""

from collections.abc import Callable

from painless.compiler.lookup import Lookup
from painless.compiler.options import Options
from painless.compiler.resolve import Unresolved, diagnostic, resolve
from painless.compiler.site import Answer, Failing, Proxy, Upstream
from painless.features import Parsed
from painless.features.custom_errors import BACKEND, CODES, FOR_ALL
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef, Origin, ServiceBackend


class StandIns:
    """Finds who answers in place of the Services of one host; collects the upstreams.

    ``neutral`` is what an Ingress without annotations means: its settings hold for these Services.
    ``default`` says how what nobody serves is answered.
    """

    def __init__(
        self, lookup: Lookup, options: Options, neutral: Parsed, default: Callable[[], Answer]
    ) -> None:
        self._lookup = lookup
        self._options = options
        self._neutral = neutral
        self._default = default
        self.upstreams: dict[str, Upstream] = {}

    def of(
        self,
        settings: Parsed,
        origin: Origin,
        served: ServiceBackend | None,
        diagnostics: list[Diagnostic],
    ) -> Failing | None:
        """Return who answers in place of ``served``, the backend of a path."""
        wanted, ref = settings.custom_errors, origin.ref
        if wanted is None:
            return None
        instead = self._named(wanted.backend, ref, diagnostics) if wanted.backend else ""
        own = wanted.own and instead != ""
        pages = instead if own else self.pages(settings, origin, diagnostics)
        if not pages and not instead:
            return None
        service = (served.name, str(served.port)) if served else ("", "")
        about = "/".join((ref.namespace, ref.name, *service, wanted.backend if instead else ""))
        return Failing(wanted.codes if pages else (), pages, instead, about, own)

    def pages(self, settings: Parsed, origin: Origin, diagnostics: list[Diagnostic]) -> str:
        """Return the upstream of the default backend, if there are statuses that it makes pages for."""
        wanted = settings.custom_errors
        if wanted is None or not wanted.codes:
            return ""
        answer = self._default()
        if isinstance(answer, Proxy):
            return answer.upstream
        about = Origin(origin.ref, self._field(CODES.name))
        if not wanted.own and self._options.configmap:
            about = Origin(ObjectRef("ConfigMap", *self._options.configmap), f"data[{FOR_ALL.name}]")
        says = "found statuses and no Service for their pages, expected --default-backend-service"
        says += f" or {BACKEND.name}" if wanted.own else ""
        reason, hint = Reason.INCOMPLETE_ANNOTATION, "NGINX answers by itself"
        diagnostics.append(Diagnostic(about.ref, about.field, reason, Severity.ERROR, says, hint))
        return ""

    def _named(self, name: str, ref: ObjectRef, diagnostics: list[Diagnostic]) -> str:
        origin = Origin(ref, self._field(BACKEND.name))
        found = self._first_port(name, origin)
        if isinstance(found, Unresolved):
            diagnostics.append(diagnostic(found, origin))
            return ""
        self.upstreams[found.name] = found
        return found.name

    def _first_port(self, name: str, origin: Origin) -> Upstream | Unresolved:
        service = self._lookup.services.get((origin.ref.namespace, name))
        if service is None or not service.ports:
            where = f"Service {origin.ref.namespace}/{name}"
            found = f"no {where}" if service is None else f"no ports in {where}"
            says, hint = f"found {found}, expected one with a port", "nobody answers in place of a Service"
            return Unresolved(Reason.SERVICE_NOT_FOUND, says, hint)
        backend = ServiceBackend(name, service.ports[0].port)
        return resolve(self._lookup, self._options, backend, origin, self._neutral)

    def _field(self, name: str) -> str:
        return f"metadata.annotations[{self._options.annotations_prefix}/{name}]"
