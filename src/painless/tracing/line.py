"""From a line of NGINX's log to a span: what a request was, in the words of OpenTelemetry's conventions.

The line has what clients say in it.  So whatever it holds, the result is a span of a bounded size or none.
"""

import re
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from painless.nginx.spans import Line

Value = str | int

TEXT = 256
"""Letters of what a client says that are kept: headers may have kilobytes."""
_PATH = 1024  # Letters.
_STATE = 512  # Letters, all that a tracestate has to have room for.
_FAILED = 500
_METHODS = frozenset("GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY".split())
"""Those that may be a name: there are few of them."""

_TRACE = re.compile(r"(?!0{32})[0-9a-f]{32}")
_SPAN = re.compile(r"(?!0{16})[0-9a-f]{16}")
_SECONDS = re.compile(r"[0-9]{1,10}\.[0-9]{3}")
_STATUS = re.compile(r"[0-9]{3}")
_PARENT = re.compile(r"00-[0-9a-f]{32}-([0-9a-f]{16})-[0-9a-f]{2}")

_decoder = msgspec.json.Decoder(Line)


INTERNAL, SERVER = 1, 2
"""Kinds of spans, in OTLP's numbers: what goes on inside of a program, and requests that it answers."""


class Span(Struct, frozen=True):
    """A request; ``start`` and ``end`` are nanoseconds since 1970.  Where a trace begins is no ``parent``."""

    trace: str
    span: str
    parent: str
    state: str
    name: str
    start: int
    end: int
    failed: bool
    attributes: tuple[tuple[str, Value], ...]
    kind: int = SERVER


_spans = msgspec.json.Decoder(Span)


def read(line: bytes) -> Span | None:
    """Return the span of a line; ``None`` where it is none of ours, such as the rest of one.

    A line of NGINX's is a list.  An object is a span of our own rounds, as ``following`` writes it.
    """
    if line.startswith(b"{"):
        return _own(line)
    found = _decoded(line)
    if found is None or not _is_whole(found):
        return None
    parent = _PARENT.fullmatch(found.parent)
    end = _nanoseconds(found.ended)
    return Span(
        trace=found.trace,
        span=found.span,
        parent=parent[1] if parent else "",
        state=found.state if parent and len(found.state) <= _STATE else "",
        name=_name(found),
        start=max(0, end - _nanoseconds(found.took)),
        end=end,
        failed=int(found.status) >= _FAILED,
        attributes=tuple((key, value) for key, value in _attributes(found) if value != ""),
    )


def _own(line: bytes) -> Span | None:
    try:
        return _spans.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _decoded(line: bytes) -> Line | None:
    try:
        return _decoder.decode(line)
    except UnicodeDecodeError:
        # Headers may hold any bytes.
        return _decoded(line.decode(errors="replace").encode())
    except msgspec.DecodeError:
        return None


def _is_whole(found: Line) -> bool:
    texts = (
        (_TRACE, found.trace),
        (_SPAN, found.span),
        (_SECONDS, found.ended),
        (_SECONDS, found.took),
        (_STATUS, found.status),
    )
    return all(form.fullmatch(text) for form, text in texts)


def _nanoseconds(seconds: str) -> int:
    # Not by way of a float, which has too few digits.
    return int(seconds.replace(".", "")) * 1_000_000


def _method(found: Line) -> str:
    return found.method if found.method in _METHODS else "_OTHER"


def _name(found: Line) -> str:
    # Few different ones: the rule's path, never the client's.
    method = "HTTP" if found.method not in _METHODS else found.method
    return found.name or f"{method} {found.route}".strip()


def _attributes(found: Line) -> Iterator[tuple[str, Value]]:
    yield "http.request.method", _method(found)
    if _method(found) == "_OTHER":
        yield "http.request.method_original", found.method[:TEXT]
    yield "http.response.status_code", int(found.status)
    yield "http.route", found.route[:_PATH]
    yield "url.scheme", found.scheme
    # Without the query, in which people write keys and tokens.
    yield "url.path", found.path[:_PATH]
    yield "server.address", found.host[:TEXT]
    yield "client.address", found.client
    yield "user_agent.original", found.agent[:TEXT]
    yield "network.protocol.version", found.protocol.removeprefix("HTTP/").removesuffix(".0")
    namespace, _, ingress = found.ingress.partition("/")
    yield "k8s.namespace.name", namespace
    yield "k8s.ingress.name", ingress
    # An upstream is called namespace.service.port, perhaps with more labels.
    labels = found.upstream.split(".")
    yield "k8s.service.name", labels[1] if len(labels) > 2 else ""
    yield "nginx.upstream.address", found.peers[:TEXT]
    if int(found.status) >= _FAILED:
        yield "error.type", found.status
