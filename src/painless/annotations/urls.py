"""URLs of external authentication: where a service is asked, and where a browser signs in.

Decoders of values, as in ``decode``, for the two that have a structure.  What comes out holds no variable
that a client could put a line break into: it goes into a request line, and into a header of an answer.
"""

import re

from msgspec import Struct

from painless.annotations.addresses import is_this_machine
from painless.annotations.decode import REQUEST_VARIABLES, Rejected, host_name, matching, with_variables
from painless.nginx.tokens import Expr, Literal, Token, Var

SAFE_VARIABLES = REQUEST_VARIABLES - {"document_uri", "remote_user", "request", "uri"}
"""Variables whose values hold no line breaks or spaces of a client's choice: the others are decoded."""

ESCAPED = "escaped_request_uri"
"""The URI as a part of a query; a variable of ingress-nginx that stock NGINX has not."""

_THEIRS = {"pass_access_scheme": "scheme"}
"""A variable of ingress-nginx's configuration that people have come to write, and what it means."""

_OF_THE_RULE = frozenset({"host", "http_host", "server_name"})
"""Variables that stand for the host of a rule where the host of a URL names them."""


class Url(Struct, frozen=True):
    """Where the service is: with TLS or not, its host, its port, and the path with its query."""

    secure: bool
    host: Expr
    port: int
    target: Expr

    def host_of(self, name: str) -> str:
        """Return the host for requests to ``name``; empty when it has none."""
        if not self.varies:
            return "".join(part.text for part in self.host.parts if isinstance(part, Literal))
        if not name or name.startswith("*."):
            return ""
        return "".join(part.text if isinstance(part, Literal) else name for part in self.host.parts)

    @property
    def host_token(self) -> Token:
        """Return the host as requests to it name it."""
        if not self.varies:
            return Literal(self.host_of(""))
        return Expr(tuple(Var("host") if isinstance(one, Var) else one for one in self.host.parts))

    @property
    def varies(self) -> bool:
        """Whether the host is another one for each rule."""
        return any(isinstance(part, Var) for part in self.host.parts)


UNREADABLE = Url(secure=False, host=Expr(()), port=0, target=Expr(()))
"""What a URL that cannot be read comes to where everybody could enter without one."""

_URL = re.compile(r"(https?)://([A-Za-z0-9._${}-]{1,253})(?::([0-9]{1,5}))?([/?][-._~A-Za-z0-9/:,?&=$%{}]*)?")
_FORM = "a URL such as https://auth.example/check"


def service_url(text: str) -> Url | Rejected:
    found = _URL.fullmatch(text.replace(" ", ""))
    if found is None:
        return Rejected(_FORM)
    scheme, written, number, rest = found.groups()
    host, target = _host(written), with_variables(_slashed(rest or ""), allowed=SAFE_VARIABLES)
    if isinstance(host, Rejected):
        return host
    if isinstance(target, Rejected):
        return target
    port = int(number or {"http": 80, "https": 443}[scheme])
    if not 1 <= port <= 65_535:
        return Rejected("a port from 1 to 65535")
    return Url(scheme == "https", host, port, target)


def _slashed(rest: str) -> str:
    return rest if rest.startswith("/") else f"/{rest}"


def _host(text: str) -> Expr | Rejected:
    found = with_variables(text, allowed=_OF_THE_RULE, open_variables=())
    if isinstance(found, Rejected):
        return Rejected("a host, or $host for the one of the rule")
    written = "".join(part.text if isinstance(part, Literal) else "x" for part in found.parts)
    checked = host_name(written.removesuffix("."))
    if isinstance(checked, Rejected) or "*" in written:
        return Rejected(_FORM)
    if len(found.parts) > 1 or isinstance(found.parts[0], Var):
        return Expr(
            tuple(Literal(one.text.lower()) if isinstance(one, Literal) else one for one in found.parts)
        )
    return Rejected("the host of another machine") if is_this_machine(checked) else Expr((Literal(checked),))


class Target(Struct, frozen=True):
    """A URL for browsers, as written and with its variables told apart."""

    text: str
    address: Expr


_target_text = matching(
    r"(https?://|/|\$)[-._~A-Za-z0-9/:,?&=${}]*", "a URL such as https://login.example/start"
)


def browser_url(text: str) -> Target | Rejected:
    written = _target_text(text.replace(" ", ""))
    if isinstance(written, Rejected):
        return written
    found = with_variables(written, allowed=SAFE_VARIABLES | {ESCAPED, *_THEIRS})
    if isinstance(found, Rejected):
        return found
    named = (Var(_THEIRS.get(one.name, one.name)) if isinstance(one, Var) else one for one in found.parts)
    path = written.partition("?")[0]
    if ESCAPED in path:
        return Rejected(f"${ESCAPED} in the query, after the question mark")
    return Target(written, Expr(tuple(named)))


def pieces(target: Target, param: str) -> tuple[Expr, ...]:
    """Return the URL with the parameter that lets a client return, split where the escaped URI goes."""
    found: list[list[Literal | Var]] = [[]]
    for one in (*target.address.parts, *_returning(target.text, param)):
        if one == Var(ESCAPED):
            found.append([])
        else:
            found[-1].append(one)
    return tuple(Expr(tuple(one)) for one in found)


def _returning(text: str, param: str) -> tuple[Literal | Var, ...]:
    """Return what is added to a URL so that a client comes back; nothing when it has the parameter."""
    _, mark, query = text.partition("?")
    if any(one.startswith(f"{param}=") and one != f"{param}=" for one in query.split("&")):
        return ()
    joint = "?" if not mark else "&" if query and not query.endswith("&") else ""
    return (
        Literal(f"{joint}{param}="),
        Var("pass_access_scheme"),
        Literal("://"),
        Var("best_http_host"),
        Var(ESCAPED),
    )
