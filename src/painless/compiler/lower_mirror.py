"""Copies of requests: the location that sends them.

NGINX asks it beside the application, once access rules have let a request pass, and waits for neither its
answer nor its failure.
"""

import hashlib

from painless.annotations.base import Contribution
from painless.compiler.request_headers import of_trace, request_headers
from painless.compiler.shape import Names
from painless.compiler.site import Proxy, Route
from painless.features import Everywhere
from painless.nginx.tokens import Literal, Token, expr
from painless.nginx.tree import block, directive


def mirror_contribution(
    route: Route, names: Names, added: tuple[Contribution, ...], common: Everywhere
) -> tuple[Contribution, ...]:
    """Return what has a route's requests copied; nothing where they are not.

    ``names`` are what it has of its own, ``added`` is what its other features add, ``common`` is what all
    locations share.
    """
    mirror = route.settings.mirror
    if mirror is None or not route.mirror_upstream or not isinstance(route.answer, Proxy):
        return ()
    url = mirror.url
    scheme = "https" if url.secure else "http"
    host = mirror.host or url.host_token
    no_body = (directive("proxy_pass_request_body", "off"),) if not mirror.body else ()
    length = {"Content-Length": Literal("")} if not mirror.body else {}
    # Nobody reads the answer, so the connection never becomes another protocol's.
    own: dict[str, Token] = {"Host": host, "Upgrade": Literal(""), "Connection": Literal(""), **length}
    told = {**dict(of_trace(added)), **own}
    named = (directive("proxy_ssl_server_name", "on"), directive("proxy_ssl_name", url.host_token))
    body = (
        directive("internal"),
        # One of its own, so that it inherits none: a copy that fails is no reason to ask anybody else.
        directive("error_page", 599, "@nowhere"),
        *no_body,
        *(directive("proxy_set_header", *one) for one in request_headers(dict(common.sent), told).items()),
        *(named if url.secure else ()),
        directive("proxy_pass", expr(f"{scheme}://", names.mirror_upstream, *url.target.parts)),
    )
    # Not below "/": no client, rule or rewrite can name it.
    name = f"_mirror-{hashlib.blake2b(repr(body).encode(errors='replace'), digest_size=5).hexdigest()}"
    return (
        Contribution(
            location=(
                directive("mirror", name),
                *((directive("mirror_request_body", "off"),) if not mirror.body else ()),
            ),
            server=(block("location", "=", name, body=body),),
        ),
    )
