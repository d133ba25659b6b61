"""Traces by a stock NGINX: it numbers requests, tells applications, and logs a line for each span.

NGINX has one source of chance, ``$request_id``: 16 random bytes.  A new trace is called like that, and the
span, in a new trace or the client's, like its first half.  That is as good as random: identifiers of spans
have to differ within one trace only, and no client chooses these bytes.

Everything is looked up when it is wanted, which is for a header or the log: an expression that matches early
would take from ``rewrite`` and snippets the captures of the location.
"""

from collections.abc import Mapping

from msgspec import Struct

from painless.annotations.base import Contribution, Defaults, Place, setting
from painless.features.opentelemetry.keys import OFF, ON, PARENT, RATIO, SAMPLER, Asked, common, percent
from painless.nginx.spans import FORMAT, VARIABLES
from painless.nginx.tokens import Expr, Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, entry

HEADERS: Mapping[str, Token] = {"traceparent": Var("otel_traceparent"), "tracestate": Var("otel_tracestate")}
"""What applications are told: W3C's Trace Context, and the client's where nothing is traced."""

_CONTEXT = "otel_context"
"""The variable that says what a location does: nothing, begin a trace, or go on with the client's."""
_BEGINS, _GOES_ON = "begins", "goes-on"
_PLACES = ("otel_ingress", "otel_upstream", "otel_route", "otel_name")
"""The variables that say where a request went."""
_PARENT = r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
"""A traceparent of the version that is known; what is none of it says nothing."""


class Traced(Struct, frozen=True):
    """What is asked for, and the lookups for it, where not all servers have them."""

    asked: Asked
    lookups: tuple[Directive, ...]


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return the lookups, where all Ingresses are traced unless they say otherwise."""
    return _lookups(defaults) if common(defaults).enabled else ()


def sent(defaults: Defaults) -> Mapping[str, Token]:
    """Return what all applications are told."""
    return HEADERS if common(defaults).enabled else {}


def traced(defaults: Defaults, asked: Asked) -> Traced | None:
    """Return what an Ingress has that asks for traces."""
    if not asked.enabled:
        return None
    return Traced(asked, () if common(defaults).enabled else _lookups(defaults))


def contribution(found: Traced, place: Place) -> Contribution:
    asked = found.asked
    says: dict[str, Token] = {
        _CONTEXT: Literal(_GOES_ON if asked.trusts else _BEGINS),
        "otel_ingress": place.ingress,
        "otel_route": Literal(place.path),
        "otel_name": Literal(asked.name),
    }
    return Contribution(
        http=found.lookups,
        rewrite=_set(says),
        # By then it is known which of two a canary has left it to.
        late=_set({"otel_upstream": place.upstream}),
        request_headers=tuple(HEADERS.items()) if found.lookups else (),
        log=(_log(place.spans),),
    )


def _set(says: Mapping[str, Token]) -> tuple[Directive, ...]:
    nothing = Literal("")
    return tuple(directive("set", Var(name), value) for name, value in says.items() if value != nothing)


def _log(file: str) -> Directive:
    # As the access log is written: one write for many lines, and none waits for longer than a second.
    return directive("access_log", file, FORMAT, "buffer=64k", "flush=1s", expr("if=", Var("otel_logged")))


def _lookups(defaults: Defaults) -> tuple[Directive, ...]:
    parent = Var("otel_parent")
    return (
        _map(Var("host"), _CONTEXT, "", comment="Traces: what a location does about them, and where it is."),
        *(_map(Var("host"), one, "") for one in _PLACES),
        _map(
            expr(Var(_CONTEXT), " ", Var("http_traceparent")),
            parent.name,
            "",
            entry(Regex(f"^{_GOES_ON} {_PARENT}$", "~"), Var("http_traceparent")),
            comment="The client's span, where it has one and is believed.",
        ),
        _map(parent, "otel_trace_id", Var("request_id"), entry(Regex("^00-(.{32})", "~"), Var("1"))),
        # The other one is as improbable as it is forbidden.
        _map(
            Var("request_id"), "otel_span_id", f"{1:016x}", entry(Regex("^(?!0{16})(.{16})", "~"), Var("1"))
        ),
        *_sampled(defaults),
        _map(
            Var(_CONTEXT),
            "otel_traceparent",
            expr("00-", Var("otel_trace_id"), "-", Var("otel_span_id"), "-0", Var("otel_sampled")),
            entry(Literal(""), Var("http_traceparent")),
        ),
        # It says more about the client's trace, so it means nothing in another one.
        _map(
            expr(Var(_CONTEXT), " ", parent),
            "otel_tracestate",
            Var("http_tracestate"),
            *(entry(Literal(f"{one} "), Literal("")) for one in (_BEGINS, _GOES_ON)),
        ),
        _map(Var(_CONTEXT), "otel_wanted", Var("otel_sampled"), entry(Literal(""), Literal(""))),
        # What NGINX asks on behalf of a request has a place that is no path, and is no span of its own; both
        # share their variables, so this one is looked up anew.
        _map(
            Var("uri"),
            "otel_logged",
            "",
            directive("volatile"),
            entry(Regex("^/", "~"), Var("otel_wanted")),
            comment="Whether there is a span.",
        ),
        _map(Var("request_uri"), "otel_path", "", entry(Regex(r"^([^?]{1,1024})", "~"), Var("1"))),
        directive("log_format", FORMAT, "escape=json", _LINE),
    )


def _sampled(defaults: Defaults) -> tuple[Directive, ...]:
    sampler = setting(defaults, SAMPLER)
    base: dict[str, Token] = {ON: Literal("1"), OFF: Literal("0"), RATIO: Var("otel_by_ratio")}
    # The last bit of the flags.
    flags = (("[13579bdf]", "1"), ("[02468ace]", "0")) if setting(defaults, PARENT) else ()
    lines = (entry(Regex(f"{digit}$", "~"), Literal(said)) for digit, said in flags)
    return (
        *((_by_ratio(percent(defaults)),) if sampler == RATIO else ()),
        _map(Var("otel_parent"), "otel_sampled", base[sampler], *lines),
    )


def _by_ratio(part: float) -> Directive:
    # NGINX takes neither a part of nothing nor one of everything.
    some = (entry(Literal(f"{part:g}%"), Literal("1")),) if 0 < part < 100 else ()
    rest = entry(Literal("*"), Literal("1" if part >= 100 else "0"))
    return block("split_clients", Var("otel_trace_id"), Var("otel_by_ratio"), body=(*some, rest))


def _map(
    source: Var | Expr, name: str, default: Token | str, *lines: Directive, comment: str = ""
) -> Directive:
    return block("map", source, Var(name), body=(directive("default", default), *lines), comment=comment)


def _line() -> Expr:
    """Return a list in JSON of texts: no value can end its own."""
    parts: list[str | Var] = ['["']
    for name in VARIABLES.values():
        parts += [Var(name), '","']
    return expr(*parts[:-1], '"]')


_LINE = _line()
