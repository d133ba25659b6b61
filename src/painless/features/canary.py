"""Send a part of a path's traffic to another Service.

An Ingress with ``canary: "true"`` serves nothing of its own: its backend takes a part of the requests of the
Ingress that has the same host, path and path type.  Which part, first that decides: the header named by
``canary-by-header`` (``always`` and ``never``, or equal to ``canary-by-header-value``, or matched by
``canary-by-header-pattern``), the cookie named by ``canary-by-cookie`` (``always`` or ``never``), then
``canary-weight`` out of ``canary-weight-total`` (default 100).  Changing either takes no reload.

Where the other Ingress has ``affinity``, its canary has it too, and a client that a cookie binds to one of
the two Services stays there whatever the rules say.  ``affinity-canary-behavior: legacy`` binds nobody to the
canary.

Differs from ingress-nginx: the canary changes only the paths it names, not every path that uses the same
Service.  A canary without ready endpoints gets no traffic.  A weight counts in steps of a ten-thousandth.
The canary's cookie has a name of its own, made of the other one's and of its Service.

Writes maps, ``split_clients`` and marker files, one for each hundredth of the traffic and one for each
hundredth of the last.
"""

import re

from msgspec import Struct

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import (
    Rejected,
    boolean,
    cookie_name,
    header_name,
    matching,
    one_of,
    whole_number,
)
from painless.annotations.regex import regex
from painless.model.diagnostics import Reason, Severity

ENABLED = Key(
    "canary",
    boolean,
    default=False,
    doc="Makes this Ingress a canary of another one.",
    example="true",
    scope=Scope.UPSTREAM,
)
HEADER = Key(
    "canary-by-header",
    header_name,
    default="",
    doc="The header that decides: always, never, or the value wanted.",
    example="X-Canary",
    scope=Scope.UPSTREAM,
)
HEADER_VALUE = Key(
    "canary-by-header-value",
    matching(r"[-/._~A-Za-z0-9: ]{1,256}", "letters, digits, spaces and - / . _ ~ :"),
    default="",
    doc="The value of the header that sends a request to the canary; other values decide nothing.",
    example="eu-west",
    scope=Scope.UPSTREAM,
)


def _pattern(text: str) -> str | Rejected:
    checked = regex(text)
    return checked if isinstance(checked, Rejected) else checked.pattern


HEADER_PATTERN = Key(
    "canary-by-header-pattern",
    _pattern,
    default="",
    doc="A regular expression for the header's value; ignored when canary-by-header-value is set.",
    example="^eu-",
    scope=Scope.UPSTREAM,
)
COOKIE = Key(
    "canary-by-cookie",
    cookie_name,
    default="",
    doc="The cookie that decides: always or never.",
    example="canary",
    scope=Scope.UPSTREAM,
)
_LARGEST = 2**31 - 1  # Arbitrary: nobody deals requests that finely.

WEIGHT = Key(
    "canary-weight",
    whole_number(0, _LARGEST),
    default=0,
    doc="How many requests go to the canary, out of canary-weight-total.",
    example="10",
    scope=Scope.UPSTREAM,
)
TOTAL = Key(
    "canary-weight-total",
    whole_number(100, _LARGEST),
    default=100,
    doc="Out of how many requests canary-weight counts.",
    example="1000",
    scope=Scope.UPSTREAM,
)
BEHAVIOUR = Key(
    "affinity-canary-behavior",
    one_of("sticky", "legacy"),
    default="sticky",
    doc="Whether the canary has the affinity of the other Ingress, or none.",
    example="legacy",
    scope=Scope.UPSTREAM,
)

KEYS = (ENABLED, HEADER, HEADER_VALUE, HEADER_PATTERN, COOKIE, WEIGHT, TOTAL, BEHAVIOUR)
SETTINGS = ()


WHOLE = 10_000
"""All requests: what ``Canary.weight`` is out of."""


class Canary(Struct, frozen=True):
    """What sends a request to the canary; empty names decide nothing.

    ``weight`` is out of ``WHOLE``.  ``sticky``: the canary has the affinity of the route it hangs on.  The
    cookies that bind a client to one of the two are ``bound`` (to the other Service) and ``bound_here``.
    """

    header: str = ""
    header_value: str = ""
    header_pattern: str = ""
    cookie: str = ""
    weight: int = 0
    sticky: bool = True
    bound: str = ""
    bound_here: str = ""


def parse(values: Values) -> Canary | None:
    if not values.get(ENABLED):
        _say_ignored(values)
        return None
    header = values.get(HEADER)
    if not header:
        for key in (HEADER_VALUE, HEADER_PATTERN):
            if values.given(key) and not values.given(HEADER):
                values.say(
                    key.name, Reason.INCOMPLETE_ANNOTATION, f"found {key.name} without canary-by-header"
                )
    return Canary(
        header=header,
        header_value=values.get(HEADER_VALUE) if header else "",
        header_pattern=values.get(HEADER_PATTERN) if header else "",
        cookie=values.get(COOKIE),
        weight=_weight(values),
        sticky=values.get(BEHAVIOUR) == "sticky",
    )


def _say_ignored(values: Values) -> None:
    for key in KEYS[1:]:
        # People write the default on both Ingresses, and lose nothing by it.
        if values.given(key) and not (key is BEHAVIOUR and values.get(BEHAVIOUR) == BEHAVIOUR.default):
            values.say(
                key.name,
                Reason.CANARY_IGNORED,
                f'found {key.name} without canary: "true", expected both',
                "the Ingress is served as a normal one",
            )


def _weight(values: Values) -> int:
    """Return the weight out of ``WHOLE``; only nothing comes to nothing, and only all to all."""
    weight, total = values.get(WEIGHT), values.get(TOTAL)
    if weight > total:
        says = f"found a weight of {weight}, expected at most the total, which is {total}"
        hint = "all requests go to the canary"
        values.say(WEIGHT.name, Reason.INVALID_ANNOTATION_VALUE, says, hint, Severity.WARNING)
    if weight in {0, total} or weight > total:
        return WHOLE if weight else 0
    return min(max(1, round(weight * WHOLE / total)), WHOLE - 1)


def variable_of(header: str) -> str:
    """Return the NGINX variable that holds a request header."""
    return "http_" + re.sub("-", "_", header.lower())
