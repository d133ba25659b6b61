"""Spans on their way out of a stock NGINX: the line of its log for each, and where they are sent.

What writes the log's format and what reads its lines agree on this module; neither knows the other.
"""

from collections.abc import Mapping

from msgspec import Struct

FORMAT = "otel_span"
"""The format's name, and the file's."""
FOLDER = "spans"
"""Below the state directory: the file that is erased behind its reader."""


class Line(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A request, as NGINX logs it: a list in JSON, of texts; an empty one is not known.

    ``ended`` and ``took`` are seconds.  ``ingress`` is namespace/name, ``upstream`` our name of one,
    ``route`` the rule's path, ``name`` what its author calls the span, ``peers`` the pods that were asked.
    """

    trace: str
    span: str
    parent: str
    state: str
    ended: str
    took: str
    status: str
    method: str
    scheme: str
    host: str
    path: str
    protocol: str
    client: str
    agent: str
    ingress: str
    upstream: str
    route: str
    name: str
    peers: str


VARIABLES: Mapping[str, str] = {
    "trace": "otel_trace_id",
    "span": "otel_span_id",
    "parent": "otel_parent",
    "state": "otel_tracestate",
    "ended": "msec",
    "took": "request_time",
    "status": "status",
    "method": "request_method",
    "scheme": "scheme",
    "host": "host",
    "path": "otel_path",
    "protocol": "server_protocol",
    "client": "remote_addr",
    "agent": "http_user_agent",
    "ingress": "otel_ingress",
    "upstream": "otel_upstream",
    "route": "otel_route",
    "name": "otel_name",
    "peers": "upstream_addr",
}
"""The variable of NGINX that each field is, in the order of the line."""


class Export(Struct, frozen=True):
    """Where spans go, as whom, and in what portions: ``delay`` is in seconds, the others count spans."""

    host: str
    port: int
    service: str
    queue: int
    batch: int
    delay: float
