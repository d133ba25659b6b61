"""Send a copy of each request somewhere else, too.

``mirror-target: https://copies.example`` has every request that may pass sent there as well, with its method,
its URI and its body; the answer is thrown away.  A target with a path of its own is asked for that, and
variables that read the request have their values: ``https://copies.example/shop$request_uri``.  The host is a
Service (``name.namespace.svc.cluster.local``) or a name outside, found again as pods and addresses change; it
is told ``mirror-host``, or the host of the target.  ``mirror-request-body: "off"`` leaves the body out.

The client does not wait for the copy and does not learn what became of it; only the next request on the same
connection of HTTP/1.1 waits until it ends.  Writes ``mirror``, ``mirror_request_body`` and a location that
sends the copy.
"""

import re

from msgspec import Struct

from painless.annotations.base import Key, Values
from painless.annotations.decode import Rejected, matching, one_of, with_variables
from painless.annotations.urls import SAFE_VARIABLES, Url, service_url
from painless.model.diagnostics import Reason
from painless.nginx.tokens import Expr, Literal, Var

_BARE = re.compile(
    r"https?://[^/?$]+(?:\$(?:host|http_host|server_name)\b|\$\{(?:host|http_host|server_name)\})?"
)
"""A URL without a path; its host may end in the one of the rule."""

_REQUEST_URI = re.compile(r"\$(?:request_uri\b|\{request_uri\})")


def _target(text: str) -> Url | Rejected:
    text = text.replace(" ", "")
    host = _BARE.match(text)
    rest = text[host.end() :] if host else ""
    # The URI of a request begins with a slash, so people write none before it.
    if host is None or not (rest == "" or _REQUEST_URI.match(rest)):
        return service_url(text)
    url = service_url(host[0])
    # With nothing in between the "/" that a missing path means, the URI is what it is.
    whole = service_url(f"{host[0]}/{rest}")
    if isinstance(url, Rejected) or isinstance(whole, Rejected):
        return url if isinstance(url, Rejected) else whole
    parts = _without_slash(whole.target) if rest else (Var("request_uri"),)
    return Url(url.secure, url.host, url.port, Expr(parts))


def _without_slash(target: Expr) -> tuple[Literal | Var, ...]:
    first, *others = target.parts
    assert first == Literal("/"), "it was put there"
    return tuple(others)


_host_text = matching(r"[-._A-Za-z0-9:${}\[\]]{1,253}", "a host, or $host")


def _host(text: str) -> Expr | Rejected:
    found = _host_text(text)
    return found if isinstance(found, Rejected) else with_variables(found, allowed=SAFE_VARIABLES)


TARGET: Key[Url | None] = Key(
    "mirror-target",
    _target,
    default=None,
    doc="Where copies of requests go.",
    example="https://copies.example$request_uri",
    instead="no copies are sent",
)
HOST: Key[Expr | None] = Key(
    "mirror-host",
    _host,
    default=None,
    doc="The header Host of the copies.",
    example="shop.example",
    instead="it is the host of mirror-target",
)
BODY = Key(
    "mirror-request-body",
    one_of("on", "off"),
    default="on",
    doc="Whether copies have the body.",
    example="off",
)

KEYS = (TARGET, HOST, BODY)
SETTINGS = ()


class Mirror(Struct, frozen=True):
    """Where copies go, what host they name, and whether they have the body."""

    url: Url
    host: Expr | None
    body: bool


def parse(values: Values) -> Mirror | None:
    if values.given(TARGET):
        url, host, body = values.get(TARGET), values.get(HOST), values.get(BODY)
        return Mirror(url, host, body == "on") if url else None
    for key in (HOST, BODY):
        if values.given(key):
            says = f"found {key.name} without {TARGET.name}, expected both"
            values.say(key.name, Reason.INCOMPLETE_ANNOTATION, says, "it is ignored")
    return None
