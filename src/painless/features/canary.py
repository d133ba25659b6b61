"""Send a part of a path's traffic to another Service.

An Ingress with ``canary: "true"`` serves nothing of its own: its backend takes a part of the requests of the
Ingress that has the same host, path and path type.  Which part, first that decides: the header named by
``canary-by-header`` (``always`` and ``never``, or equal to ``canary-by-header-value``, or matched by
``canary-by-header-pattern``), the cookie named by ``canary-by-cookie`` (``always`` or ``never``), then
``canary-weight`` out of 100.  Changing the weight takes no reload.

Differs from ingress-nginx: the canary changes only the paths it names, not every path that uses the same
Service.  A canary without ready endpoints gets no traffic.

Writes maps, ``split_clients`` and marker files, one for each hundredth of the traffic.
"""

import re

from msgspec import Struct

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import Rejected, boolean, cookie_name, header_name, matching, whole_number
from painless.annotations.regex import regex
from painless.model.diagnostics import Reason

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
WEIGHT = Key(
    "canary-weight",
    whole_number(0, 100),
    default=0,
    doc="How many of 100 requests go to the canary.",
    example="10",
    scope=Scope.UPSTREAM,
)

KEYS = (ENABLED, HEADER, HEADER_VALUE, HEADER_PATTERN, COOKIE, WEIGHT)
SETTINGS = ()


class Canary(Struct, frozen=True):
    """What sends a request to the canary; empty names decide nothing."""

    header: str = ""
    header_value: str = ""
    header_pattern: str = ""
    cookie: str = ""
    weight: int = 0


def parse(values: Values) -> Canary | None:
    if not values.get(ENABLED):
        for key in KEYS[1:]:
            if values.given(key):
                values.say(
                    key.name,
                    Reason.CANARY_IGNORED,
                    f'found {key.name} without canary: "true", expected both',
                    "the Ingress is served as a normal one",
                )
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
        weight=values.get(WEIGHT),
    )


def variable_of(header: str) -> str:
    """Return the NGINX variable that holds a request header."""
    return "http_" + re.sub("-", "_", header.lower())
