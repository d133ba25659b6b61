"""What a line of the access log says.

ConfigMap only.  ``log-format-upstream`` is the line for a request, ``log-format-stream`` that for a
connection of a TCP or UDP service or one that is passed on unread.  ``log-format-escape-json: "true"`` writes
values as they stand in JSON strings, ``log-format-escape-none: "true"`` as they are; both are for requests
only, and the second wins.

```yaml
log-format-escape-json: "true"
log-format-upstream: '{"time": "$time_iso8601", "status": $status, "ingress": "$ingress_name"}'
```

A line may name NGINX's variables, ingress-nginx's ``$proxy_upstream_name``,
``$proxy_alternative_upstream_name``, ``$req_id``, ``$best_http_host``, ``$pass_port``, ``$pass_server_port``,
``$pass_access_scheme`` and ``$the_real_ip``, and ``$namespace``, ``$ingress_name``, ``$service_name``,
``$service_port`` and ``$location_path`` of the rule that served the request.  Where requests are traced,
``$otel_trace_id`` and ``$otel_span_id`` (``$opentelemetry_…`` as well) are those of the request's span, else
nothing.  Any other is told and logged
as ``-``.  A line break is written as a space.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

from msgspec import Struct

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import Rejected, boolean
from painless.nginx.quoting import DOLLAR
from painless.nginx.tokens import Expr, Literal, Regex, Var
from painless.nginx.tree import Directive, block, directive, entry
from painless.nginx.variables import HTTP, HTTP_OPEN, STREAM, WITHOUT_REALIP

HTTP_FORMAT, STREAM_FORMAT = "upstreaminfo", "log_stream"
"""The formats' names, which are ingress-nginx's."""

INGRESS, UPSTREAM, PATH = "route_ingress", "route_upstream", "location_path"
"""Variables that locations set, where a line needs them: namespace/name, our upstream, the rule's path."""

_MADE_OF: Mapping[str, tuple[str, str]] = {
    "namespace": (INGRESS, "^(.*)/"),
    "ingress_name": (INGRESS, "/(.*)$"),
    # An upstream is called namespace.service.port, perhaps with more labels.
    "service_name": (UPSTREAM, r"^[^.]+\.([^.]+)\."),
    "service_port": (UPSTREAM, r"^[^.]+\.[^.]+\.([^.]+)"),
}
"""Variables that are a part of another, with the expression whose capture they are."""

_OURS = frozenset(
    """
proxy_upstream_name proxy_alternative_upstream_name req_id best_http_host pass_access_scheme pass_port
location_path
""".split()
)
_SAME = {
    "the_real_ip": "remote_addr",
    "pass_server_port": "server_port",
    "opentelemetry_trace_id": "otel_trace_id",
    "opentelemetry_span_id": "otel_span_id",
}
"""ingress-nginx's names for what NGINX has a name for."""
_SPAN = ("otel_trace_id", "otel_span_id")
"""What requests have where there are traces."""

_LONGEST = 16_384  # Bytes: no line of a log needs half of that.
_WORD = 3000  # Bytes of one word as spelled; NGINX's limit is 4094, and it joins the words of a format.
_PIECE = 300  # Letters of text in one word; spelled, each is 9 bytes at most: "${dollar}".

_VARIABLE = re.compile(r"\$(?:\{(\w{1,256})\}|(\w{1,256}))", re.ASCII)
_BREAK = re.compile(r"[ \t]*[\r\n]+[ \t]*")
_UNPRINTABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# NGINX reads these in ingress-nginx's template, where the text stands between quotes.
_ESCAPED = re.compile(r"\\([\"'\\])")


class LogFormat(Struct, frozen=True):
    """The words of a format, which NGINX joins, and the variables in them."""

    words: tuple[Expr, ...]
    variables: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as a ConfigMap has it."""
        parts = (part for word in self.words for part in word.parts)
        return "".join(f"${one.name}" if isinstance(one, Var) else one.text for one in parts)


def _decoder(known: Collection[str], open_: tuple[str, ...] = ()) -> Callable[[str], LogFormat | Rejected]:
    def decode(text: str) -> LogFormat | Rejected:
        if not text or _UNPRINTABLE.search(text):
            return Rejected("text without control characters")
        bad = next((one for one in _names(text) if one not in known and not one.startswith(open_)), "")
        return Rejected(f"variables that can be logged; ${bad} is none") if bad else _format(text)

    return decode


def _names(text: str) -> Iterator[str]:
    return (_SAME.get(name, name) for name in (found[1] or found[2] for found in _VARIABLE.finditer(text)))


def _salvaged(text: str, *, known: Collection[str], open_: tuple[str, ...], instead: LogFormat) -> LogFormat:
    """Return the format with ``-`` for what cannot be logged."""

    def kept(found: re.Match[str]) -> str:
        name = next(_names(found[0]))
        return found[0] if name in known or name.startswith(open_) else "-"

    if len(text.encode(errors="replace")) > _LONGEST:
        return instead
    return _format(_VARIABLE.sub(kept, _UNPRINTABLE.sub("-", text)).strip() or "-")


def _format(text: str) -> LogFormat:
    parts = tuple(_parts(_ESCAPED.sub(r"\1", _BREAK.sub(" ", text))))
    variables = tuple(sorted({one.name for one in parts if isinstance(one, Var)}))
    return LogFormat(tuple(_words(parts)), variables)


def _parts(text: str) -> Iterator[Literal | Var]:
    end = 0
    for found in _VARIABLE.finditer(text):
        yield from _pieces(text[end : found.start()])
        yield Var(next(_names(found[0])))
        end = found.end()
    yield from _pieces(text[end:])


def _pieces(text: str) -> Iterator[Literal]:
    return (Literal(text[at : at + _PIECE]) for at in range(0, len(text), _PIECE))


def _words(parts: tuple[Literal | Var, ...]) -> Iterator[Expr]:
    word: list[Literal | Var] = []
    size = 0
    for one in parts:
        size += _size(one)
        if word and size > _WORD:
            yield Expr(tuple(word))
            word, size = [], _size(one)
        word.append(one)
    yield Expr(tuple(word))


def _size(part: Literal | Var) -> int:
    """Return at least as many bytes as the part has as it is spelled."""
    if isinstance(part, Var):
        return len(part.name) + len("${}")
    return 2 * len(part.text.encode()) + len("{dollar}") * part.text.count("$")


_HTTP_NAMES = HTTP | _OURS | {*_SPAN} | _MADE_OF.keys() | WITHOUT_REALIP.keys()
_STREAM_NAMES = STREAM | WITHOUT_REALIP.keys()
# ingress-nginx's defaults, so that what reads its logs reads ours.
_HTTP_DEFAULT = _format(
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" '
    '"$http_user_agent" $request_length $request_time [$proxy_upstream_name] '
    "[$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length $upstream_response_time "
    "$upstream_status $req_id"
)
_STREAM_DEFAULT = _format(
    "[$remote_addr] [$time_local] $protocol $status $bytes_sent $bytes_received $session_time"
)
_INSTEAD = "what cannot be logged is written as -"

LINE = Setting(
    "log-format-upstream",
    _decoder(_HTTP_NAMES, HTTP_OPEN),
    _HTTP_DEFAULT,
    "The line for each request.",
    "$remote_addr $request_uri $status [$namespace/$ingress_name]",
    salvage=partial(_salvaged, known=_HTTP_NAMES, open_=HTTP_OPEN, instead=_HTTP_DEFAULT),
    instead=_INSTEAD,
    longest=_LONGEST,
)
STREAM_LINE = Setting(
    "log-format-stream",
    _decoder(_STREAM_NAMES),
    _STREAM_DEFAULT,
    "The line for each connection of a TCP or UDP service.",
    "$remote_addr $status $session_time",
    salvage=partial(_salvaged, known=_STREAM_NAMES, open_=(), instead=_STREAM_DEFAULT),
    instead=_INSTEAD,
    longest=_LONGEST,
)
JSON = Setting(
    "log-format-escape-json",
    boolean,
    default=False,
    doc="Write values as they stand in strings of JSON.",
    example="true",
)
NONE = Setting(
    "log-format-escape-none", boolean, default=False, doc="Write values as they are.", example="true"
)

KEYS = ()
SETTINGS = (LINE, STREAM_LINE, JSON, NONE)


def http(
    defaults: Defaults, scheme: Var, *, realip: bool, every: bool, traced: bool = False
) -> tuple[Directive, ...]:
    """Return the format of requests, with the maps that it needs.

    ``scheme`` has the one that the client used; ``realip``: NGINX has that module.  ``every``: see ``named``.
    ``traced``: requests may have spans.
    """
    instead = {"pass_access_scheme": scheme.name, **({} if realip else WITHOUT_REALIP)}
    line = setting(defaults, LINE)
    escape = "none" if setting(defaults, NONE) else "json" if setting(defaults, JSON) else ""
    return (
        # A request that no location saw has none of them.
        *(
            block("map", Var("host"), Var(one), body=(directive("default", ""),))
            for one in (*named(defaults, every=every), *(() if traced else _unknown(line)))
        ),
        *(
            block(
                "map",
                Var(whole),
                Var(part),
                body=(directive("default", ""), entry(Regex(pattern, "~"), Var("1"))),
            )
            for part, (whole, pattern) in _MADE_OF.items()
            if part in line.variables
        ),
        _directive(HTTP_FORMAT, line, escape, instead),
    )


def stream(defaults: Defaults, *, realip: bool) -> tuple[Directive, ...]:
    """Return the format of connections."""
    line = setting(defaults, STREAM_LINE)
    # Of http and stream, each has variables of its own.
    dollar = block("geo", Var(DOLLAR), body=(directive("default", "$"),))
    return (
        *((dollar,) if any("$" in text for text in _texts(line)) else ()),
        _directive(STREAM_FORMAT, line, "", {} if realip else WITHOUT_REALIP),
    )


def named(defaults: Defaults, *, every: bool) -> tuple[str, ...]:
    """Return which variables locations have to set: ``every`` one, or those of which the line has a part."""
    variables = setting(defaults, LINE).variables
    wholes = {whole for part, (whole, _) in _MADE_OF.items() if part in variables}
    return tuple(one for one in (INGRESS, UPSTREAM, PATH) if every or one in wholes or one in variables)


def _unknown(line: LogFormat) -> tuple[str, ...]:
    """Return what the line has of spans, where there are none."""
    return tuple(one for one in _SPAN if one in line.variables)


def _directive(name: str, line: LogFormat, escape: str, instead: Mapping[str, str]) -> Directive:
    # A text that begins so would be taken for it.
    unsaid = not escape and not next(_texts(line), "").startswith("escape=")
    escaped = () if unsaid else (f"escape={escape or 'default'}",)

    def written(part: Literal | Var) -> Literal | Var:
        return Var(instead.get(part.name, part.name)) if isinstance(part, Var) else part

    return directive(
        "log_format", name, *escaped, *(Expr(tuple(map(written, one.parts))) for one in line.words)
    )


def _texts(line: LogFormat) -> Iterator[str]:
    return (part.text for word in line.words for part in word.parts if isinstance(part, Literal))
