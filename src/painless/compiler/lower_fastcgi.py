"""What an application that speaks FastCGI is asked with: parameters, which headers become, too."""

from collections.abc import Mapping

from painless.compiler.request_headers import request_headers
from painless.features import Everywhere
from painless.features.fastcgi import Fastcgi
from painless.nginx.tokens import Literal, Token, Var
from painless.nginx.tree import Directive, directive

_USUAL: Mapping[str, Token] = {
    "QUERY_STRING": Var("query_string"),
    "REQUEST_METHOD": Var("request_method"),
    "CONTENT_TYPE": Var("content_type"),
    "CONTENT_LENGTH": Var("content_length"),
    "SCRIPT_NAME": Var("fastcgi_script_name"),
    "REQUEST_URI": Var("request_uri"),
    "DOCUMENT_URI": Var("document_uri"),
    "DOCUMENT_ROOT": Var("document_root"),
    "SERVER_PROTOCOL": Var("server_protocol"),
    "GATEWAY_INTERFACE": Literal("CGI/1.1"),
    "SERVER_SOFTWARE": Literal("nginx"),
    "REMOTE_ADDR": Var("remote_addr"),
    "REMOTE_PORT": Var("remote_port"),
    "REMOTE_USER": Var("remote_user"),
    "SERVER_ADDR": Var("server_addr"),
    "SERVER_PORT": Var("server_port"),
    # NGINX's variable for it names the first of the hosts that share a block.
    "SERVER_NAME": Var("host"),
    # PHP wants to know that a web server has asked.
    "REDIRECT_STATUS": Literal("200"),
}
"""The parameters of NGINX's own file ``fastcgi_params``."""

_OF_THE_CONNECTION = frozenset({"connection", "upgrade"})
"""Headers that say how HTTP goes on, which FastCGI has no word for."""


def asked_with(
    fastcgi: Fastcgi | None, own: Mapping[str, Token], common: Everywhere
) -> tuple[Directive, ...]:
    """Return the parameters; ``own`` are the headers that a location sets."""
    sent = request_headers(dict(common.sent), own)
    headers = {
        f"HTTP_{name.upper().replace('-', '_')}": value
        for name, value in sent.items()
        if name.lower() not in _OF_THE_CONNECTION
    }
    usual = {**_USUAL, "REQUEST_SCHEME": common.scheme}
    theirs: dict[str, Token] = dict(fastcgi.params) if fastcgi else {}
    # A header that is empty is none, and an application takes any HTTPS for "on".
    unless_empty = {**headers, "HTTPS": Var("https")}
    return (
        *((directive("fastcgi_index", fastcgi.index),) if fastcgi and fastcgi.index else ()),
        *(directive("fastcgi_param", *one) for one in {**usual, **theirs}.items()),
        *(
            directive("fastcgi_param", *one, "if_not_empty")
            for one in unless_empty.items()
            if one[0] not in theirs
        ),
    )
