"""Traces: what is written where NGINX has its module, which the packaged one has not."""

from typing import Any

import pytest

from painless.annotations.base import Place, Values
from painless.annotations.decode import Rejected
from painless.features.opentelemetry import able, contribute, http, parse
from painless.features.opentelemetry.keys import (
    BATCH,
    DELAY,
    ENABLED,
    HOST,
    KEYS,
    PARENT,
    QUEUE,
    SAMPLER,
    SETTINGS,
    SHARE,
)
from painless.model.objects import Ingress
from painless.nginx import catalog
from painless.nginx.printer import printed

GIVEN: dict[str, Any] = {**{one.name: one for one in SETTINGS}, **{one.config: one for one in KEYS}}


def defaults(**texts: str) -> dict[str, object]:
    given = ((name.replace("_", "-"), text) for name, text in texts.items())
    return {**able(lambda _: True), **{name: GIVEN[name].decode(text) for name, text in given}}


def text_of(**texts: str) -> str:
    tree = http(defaults(**texts))
    assert () == catalog.check(tree, "http")
    return printed(tree).text


def own(annotations: dict[str, str], **texts: str):
    values = Values(
        Ingress("shop", "web", annotations=tuple((f"x/{name}", text) for name, text in annotations.items())),
        "x",
        defaults(**texts),
    )
    return parse(values), values.diagnostics


def test_nothing_without_a_collector():
    """Spans that go nowhere are not made."""
    assert () == http(defaults(enable_opentelemetry="true"))


def test_everything_is_traced_in_batches():
    """The exporter, and the client's decision before ours."""
    text = text_of(
        otlp_collector_host="collector.tracing.svc", enable_opentelemetry="true", otel_max_queuesize="1024"
    )
    expected = """\
# Traces: where spans go, and which requests have them.
otel_exporter {
    endpoint collector.tracing.svc:4317;
    interval 5000ms;
    batch_size 512;
    batch_count 2;
}

otel_service_name nginx;

map $otel_parent_id:$otel_parent_sampled $otel_by_parent {
    default on;
    ~^.+:1$ on;
    ~^.+:0$ off;
}

otel_trace $otel_by_parent;
otel_trace_context propagate;
"""
    assert expected == text


@pytest.mark.parametrize(
    ("ratio", "parts"),
    [("0", ("* off;",)), ("0.01", ("1% on;", "* off;")), ("0.5", ("50% on;", "* off;")), ("1", ("* on;",))],
)
def test_a_part_is_traced(ratio, parts):
    """NGINX takes neither a part of nothing nor one of everything."""
    text = text_of(
        otlp_collector_host="c",
        otel_sampler="TraceIdRatioBased",
        otel_sampler_ratio=ratio,
        otel_sampler_parent_based="false",
        enable_opentelemetry="true",
    )
    body = text.partition("split_clients $otel_trace_id $otel_by_ratio {\n")[2].partition("}")[0]
    assert parts == tuple(line.strip() for line in body.strip().splitlines())
    assert "otel_trace $otel_by_ratio;" in text


def test_an_ingress_of_its_own():
    """Traced where others are not, under a name, in a trace of its own."""
    found, said = own(
        {
            "enable-opentelemetry": "true",
            "opentelemetry-operation-name": "cart",
            "opentelemetry-trust-incoming-span": "false",
        },
        otlp_collector_host="c",
    )
    assert found is not None
    written = printed(contribute(found, Place("/hot")).location).text
    assert ("otel_trace on;\notel_trace_context inject;\notel_span_name cart;\n", []) == (written, said)


def test_an_ingress_without_traces():
    """One may stay out."""
    found, _ = own({"enable-opentelemetry": "false"}, otlp_collector_host="c", enable_opentelemetry="true")
    assert found is not None
    assert "otel_trace off;\n" == printed(contribute(found, Place("/hot")).location).text


def test_asked_for_and_not_to_be_had():
    """Without a collector, or the module, the owner is told."""
    found, said = own({"enable-opentelemetry": "true"})
    assert (None, 1) == (found, len(said))
    assert HOST.name in said[0].says


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *((SAMPLER, "Sometimes"), (SHARE, "1.5"), (SHARE, ".5"), (QUEUE, "0"), (BATCH, "-1")),
        *((DELAY, "5s"), (HOST, "a b"), (HOST, "a;b"), (PARENT, "yes"), (ENABLED, "on")),
    ],
)
def test_what_is_none_is_refused(key, text):
    """Each says what it takes."""
    assert isinstance(key.decode(text), Rejected)
