"""Keep a client on one pod by a cookie.

``affinity: cookie`` gives each client a cookie (``session-cookie-name``, default INGRESSCOOKIE) and sends it
to the same pod from then on.  ``affinity-mode: balanced`` (default) hashes the cookie over the pods, so some
clients move when pods come or go; ``persistent`` binds a client to its pod until the pod is gone.

Attributes: ``session-cookie-path`` (default: the path of the rule), ``-domain``, ``-expires`` and
``-max-age`` (seconds), ``-samesite``, ``-secure`` (default: when the request came over HTTPS); always
HttpOnly.  ``session-cookie-conditional-samesite-none: "true"`` leaves ``SameSite=None`` out for browsers
known to take it for ``Strict`` or to drop the cookie.  A client whose pod fails moves to another one;
``session-cookie-change-on-failure: "true"`` says the same.

Differs from ingress-nginx: in balanced mode ``-expires`` is sent as Max-Age, which browsers prefer anyway; in
persistent mode NGINX sends the cookie with every answer and a client always moves when its pod fails.

Writes ``hash … consistent`` or ``sticky cookie`` into an upstream of its own, and ``add_header Set-Cookie``.
"""

from msgspec import Struct

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import Rejected, boolean, host_name, matching, one_of, whole_number
from painless.model.diagnostics import Reason, Severity
from painless.nginx.tokens import Var

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

CONDITIONAL = Key(
    "session-cookie-conditional-samesite-none",
    boolean,
    default=False,
    doc="Leave SameSite=None out for browsers that mishandle it.",
    example="true",
)
CHANGE: Key[bool | None] = Key(
    "session-cookie-change-on-failure",
    boolean,
    default=None,
    doc="Whether a client whose pod fails moves to another; it always does.",
    example="true",
)

KEYS = (AFFINITY, MODE, NAME, PATH, DOMAIN, EXPIRES, MAX_AGE, SAMESITE, SECURE, CONDITIONAL, CHANGE)
SETTINGS = ()


class Affinity(Struct, frozen=True):
    """How clients are kept on a pod, and the cookie's attributes; ``max_age`` in seconds.

    ``conditional``: SameSite=None is for browsers that know it.  ``canary``: the cookie is one of a canary,
    which only its own pods give.
    """

    persistent: bool
    cookie: str
    path: str
    domain: str
    max_age: int | None
    samesite: str
    always_secure: bool
    conditional: bool = False
    canary: bool = False


def parse(values: Values) -> Affinity | None:
    if not values.get(AFFINITY):
        return None
    max_age, expires = values.get(MAX_AGE), values.get(EXPIRES)
    samesite = values.get(SAMESITE)
    if values.get(CHANGE) is False:
        says = "found a client that keeps its pod when it fails, expected one that moves"
        values.say(CHANGE.name, Reason.NO_EFFECT, says, "it moves", Severity.WARNING)
    return Affinity(
        persistent=values.get(MODE) == "persistent",
        cookie=values.get(NAME),
        path=values.get(PATH),
        domain=values.get(DOMAIN),
        max_age=max_age if max_age is not None else expires,
        samesite=samesite,
        always_secure=bool(values.get(SECURE)),
        conditional=samesite == "None" and values.get(CONDITIONAL),
    )


KNOWS_NONE = "samesite_none"
"""The variable that holds ``; SameSite=None`` for browsers that know it."""

# Chrome 51 to 66 drop such a cookie; iOS 12 and Safari of macOS 10.14 take it for Strict.  They are what the
# Chromium project lists as incompatible clients.
INCOMPATIBLE = (
    r"Chrom(?:e|ium)/(?:5[1-9]|6[0-6])\.",
    r"\((?:iPhone|iPad|iPod)[^)]* OS 12_",
    r"Macintosh[^)]* Mac OS X 10_14.* Version/[\d.]+ .*Safari/",
)


def attributes(affinity: Affinity, path: str) -> tuple[str | Var, ...]:
    """Return the cookie's attributes for a location, as they follow its value.

    In persistent mode they follow ``domain=``, which NGINX writes itself.
    """
    domain = affinity.domain if affinity.persistent else f"; Domain={affinity.domain}"
    text = f"{domain if affinity.domain else ''}; Path={affinity.path or path}"
    text += f"; Max-Age={affinity.max_age}" if affinity.max_age is not None else ""
    if affinity.samesite and not affinity.conditional:
        text += f"; SameSite={affinity.samesite}"
    known = (Var(KNOWS_NONE),) if affinity.conditional else ()
    return text, *known, "; HttpOnly" + ("; Secure" if affinity.always_secure else "")
