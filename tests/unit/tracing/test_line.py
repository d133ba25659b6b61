"""Lines of NGINX's log become spans that every collector takes, whatever clients have put into them."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.collector import read as taken

from painless.nginx.spans import VARIABLES, Line
from painless.tracing import otlp
from painless.tracing.line import Span, read

TRACE, SPAN, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
GOOD = Line(
    trace=TRACE,
    span=SPAN,
    parent=f"00-{TRACE}-{PARENT}-01",
    state="a=1",
    ended="1764000000.250",
    took="0.125",
    status="200",
    method="GET",
    scheme="https",
    host="shop.example",
    path="/cart",
    protocol="HTTP/2.0",
    client="192.0.2.7",
    agent="curl",
    ingress="shop/web",
    upstream="shop.web.80",
    route="/",
    name="",
    peers="10.0.0.1:8080",
)


def line(**changed: str) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(GOOD, **changed))


def span(**changed: str) -> Span:
    found = read(line(**changed))
    assert found is not None
    return found


def test_the_log_has_the_fields_in_their_order():
    """Who writes the line and who reads it mean the same."""
    assert Line.__struct_fields__ == tuple(VARIABLES)


def test_a_whole_line():
    """Each field is where OpenTelemetry's conventions have it."""
    expected = Span(
        trace=TRACE,
        span=SPAN,
        parent=PARENT,
        state="a=1",
        name="GET /",
        start=1764000000125000000,
        end=1764000000250000000,
        failed=False,
        attributes=(
            ("http.request.method", "GET"),
            ("http.response.status_code", 200),
            ("http.route", "/"),
            ("url.scheme", "https"),
            ("url.path", "/cart"),
            ("server.address", "shop.example"),
            ("client.address", "192.0.2.7"),
            ("user_agent.original", "curl"),
            ("network.protocol.version", "2"),
            ("k8s.namespace.name", "shop"),
            ("k8s.ingress.name", "web"),
            ("k8s.service.name", "web"),
            ("nginx.upstream.address", "10.0.0.1:8080"),
        ),
    )
    assert expected == span()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"name": "checkout"}, "checkout"),
        ({"route": "", "ingress": "", "upstream": ""}, "GET"),
        ({"method": "X" * 1000}, "HTTP /"),
    ],
)
def test_names_are_few(changed, name):
    """A span is called by its owner, else by method and rule; what clients make up is no name."""
    assert name == span(**changed).name


@pytest.mark.parametrize(
    "changed",
    [
        *({"trace": one} for one in ("", "0" * 32, TRACE.upper(), TRACE + "0")),
        *({"span": one} for one in ("", "0" * 16, SPAN[1:])),
        *({"ended": one} for one in ("", "-", "1.0", "nan", "٣.٣٣٣")),
        *({"status": one} for one in ("", "-1", "2000", "abc")),
        {"took": "1e9"},
    ],
)
def test_what_is_no_span_is_none(changed):
    """A line that lacks what a span must have is not sent."""
    assert read(line(**changed)) is None


@pytest.mark.parametrize(
    "torn", [b"", b"[", line()[5:], line()[:-2], b"[]", b'{"trace": 1}', line() + line()]
)
def test_what_is_no_line_is_none(torn):
    """The rest of a line, after a process that sends them was killed, is passed over."""
    assert read(torn) is None


@given(
    st.fixed_dictionaries(
        {
            name: st.text(max_size=3000)
            for name in ("state", "method", "host", "path", "agent", "route", "name")
        }
    )
)
def test_whatever_clients_say_is_a_span_of_a_bounded_size(said):
    """Text of any kind stays a text in its field."""
    found = span(**said)
    size = sum(len(str(value)) for _, value in found.attributes) + len(found.state)
    body = otlp.request([found], "nginx")
    message = taken(body).resource_spans[0].scope_spans[0].spans[0]
    assert (True, TRACE, PARENT) == (
        size < 6000,
        message.trace_id.hex(),
        message.parent_span_id.hex(),
    )


@given(st.binary(max_size=400))
def test_any_bytes_are_read(data):
    """Nothing raises, and headers may have bytes that are no text."""
    assert read(data) is None
    broken = line(agent="@@").replace(b"@@", data.translate(None, b'"\\' + bytes(range(32))))
    assert read(broken) is not None


def test_a_request_as_json():
    """Identifiers are hexadecimal and numbers of 64 bits are texts; a failure is marked."""
    tree = json.loads(otlp.request([span(status="502", parent="")], "edge"))
    one = tree["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    expected = (TRACE, SPAN, False, False, "1764000000250000000", {"code": 2}, 2)
    assert expected == (
        one["traceId"],
        one["spanId"],
        "parentSpanId" in one,
        "traceState" in one,
        one["endTimeUnixNano"],
        one["status"],
        one["kind"],
    )


@pytest.mark.parametrize(
    ("answer", "rejected"),
    [
        (b"{}", 0),
        (b"", 0),
        (b"[]", 0),
        (b'{"partialSuccess": {"rejectedSpans": "3"}}', 3),
        (b'{"partialSuccess": {"rejectedSpans": 4}}', 4),
        (b'{"partialSuccess": null}', 0),
    ],
)
def test_what_a_collector_has_refused(answer, rejected):
    """A collector may take a request but for some spans."""
    assert rejected == otlp.rejected(answer)
