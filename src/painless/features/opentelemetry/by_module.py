"""Traces by NGINX's own module, which makes the spans and sends them: where NGINX has it."""

from msgspec import Struct

from painless.annotations.base import Contribution, Defaults, setting
from painless.features.opentelemetry.keys import (
    BATCH,
    DELAY,
    HOST,
    OFF,
    ON,
    OVER_GRPC,
    PARENT,
    PORT,
    QUEUE,
    RATIO,
    SAMPLER,
    SERVICE,
    Asked,
    common,
    percent,
)
from painless.nginx.tokens import Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, entry


class Traced(Struct, frozen=True):
    """What is asked for, and what decides about one request."""

    asked: Asked
    sampled: Token


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return where spans go, and what is traced unless an Ingress says otherwise."""
    batch = setting(defaults, BATCH)
    exporter = block(
        "otel_exporter",
        body=(
            directive("endpoint", f"{setting(defaults, HOST)}:{setting(defaults, PORT) or OVER_GRPC}"),
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
        *_written(traced(defaults, common(defaults))),
    )


def traced(defaults: Defaults, asked: Asked) -> Traced:
    """Return what an Ingress of its own has."""
    by_parent = asked.trusts and setting(defaults, PARENT)
    return Traced(asked, Var("otel_by_parent") if by_parent else _base(defaults))


def contribution(found: Traced) -> Contribution:
    return Contribution(location=_written(found))


def _base(defaults: Defaults) -> Token:
    chosen: dict[str, Token] = {ON: Literal("on"), OFF: Literal("off"), RATIO: Var("otel_by_ratio")}
    return chosen[setting(defaults, SAMPLER)]


def _samplers(defaults: Defaults) -> tuple[Directive, ...]:
    """Return the lookups that decide about one request."""
    found: list[Directive] = []
    if setting(defaults, SAMPLER) == RATIO:
        found.append(_by_ratio(percent(defaults)))
    if setting(defaults, PARENT):
        lines = (entry(Regex(f"^.+:{said}$", "~"), Literal(on)) for said, on in (("1", "on"), ("0", "off")))
        of = expr(Var("otel_parent_id"), ":", Var("otel_parent_sampled"))
        body = (directive("default", _base(defaults)), *lines)
        found.append(block("map", of, Var("otel_by_parent"), body=body))
    return tuple(found)


def _by_ratio(part: float) -> Directive:
    # NGINX takes neither a part of nothing nor one of everything.
    some = (entry(Literal(f"{part:g}%"), Literal("on")),) if 0 < part < 100 else ()
    rest = entry(Literal("*"), Literal("on" if part >= 100 else "off"))
    return block("split_clients", Var("otel_trace_id"), Var("otel_by_ratio"), body=(*some, rest))


def _written(found: Traced) -> tuple[Directive, ...]:
    asked = found.asked
    if not asked.enabled:
        return (directive("otel_trace", "off"),)
    return (
        directive("otel_trace", found.sampled),
        directive("otel_trace_context", "propagate" if asked.trusts else "inject"),
        *((directive("otel_span_name", asked.name),) if asked.name else ()),
    )
