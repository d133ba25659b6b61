"""Spans as OTLP in JSON: what a collector takes at ``/v1/traces``.

Identifiers are written in hexadecimal and numbers of 64 bits as text, as OTLP says.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from painless import __version__
from painless.tracing.line import Span, Value

CONTENT_TYPE = "application/json"
_ERROR = 2  # A StatusCode.


def request(spans: Iterable[Span], service: str) -> bytes:
    """Return the body of a request with these spans, of the service of that name."""
    scope = {"name": "painless", "version": __version__}
    resource = {"attributes": [_attribute("service.name", service)]}
    traces = {"resource": resource, "scopeSpans": [{"scope": scope, "spans": [_span(one) for one in spans]}]}
    return msgspec.json.encode({"resourceSpans": [traces]})


def rejected(answer: bytes) -> int:
    """Return how many spans a collector that took a request has refused of it."""
    try:
        found = msgspec.json.decode(answer, type=dict[str, Any])
        # A number of 64 bits, which is text, but for collectors that do not know.
        return int(found["partialSuccess"]["rejectedSpans"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return 0


def _span(one: Span) -> dict[str, object]:
    return {
        "traceId": one.trace,
        "spanId": one.span,
        **({"parentSpanId": one.parent} if one.parent else {}),
        **({"traceState": one.state} if one.state else {}),
        "name": one.name,
        "kind": one.kind,
        "startTimeUnixNano": str(one.start),
        "endTimeUnixNano": str(one.end),
        "attributes": [_attribute(*pair) for pair in one.attributes],
        **({"status": {"code": _ERROR}} if one.failed else {}),
    }


def _attribute(key: str, value: Value) -> dict[str, object]:
    kind = "stringValue" if isinstance(value, str) else "intValue"
    return {"key": key, "value": {kind: str(value)}}
