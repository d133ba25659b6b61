"""Traces of requests, for OpenTelemetry.

The ConfigMap's ``otlp-collector-host`` and ``otlp-collector-port`` (4317) say where spans go, in batches of
``otel-max-export-batch-size`` each ``otel-schedule-delay-millis``, under the name ``otel-service-name``.
``enable-opentelemetry`` traces all requests, or as an annotation those of an Ingress.  Of them
``otel-sampler`` takes some: ``AlwaysOn``, ``AlwaysOff``, or ``TraceIdRatioBased`` with
``otel-sampler-ratio``; with ``otel-sampler-parent-based`` what the client's span says comes first.
``opentelemetry-trust-incoming-span: "false"`` begins a new trace for each request, and
``opentelemetry-operation-name`` names the spans.

NGINX needs its module ``ngx_otel_module``, which its images with ``-otel`` in their tag have; without it, or
without a collector, the keys are told and nothing is traced.  Writes ``otel_*``.
"""

import re

from msgspec import Struct

from painless.annotations.base import Contribution, Defaults, Key, Place, Setting, Values, setting
from painless.annotations.decode import Rejected, boolean, host_name, matching, one_of, whole_number
from painless.model.diagnostics import Reason
from painless.nginx.tokens import Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, entry

MODULE = "ngx_otel_module"

ENABLED = Key(
    "enable-opentelemetry",
    boolean,
    default=False,
    doc="Trace the requests.",
    example="true",
    config="enable-opentelemetry",
)
OPERATION = Key(
    "opentelemetry-operation-name",
    matching(r"[A-Za-z0-9_-]{0,256}", "letters, digits, - and _"),
    default="",
    doc="The name of the spans.",
    example="checkout",
    config="opentelemetry-operation-name",
)
TRUST = Key(
    "opentelemetry-trust-incoming-span",
    boolean,
    default=True,
    doc="Go on with the trace that a request belongs to.",
    example="false",
    config="opentelemetry-trust-incoming-span",
)


def _address(text: str) -> str | Rejected:
    found = host_name(text) if not re.fullmatch(r"\[[0-9A-Fa-f:.]{2,45}\]", text) else text
    return Rejected("a host name or an IP address") if isinstance(found, Rejected) else found


HOST: Setting[str] = Setting(
    "otlp-collector-host",
    _address,
    "",
    "The host that spans go to.",
    "otel-collector.tracing.svc",
    needs=MODULE,
)
PORT = Setting("otlp-collector-port", whole_number(1, 65_535), 4317, "Its port.", "4317", needs=MODULE)
SERVICE = Setting(
    "otel-service-name",
    matching(r"[A-Za-z0-9_.:/-]{1,256}", "letters, digits and _ . : / -"),
    "nginx",
    "What traces call this NGINX.",
    "ingress",
    needs=MODULE,
)
QUEUE = Setting(
    "otel-max-queuesize", whole_number(1, 2**20), 2048, "Spans that wait at most.", "4096", needs=MODULE
)
BATCH = Setting(
    "otel-max-export-batch-size", whole_number(1, 2**16), 512, "Spans in a batch.", "256", needs=MODULE
)
DELAY = Setting(
    "otel-schedule-delay-millis",
    whole_number(1, 3_600_000),
    5000,
    "Milliseconds from a batch to the next.",
    "1000",
    needs=MODULE,
)
ON, OFF, RATIO = "AlwaysOn", "AlwaysOff", "TraceIdRatioBased"
SAMPLER = Setting(
    "otel-sampler", one_of(ON, OFF, RATIO), ON, "Which requests are traced.", RATIO, needs=MODULE
)


def _share(text: str) -> float | Rejected:
    if re.fullmatch(r"0(\.\d{1,6})?|1(\.0{1,6})?", text):
        return float(text)
    return Rejected("a number from 0 to 1, such as 0.01")


SHARE = Setting(
    "otel-sampler-ratio", _share, 0.01, "The part that TraceIdRatioBased takes.", "0.05", needs=MODULE
)
PARENT = Setting(
    "otel-sampler-parent-based",
    boolean,
    default=True,
    doc="Trace what the client traces, and only that, where it says so.",
    example="false",
    needs=MODULE,
)

KEYS = (ENABLED, OPERATION, TRUST)
SETTINGS = (HOST, PORT, SERVICE, QUEUE, BATCH, DELAY, SAMPLER, SHARE, PARENT)


class Asked(Struct, frozen=True):
    """Whether requests are traced, under which name, and whether the client's trace goes on."""

    enabled: bool
    name: str
    trusts: bool


class Traced(Struct, frozen=True):
    """What is asked for, and what decides about one request."""

    asked: Asked
    sampled: Token


def exports(defaults: Defaults) -> bool:
    """Whether spans go anywhere, and the module that makes them has to be loaded."""
    return setting(defaults, HOST) != ""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return where spans go, and what is traced unless an Ingress says otherwise."""
    if not exports(defaults):
        return ()
    batch = setting(defaults, BATCH)
    exporter = block(
        "otel_exporter",
        body=(
            directive("endpoint", f"{setting(defaults, HOST)}:{setting(defaults, PORT)}"),
            directive("interval", f"{setting(defaults, DELAY)}ms"),
            directive("batch_size", batch),
            directive("batch_count", max(1, setting(defaults, QUEUE) // batch)),
        ),
        comment="Traces: where spans go, and which requests have them.",
    )
    return (
        exporter,
        directive("otel_service_name", setting(defaults, SERVICE)),
        *_samplers(defaults),
        *_written(_traced(defaults, _common(defaults))),
    )


def parse(values: Values) -> Traced | None:
    """Return what is this Ingress's own."""
    asked = Asked(values.get(ENABLED), values.get(OPERATION), values.get(TRUST))
    if asked == _common(values.defaults):
        return None
    if exports(values.defaults):
        return _traced(values.defaults, asked)
    if asked.enabled and values.given(ENABLED):
        says = f"found no {HOST.name}, expected it in the ConfigMap of an NGINX with {MODULE}"
        values.say(ENABLED.name, Reason.INCOMPLETE_ANNOTATION, says, "nothing is traced")
    return None


def contribute(traced: Traced, _place: Place) -> Contribution:
    return Contribution(location=_written(traced))


def _common(defaults: Defaults) -> Asked:
    return Asked(setting(defaults, ENABLED), setting(defaults, OPERATION), setting(defaults, TRUST))


def _traced(defaults: Defaults, asked: Asked) -> Traced:
    by_parent = asked.trusts and setting(defaults, PARENT)
    return Traced(asked, Var("otel_by_parent") if by_parent else _base(defaults))


def _base(defaults: Defaults) -> Token:
    chosen: dict[str, Token] = {ON: Literal("on"), OFF: Literal("off"), RATIO: Var("otel_by_ratio")}
    return chosen[setting(defaults, SAMPLER)]


def _samplers(defaults: Defaults) -> tuple[Directive, ...]:
    """Return the lookups that decide about one request."""
    found: list[Directive] = []
    if setting(defaults, SAMPLER) == RATIO:
        found.append(_by_ratio(round(setting(defaults, SHARE) * 100, 2)))
    if setting(defaults, PARENT):
        lines = (entry(Regex(f"^.+:{said}$", "~"), Literal(on)) for said, on in (("1", "on"), ("0", "off")))
        of = expr(Var("otel_parent_id"), ":", Var("otel_parent_sampled"))
        body = (directive("default", _base(defaults)), *lines)
        found.append(block("map", of, Var("otel_by_parent"), body=body))
    return tuple(found)


def _by_ratio(percent: float) -> Directive:
    # NGINX takes neither a part of nothing nor one of everything.
    some = (entry(Literal(f"{percent:g}%"), Literal("on")),) if 0 < percent < 100 else ()
    rest = entry(Literal("*"), Literal("on" if percent >= 100 else "off"))
    return block("split_clients", Var("otel_trace_id"), Var("otel_by_ratio"), body=(*some, rest))


def _written(traced: Traced) -> tuple[Directive, ...]:
    asked = traced.asked
    if not asked.enabled:
        return (directive("otel_trace", "off"),)
    return (
        directive("otel_trace", traced.sampled),
        directive("otel_trace_context", "propagate" if asked.trusts else "inject"),
        *((directive("otel_span_name", asked.name),) if asked.name else ()),
    )
