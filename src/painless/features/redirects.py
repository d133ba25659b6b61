"""Answer every request of an Ingress with a redirect.

``temporal-redirect: https://status.example/`` sends clients there with 302, or ``temporal-redirect-code``;
``permanent-redirect`` with 301, or ``permanent-redirect-code``.  With both the temporal one is meant.
Variables that read the request, such as ``$request_uri``, may stand in the URL.

The redirect comes before the one to HTTPS, before access lists and authentication.  The Service of the rule
is not asked and need not exist.  Writes ``return`` into the location.
"""

from msgspec import Struct

from painless.annotations.base import Key, Values
from painless.annotations.decode import Rejected, matching, with_variables
from painless.nginx.tokens import Expr

_checked = matching(r"https?://[\x21-\x7e]+", "a URL that begins with http:// or https://")


def _url(text: str) -> Expr | Rejected:
    checked = _checked(text)
    return checked if isinstance(checked, Rejected) else with_variables(checked)


# NGINX redirects with these and sends the URL as text with others.
_CODES = ("301", "302", "303", "307", "308")


def _code(text: str) -> int | Rejected:
    return int(text) if text in _CODES else Rejected(", ".join(_CODES[:-1]) + " or " + _CODES[-1])


TEMPORAL: Key[Expr | None] = Key(
    "temporal-redirect",
    _url,
    default=None,
    doc="Where clients are sent for the time being.",
    example="https://status.example/",
)
TEMPORAL_CODE = Key(
    "temporal-redirect-code", _code, default=302, doc="The status of the temporal redirect.", example="307"
)
PERMANENT: Key[Expr | None] = Key(
    "permanent-redirect",
    _url,
    default=None,
    doc="Where clients are sent for good.",
    example="https://www.example.com$request_uri",
)
PERMANENT_CODE = Key(
    "permanent-redirect-code", _code, default=301, doc="The status of the permanent redirect.", example="308"
)

KEYS = (TEMPORAL, TEMPORAL_CODE, PERMANENT, PERMANENT_CODE)
SETTINGS = ()


class Redirect(Struct, frozen=True):
    """The answer to everything: its status and its Location."""

    code: int
    target: Expr


def parse(values: Values) -> Redirect | None:
    # All four are read, so that each bad value is told.
    temporal = values.get(TEMPORAL), values.get(TEMPORAL_CODE)
    permanent = values.get(PERMANENT), values.get(PERMANENT_CODE)
    for target, code in (temporal, permanent):
        if target is not None:
            return Redirect(code, target)
    return None
