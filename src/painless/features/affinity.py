"""Keep a client on one pod by a cookie.

``affinity: cookie`` gives each client a cookie (``session-cookie-name``, default INGRESSCOOKIE) and sends it
to the same pod from then on.  ``affinity-mode: balanced`` (default) hashes the cookie over the pods, so some
clients move when pods come or go; ``persistent`` binds a client to its pod until the pod is gone.

Attributes: ``session-cookie-path`` (default: the path of the rule), ``-domain``, ``-expires`` and
``-max-age`` (seconds), ``-samesite``, ``-secure`` (default: when the request came over HTTPS); always
HttpOnly.

Differs from ingress-nginx: in balanced mode ``-expires`` is sent as Max-Age, which browsers prefer anyway; in
persistent mode NGINX sends the cookie with every answer and a client always moves when its pod fails.

Writes ``hash … consistent`` or ``sticky cookie`` into an upstream of its own, and ``add_header Set-Cookie``.
"""

from msgspec import Struct

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import Rejected, boolean, host_name, matching, one_of, whole_number

AFFINITY = Key(
    "affinity",
    one_of("cookie"),
    default="",
    doc="Switches affinity on.",
    example="cookie",
    scope=Scope.UPSTREAM,
)
MODE = Key(
    "affinity-mode",
    one_of("balanced", "persistent"),
    default="balanced",
    doc="Whether clients may move when pods come, or stay while their pod lives.",
    example="persistent",
    scope=Scope.UPSTREAM,
)
# NGINX's own cookie variables and sticky take these characters; ingress-nginx takes fewer.
NAME = Key(
    "session-cookie-name",
    matching(r"[A-Za-z0-9._~-]{1,128}", "a cookie name: letters, digits and . _ ~ -"),
    default="INGRESSCOOKIE",
    doc="The name of the cookie.",
    example="route",
)
PATH = Key(
    "session-cookie-path",
    matching(r"/[-._~A-Za-z0-9/:,?&=]{0,1023}", "a path"),
    default="",
    doc="The cookie's Path; the path of the rule when missing.",
    example="/",
)


def _domain(text: str) -> str | Rejected:
    return host_name(text.removeprefix("."))


DOMAIN = Key("session-cookie-domain", _domain, default="", doc="The cookie's Domain.", example="example.com")
# 400 days, the longest a browser keeps a cookie, is shorter than this bound; -1 and 0 delete it.
_age = whole_number(-1, 2**31 - 1)
EXPIRES: Key[int | None] = Key(
    "session-cookie-expires", _age, default=None, doc="Seconds until the cookie's Expires.", example="172800"
)
MAX_AGE: Key[int | None] = Key(
    "session-cookie-max-age", _age, default=None, doc="The cookie's Max-Age in seconds.", example="172800"
)
SAMESITE = Key(
    "session-cookie-samesite",
    one_of("None", "Lax", "Strict", fold=True),
    default="",
    doc="The cookie's SameSite.",
    example="Lax",
)
SECURE: Key[bool | None] = Key(
    "session-cookie-secure", boolean, default=None, doc="Send Secure over plain HTTP too.", example="true"
)

KEYS = (AFFINITY, MODE, NAME, PATH, DOMAIN, EXPIRES, MAX_AGE, SAMESITE, SECURE)
SETTINGS = ()


class Affinity(Struct, frozen=True):
    """How clients are kept on a pod, and the cookie's attributes; ``max_age`` in seconds.

    ``canary``: the cookie is one of a canary, which only its own pods give.
    """

    persistent: bool
    cookie: str
    path: str
    domain: str
    max_age: int | None
    samesite: str
    always_secure: bool
    canary: bool = False


def parse(values: Values) -> Affinity | None:
    if not values.get(AFFINITY):
        return None
    max_age, expires = values.get(MAX_AGE), values.get(EXPIRES)
    return Affinity(
        persistent=values.get(MODE) == "persistent",
        cookie=values.get(NAME),
        path=values.get(PATH),
        domain=values.get(DOMAIN),
        max_age=max_age if max_age is not None else expires,
        samesite=values.get(SAMESITE),
        always_secure=bool(values.get(SECURE)),
    )


def attributes(affinity: Affinity, path: str) -> str:
    """Return the cookie's attributes for a location, as they follow its value.

    In persistent mode they follow ``domain=``, which NGINX writes itself.
    """
    domain = affinity.domain if affinity.persistent else f"; Domain={affinity.domain}"
    text = f"{domain if affinity.domain else ''}; Path={affinity.path or path}"
    text += f"; Max-Age={affinity.max_age}" if affinity.max_age is not None else ""
    text += f"; SameSite={affinity.samesite}" if affinity.samesite else ""
    return text + "; HttpOnly" + ("; Secure" if affinity.always_secure else "")
