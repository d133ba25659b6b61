"""Keep one slow Service from taking everybody's connections.

A Service may have so many requests open at once; more are answered with 503 and ``Retry-After: 1`` by NGINX
itself, before anybody is asked whether they may pass.  By default that is half of what NGINX can serve.
``painless.dev/max-inflight: "100"`` says less or more for the paths of an Ingress, ``"0"`` is no ceiling and
``"auto"`` the default where the ConfigMap's ``max-inflight`` says something else.  Numbers are rounded up to
a power of two, since every other one is another shape of server blocks; the highest is 65,535.

A Service is counted as a whole: its requests by whichever path, of all workers, from before access rules
until the answer is sent.  Each Ingress only says at which count its own are refused.  Each NGINX counts for
itself.

Requests with an ``Upgrade`` header, such as WebSockets, are not among them, however long they last:
``painless.dev/max-upgraded`` (default 0, no ceiling) is for those, counted apart.  ``Upgrade: h2c``, which
some clients say of any request, makes no difference.

What is refused is counted by Service (``painless_bulkhead_rejections``) and told once as an Event.  Where
an Ingress has ``limit-connections`` too, both hold, with the status of ``limit-conn-status-code``.
"""

import typing

from msgspec import Struct

from painless.annotations.base import Defaults, Key, Scope, Values, setting
from painless.annotations.decode import Rejected, whole_number
from painless.nginx.tokens import Literal, Var
from painless.nginx.tree import Directive, block, directive, entry

HIGHEST = 65_535
"""Requests: NGINX counts them in 16 bits."""

LOWEST_SHARE = 64
"""Requests that a Service may have open by default, however small the machine is."""

Auto = typing.Literal["auto"]
"""The share that the machine gives."""

_number = whole_number(0, HIGHEST)


def _steps(text: str) -> int | Rejected:
    found = _number(text)
    if isinstance(found, Rejected):
        return found
    return min(1 << (found - 1).bit_length(), HIGHEST) if found else 0


def _steps_or_auto(text: str) -> int | Auto | Rejected:
    if text == "auto":
        return "auto"
    found = _steps(text)
    return Rejected(f"{found.expected}, or auto") if isinstance(found, Rejected) else found


REQUESTS: Key[int | Auto] = Key(
    "painless.dev/max-inflight",
    _steps_or_auto,
    default="auto",
    doc="Requests that the Service may have open at once; 0 is no limit, auto half of what NGINX can serve.",
    example="100",
    scope=Scope.LOCATION,
    config="max-inflight",
)
UPGRADED = Key(
    "painless.dev/max-upgraded",
    _steps,
    default=0,
    doc="Requests with an Upgrade header that the Service may have open at once; 0 is no limit.",
    example="5000",
    scope=Scope.LOCATION,
    config="max-upgraded",
)

KEYS = (REQUESTS, UPGRADED)
SETTINGS = ()

AT = "inflight"
"""The variable with the upstream that a request is to be counted at; empty where it is not."""
REFUSED = "inflight_refused"
"""The variable with the upstream whose ceiling refused a request; empty for all others."""
IN_REQUESTS, IN_UPGRADED = "inflight_requests", "inflight_upgraded"
"""The zones, and the variables that they count by: these are for good, since NGINX refuses another key."""

_COUNTED, _RETRY = "inflight_counted", "inflight_retry"
_RETRY_AFTER = 1  # Seconds: a ceiling is free again as soon as one answer is out.


class Ceilings(Struct, frozen=True):
    """How many requests, and how many with an ``Upgrade`` header, may be open; 0 is no limit."""

    requests: int | Auto = "auto"
    upgraded: int = 0


class Above(Struct, frozen=True):
    """What locations inherit of bulkheads, and repeat where they have limits or logs of their own.

    ``requests`` and ``upgraded`` are ceilings, ``share`` is the one that the machine gives, ``log`` are
    our own logs, of refusals and of requests.  ``others`` are limits of the operator's snippets; ``beside``
    stands by all limits that are not ours.
    """

    requests: int = 0
    upgraded: int = 0
    share: int = 0
    log: tuple[Directive, ...] = ()
    others: tuple[Directive, ...] = ()
    beside: tuple[Directive, ...] = ()


def parse(values: Values) -> Ceilings | None:
    """Return the Ingress's own; ``None`` where it has those of all."""
    own = Ceilings(values.get(REQUESTS), values.get(UPGRADED))
    return own if own != for_all(values.defaults) else None


def for_all(defaults: Defaults) -> Ceilings:
    """Return those of who has none of their own."""
    return Ceilings(setting(defaults, REQUESTS), setting(defaults, UPGRADED))


def http() -> tuple[Directive, ...]:
    """Return who is counted, and what a refusal says."""
    # A zone's key is read as NGINX counts, once.  Were a client's own limit to refuse first, it is read
    # afterwards, and then it is empty: so a refusal is ours if there is a key.
    return (
        _map("host", AT, {}, "", comment="Bulkheads: the upstream at which a request counts."),
        _map("limit_conn_status", _COUNTED, {"REJECTED": ""}, Var(AT)),
        _map("http_upgrade", IN_REQUESTS, dict.fromkeys(_PLAIN, Var(_COUNTED)), ""),
        _map("http_upgrade", IN_UPGRADED, dict.fromkeys(_PLAIN, ""), Var(_COUNTED)),
        _map(
            "limit_conn_status",
            REFUSED,
            {"REJECTED": Var(_COUNTED)},
            "",
            comment="The upstream whose bulkhead refused a request.",
        ),
        _map(REFUSED, _RETRY, {"": ""}, str(_RETRY_AFTER)),
        directive("add_header", "Retry-After", Var(_RETRY), "always"),
    )


_PLAIN = ("", "h2c")
"""What the Upgrade header says of a request that does not become another protocol's: NGINX answers in its own
where a client offers HTTP/2."""


def _map(
    source: str, name: str, lines: dict[str, Var | str], default: Var | str, comment: str = ""
) -> Directive:
    body = (
        directive("default", default),
        *(entry(Literal(one), Literal(to) if isinstance(to, str) else to) for one, to in lines.items()),
    )
    return block("map", Var(source), Var(name), body=body, comment=comment)
