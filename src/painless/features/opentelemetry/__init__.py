"""Traces of requests, for OpenTelemetry.

The ConfigMap's ``otlp-collector-host`` and ``otlp-collector-port`` say where spans go, in batches of
``otel-max-export-batch-size`` each ``otel-schedule-delay-millis``, under the name ``otel-service-name``.
``enable-opentelemetry`` traces all requests, or as an annotation those of an Ingress.  Of them
``otel-sampler`` takes some: ``AlwaysOn``, ``AlwaysOff``, or ``TraceIdRatioBased`` with
``otel-sampler-ratio``; with ``otel-sampler-parent-based`` what the client's span says comes first.
``opentelemetry-trust-incoming-span: "false"`` begins a new trace for each request, and
``opentelemetry-operation-name`` names the spans, else the method and the path of the rule do.

Any NGINX will do: applications get ``traceparent`` and ``tracestate``, and Painless sends the spans by OTLP
over HTTP, port 4318.  One with the module ``ngx_otel_module`` sends them itself, over gRPC, port 4317.
Without a collector nothing is traced.
"""

from collections.abc import Callable, Mapping

from painless.annotations.base import Contribution, Defaults, Place, Setting, Values, setting
from painless.annotations.decode import boolean
from painless.features.opentelemetry import by_log, by_module
from painless.features.opentelemetry.keys import (
    BATCH,
    DELAY,
    ENABLED,
    HOST,
    KEYS,
    MODULE,
    OPERATION,
    OVER_GRPC,
    OVER_HTTP,
    PORT,
    QUEUE,
    SERVICE,
    SETTINGS,
    TRUST,
    Asked,
    common,
)
from painless.model.diagnostics import Reason
from painless.nginx.spans import Export
from painless.nginx.tokens import Token
from painless.nginx.tree import Directive

__all__ = [
    "HEADERS",
    "KEYS",
    "MODULE",
    "OVER_HTTP",
    "PORT",
    "SETTINGS",
    "able",
    "contribute",
    "export",
    "http",
    "misfit",
    "needs_module",
    "parse",
    "sent",
    "traces",
]

HEADERS = by_log.HEADERS

_BY_MODULE = Setting("(module)", boolean, default=False, doc="NGINX has the module.", example="true")
"""No key: what NGINX can do, beside what the ConfigMap says."""


def able(has: Callable[[str], bool]) -> Mapping[str, object]:
    """Return what decides how spans are made, to stand beside the ConfigMap's values."""
    return {_BY_MODULE.name: True} if has(MODULE) else {}


def misfit(defaults: Defaults) -> str:
    """Return what is wrong with the port; empty when nothing is."""
    if setting(defaults, PORT) != OVER_GRPC or setting(defaults, _BY_MODULE):
        return ""
    return f"found {OVER_GRPC}, where collectors take gRPC, expected a port for OTLP over HTTP"


def needs_module(defaults: Defaults) -> bool:
    """Whether the module makes the spans, and has to be loaded."""
    return traces(defaults) and setting(defaults, _BY_MODULE)


def export(defaults: Defaults) -> Export | None:
    """Return where spans go that Painless sends, if they go anywhere."""
    if not traces(defaults) or setting(defaults, _BY_MODULE):
        return None
    return Export(
        host=setting(defaults, HOST),
        port=setting(defaults, PORT) or OVER_HTTP,
        service=setting(defaults, SERVICE),
        queue=setting(defaults, QUEUE),
        batch=setting(defaults, BATCH),
        delay=setting(defaults, DELAY) / 1000,
    )


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what stands above all servers."""
    if not traces(defaults):
        return ()
    return by_module.http(defaults) if setting(defaults, _BY_MODULE) else by_log.http(defaults)


def sent(defaults: Defaults) -> Mapping[str, Token]:
    """Return the headers that all applications are told."""
    return by_log.sent(defaults) if export(defaults) else {}


def parse(values: Values) -> by_module.Traced | by_log.Traced | None:
    """Return what is this Ingress's own."""
    asked = Asked(values.get(ENABLED), values.get(OPERATION), values.get(TRUST))
    if not traces(values.defaults):
        if asked.enabled and values.given(ENABLED):
            says = f"found no {HOST.name}, expected it in the ConfigMap"
            values.say(ENABLED.name, Reason.INCOMPLETE_ANNOTATION, says, "nothing is traced")
        return None
    if not setting(values.defaults, _BY_MODULE):
        return by_log.traced(values.defaults, asked)
    return by_module.traced(values.defaults, asked) if asked != common(values.defaults) else None


def contribute(traced: by_module.Traced | by_log.Traced, place: Place) -> Contribution:
    if isinstance(traced, by_log.Traced):
        return by_log.contribution(traced, place)
    return by_module.contribution(traced)


def traces(defaults: Defaults) -> bool:
    """Whether spans go anywhere, so that requests may have some."""
    return setting(defaults, HOST) != ""
