"""The headers a request has when it goes to the application, unless a feature says otherwise."""

from collections.abc import Iterable, Iterator, Mapping

from painless.annotations.base import Contribution
from painless.features.opentelemetry import HEADERS
from painless.nginx.tokens import Literal, Token, Var

#: As ingress-nginx sends them; what a client sends under these names does not pass.
REQUEST_HEADERS: Mapping[str, Token] = {
    "Host": Var("best_http_host"),
    "X-Request-ID": Var("req_id"),
    "X-Real-IP": Var("remote_addr"),
    "X-Forwarded-For": Var("remote_addr"),
    "X-Forwarded-Host": Var("best_http_host"),
    "X-Forwarded-Port": Var("pass_port"),
    "X-Forwarded-Proto": Var("scheme"),
    "X-Forwarded-Scheme": Var("scheme"),
    "X-Scheme": Var("scheme"),
    "X-Original-Forwarded-For": Var("http_x_forwarded_for"),
    "X-Original-Forwarded-Host": Var("http_x_forwarded_host"),
    # httpoxy: CGI programs read this header as a proxy to use.
    "Proxy": Literal(""),
    "Upgrade": Var("http_upgrade"),
    "Connection": Var("connection_upgrade"),
}


def of_trace(added: Iterable[Contribution]) -> Iterator[tuple[str, Token]]:
    """Yield those that say which trace a request belongs to, among what features add to its location."""
    return (one for part in added for one in part.request_headers if one[0] in HEADERS)


def request_headers(*others: Mapping[str, Token]) -> Mapping[str, Token]:
    """Return all headers of a request: ours, and others that replace them by name, in whatever case."""
    found = {name.lower(): (name, value) for one in (REQUEST_HEADERS, *others) for name, value in one.items()}
    return dict(found.values())
