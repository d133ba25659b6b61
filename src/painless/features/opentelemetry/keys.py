"""The keys of traces, and what an Ingress asks for by them."""

import re
from typing import Any

from msgspec import Struct

from painless.annotations.base import Defaults, Key, Setting, setting
from painless.annotations.decode import Rejected, boolean, host_name, matching, one_of, whole_number

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
    "otlp-collector-host", _address, "", "The host that spans go to.", "otel-collector.tracing.svc"
)
OVER_GRPC, OVER_HTTP = 4317, 4318
"""The ports that collectors listen on, by what carries OTLP."""
PORT: Setting[int | None] = Setting(
    "otlp-collector-port", whole_number(1, 65_535), None, f"Its port; {OVER_HTTP} unless said.", "4318"
)
SERVICE = Setting(
    "otel-service-name",
    matching(r"[A-Za-z0-9_.:/-]{1,256}", "letters, digits and _ . : / -"),
    "nginx",
    "What traces call this NGINX.",
    "ingress",
)
QUEUE = Setting("otel-max-queuesize", whole_number(1, 2**20), 2048, "Spans that wait at most.", "4096")
BATCH = Setting("otel-max-export-batch-size", whole_number(1, 2**16), 512, "Spans in a batch.", "256")
DELAY = Setting(
    "otel-schedule-delay-millis",
    whole_number(1, 3_600_000),
    5000,
    "Milliseconds from a batch to the next.",
    "1000",
)
ON, OFF, RATIO = "AlwaysOn", "AlwaysOff", "TraceIdRatioBased"
SAMPLER = Setting("otel-sampler", one_of(ON, OFF, RATIO), ON, "Which requests are traced.", RATIO)


def _share(text: str) -> float | Rejected:
    if re.fullmatch(r"0(\.\d{1,6})?|1(\.0{1,6})?", text):
        return float(text)
    return Rejected("a number from 0 to 1, such as 0.01")


SHARE = Setting("otel-sampler-ratio", _share, 0.01, "The part that TraceIdRatioBased takes.", "0.05")
PARENT = Setting(
    "otel-sampler-parent-based",
    boolean,
    default=True,
    doc="Trace what the client traces, and only that, where it says so.",
    example="false",
)

KEYS: tuple[Key[Any], ...] = (ENABLED, OPERATION, TRUST)
SETTINGS: tuple[Setting[Any], ...] = (HOST, PORT, SERVICE, QUEUE, BATCH, DELAY, SAMPLER, SHARE, PARENT)


class Asked(Struct, frozen=True):
    """Whether requests are traced, under which name, and whether the client's trace goes on."""

    enabled: bool
    name: str
    trusts: bool


def common(defaults: Defaults) -> Asked:
    """Return what holds for who asks for nothing."""
    return Asked(setting(defaults, ENABLED), setting(defaults, OPERATION), setting(defaults, TRUST))


def percent(defaults: Defaults) -> float:
    """Return how many of a hundred traces TraceIdRatioBased takes; NGINX counts two digits of it."""
    return round(setting(defaults, SHARE) * 100, 2)
