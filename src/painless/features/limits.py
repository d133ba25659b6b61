"""Limit what one client may ask of an Ingress.

``limit-rps: "10"`` lets each client address send ten requests a second, ``limit-rpm`` so many a minute, and
``limit-connections`` so many at once; more is answered with 503, or what the ConfigMap's
``limit-req-status-code`` and ``limit-conn-status-code`` say.  Bursts of ``limit-burst-multiplier`` times the
rate (default 5) pass.  ``limit-allowlist`` lists addresses that are not counted.  ``limit-rate`` slows each
answer down to so many kilobytes a second, after the first ``limit-rate-after`` kilobytes.

All paths of an Ingress share a client's budget, and no two Ingresses do.  Each NGINX counts for itself.
``limit-conn-zone-variable`` of the ConfigMap says what a client is, in variables that read the request; the
default is its address.
Writes ``limit_req``, ``limit_conn``, ``limit_rate``, ``limit_rate_after``, zones, and for lists ``geo``.
"""

import hashlib
from collections.abc import Iterator

from msgspec import Struct

from painless.annotations.base import (
    LONGEST_LIST,
    Contribution,
    Defaults,
    Key,
    Place,
    Setting,
    Values,
    setting,
)
from painless.annotations.decode import Rejected, networks, whole_number, with_variables
from painless.nginx.tokens import Expr, Literal, Var, expr
from painless.nginx.tree import Directive, block, directive, entry

_rate = whole_number(0, 1_000_000)  # More than one NGINX serves.
_kilobytes = whole_number(0, 2**31 - 1)  # Two terabytes; NGINX refuses what overflows.
_status = whole_number(400, 599)  # What NGINX takes.

CONNECTIONS = Key(
    "limit-connections",
    whole_number(0, 65_535),  # What NGINX takes.
    default=0,
    doc="Requests that one client may have open at once; 0 is no limit.",
    example="20",
)
PER_SECOND = Key(
    "limit-rps", _rate, default=0, doc="Requests of one client a second; 0 is no limit.", example="10"
)
PER_MINUTE = Key(
    "limit-rpm", _rate, default=0, doc="Requests of one client a minute; 0 is no limit.", example="300"
)
MULTIPLIER = Key(
    "limit-burst-multiplier",
    whole_number(1, 1_000_000),
    default=5,
    doc="How many times the rate a client may send at once.",
    example="2",
)
EXEMPT: Key[tuple[str, ...]] = Key(
    "limit-allowlist",
    networks,
    default=(),
    doc="Client addresses whose requests and connections are not counted.",
    example="10.0.0.0/8,192.168.1.7",
    aliases=("limit-whitelist",),
    instead="all clients are counted",
    longest=LONGEST_LIST,
)
RATE = Key(
    "limit-rate",
    _kilobytes,
    default=0,
    doc="Kilobytes of an answer a second; 0 is no limit.",
    example="500",
    config="limit-rate",
)
RATE_AFTER = Key(
    "limit-rate-after",
    _kilobytes,
    default=0,
    doc="Kilobytes of an answer that are sent before limit-rate counts.",
    example="1000",
    config="limit-rate-after",
)
REQUEST_STATUS = Setting(
    "limit-req-status-code", _status, 503, "The answer to requests above limit-rps or limit-rpm.", "429"
)
CONNECTION_STATUS = Setting(
    "limit-conn-status-code", _status, 503, "The answer to requests above limit-connections.", "429"
)


def _client(text: str) -> Expr | Rejected:
    found = with_variables(text)
    if isinstance(found, Expr) and not any(isinstance(one, Var) for one in found.parts):
        return Rejected("at least one variable that reads the request")
    return found


_ADDRESS = expr(Var("binary_remote_addr"))
CLIENT = Setting(
    "limit-conn-zone-variable", _client, _ADDRESS, "What makes requests one client's.", "$http_x_api_key"
)

KEYS = (CONNECTIONS, PER_SECOND, PER_MINUTE, MULTIPLIER, EXEMPT, RATE, RATE_AFTER)
SETTINGS = (REQUEST_STATUS, CONNECTION_STATUS, CLIENT)

_SLOW = {"limit_rate_after": RATE_AFTER, "limit_rate": RATE}

_KEY = "limit_key"
"""The variable that all zones count by: the Ingress and the client, or nothing for who is not counted.

It is the whole key, and part of every zone's name: NGINX refuses to reload a zone whose key has changed.
"""

_INGRESS = "limit_ingress"
_ZONE = "16m"  # 128,000 clients of Ingresses at 128 bytes; above that the longest idle ones are forgotten.


class Limits(Struct, frozen=True):
    """What one client may: requests open, requests a second or minute with their bursts, who is exempt.

    0 is no limit.  ``slow`` are the directives for the speed of answers, by name.  ``client`` is what zones
    count by, beside the Ingress.
    """

    connections: int
    rates: tuple[tuple[int, str, int], ...]
    exempt: tuple[str, ...]
    slow: tuple[tuple[str, str], ...]
    client: Expr = _ADDRESS


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what differs from NGINX's own defaults."""
    return (
        *_answer(defaults, "limit_req_status", REQUEST_STATUS),
        *(
            directive(name, f"{value}k")
            for name, key in _SLOW.items()
            if (value := setting(defaults, key)) != key.default
        ),
    )


def refusing(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what stands beside limits of connections; elsewhere bulkheads, which refuse with 503, do."""
    # A client that asks for too much is told in the error log, which a Service that hangs would flood.
    level = directive("limit_conn_log_level", "error")
    return (*_answer(defaults, "limit_conn_status", CONNECTION_STATUS), level)


def _answer(defaults: Defaults, name: str, key: Setting[int]) -> tuple[Directive, ...]:
    status = setting(defaults, key)
    return (directive(name, status),) if status != key.default else ()


def parse(values: Values) -> Limits | None:
    rates = (values.get(PER_SECOND), "second"), (values.get(PER_MINUTE), "minute")
    multiplier, exempt = values.get(MULTIPLIER), values.get(EXEMPT)
    limits = Limits(
        values.get(CONNECTIONS),
        tuple((rate, unit, rate * multiplier) for rate, unit in rates if rate),
        tuple(sorted(set(exempt))),
        tuple(
            (name, f"{value}k")
            for name, key in _SLOW.items()
            if (value := values.get(key)) != setting(values.defaults, key)
        ),
        setting(values.defaults, CLIENT),
    )
    return limits if limits.connections or limits.rates or limits.slow else None


def contribute(limits: Limits, place: Place) -> Contribution:
    slow = tuple(directive(name, value) for name, value in limits.slow)
    if not (limits.connections or limits.rates):
        return Contribution(location=slow)
    shared: tuple[Directive, ...] = ()
    key: Expr | Var = _whole_key(place.ingress, limits.client)
    if limits.exempt:
        shared, key = _exempting(limits.exempt, limits.client)
    uses = tuple(_uses(limits))
    return Contribution(
        http=(*shared, *(zone for zone, _ in uses)),
        rewrite=(
            *((directive("set", Var(_INGRESS), place.ingress),) if limits.exempt else ()),
            directive("set", Var(_KEY), key),
        ),
        location=(*(use for _, use in uses), *slow),
    )


def _whole_key(ingress: Literal | Var, client: Expr) -> Expr:
    return expr(ingress, " ", *client.parts)


def _exempting(exempt: tuple[str, ...], client: Expr) -> tuple[tuple[Directive, ...], Var]:
    """Return the lookup of an allow list, shared by all who have this one, and the key it comes to."""
    suffix = hashlib.blake2b(repr(exempt).encode(), digest_size=5).hexdigest()
    listed, key = Var(f"limit_exempt_{suffix}"), Var(f"{_KEY}_{suffix}")
    lookups = (
        block(
            "geo",
            listed,
            body=(directive("default", "0"), *(entry(Literal(one), Literal("1")) for one in exempt)),
            comment="Who is not counted by limits.",
        ),
        block(
            "map",
            listed,
            key,
            body=(directive("default", _whole_key(Var(_INGRESS), client)), entry(Literal("1"), Literal(""))),
        ),
    )
    return lookups, key


def _uses(limits: Limits) -> Iterator[tuple[Directive, Directive]]:
    """Return each zone with the directive that counts in it."""
    if limits.connections:
        zone = f"{_KEY}_connections"
        yield (
            directive("limit_conn_zone", Var(_KEY), f"zone={zone}:{_ZONE}"),
            directive("limit_conn", zone, limits.connections),
        )
    for rate, unit, burst in limits.rates:
        zone = f"{_KEY}_{rate}_each_{unit}"
        yield (
            directive("limit_req_zone", Var(_KEY), f"zone={zone}:{_ZONE}", f"rate={rate}r/{unit[0]}"),
            directive("limit_req", f"zone={zone}", f"burst={burst}", "nodelay"),
        )
