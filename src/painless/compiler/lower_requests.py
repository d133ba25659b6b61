"""The log that requests are counted from: a line of a fixed form for each, whatever else is logged.

``observe.tally`` reads it: fields that name a series, a quote, and numbers, with tabs between.  NGINX escapes
quotes and tabs in what it writes of a request, so whatever clients send stays in its own field.
"""

from painless.compiler.options import Options
from painless.features import log_format
from painless.nginx.tokens import Expr, Literal, Var
from painless.nginx.tree import Directive, directive

FOLDER, LOG = "requests", "requests.log"
"""Below the state directory, and the file in it."""

_FORM = "requests"
_FIELDS = (
    *("host", "status", "request_method", log_format.PATH, log_format.INGRESS, log_format.UPSTREAM),
    "proxy_alternative_upstream_name",
)
_NUMBERS = (
    *("request_length", "bytes_sent", "request_time"),
    *("upstream_connect_time", "upstream_header_time", "upstream_response_time"),
)
_SELDOM = "buffer=64k", "flush=1s"
"""One write for some 500 lines, and no line waits for longer than a second."""


def form(options: Options) -> tuple[Directive, ...]:
    """Return the form of a line, where requests are counted."""
    if not options.request_metrics:
        return ()
    line = Expr((*_joined(_FIELDS), Literal('"'), *_joined(_NUMBERS)))
    return (directive("log_format", _FORM, "escape=default", line),)


def log(options: Options) -> tuple[Directive, ...]:
    """Return where the lines go: it stands beside every other log, since logs are inherited all or none."""
    if not options.request_metrics:
        return ()
    return (directive("access_log", f"{options.state}/{FOLDER}/{LOG}", _FORM, *_SELDOM),)


def _joined(names: tuple[str, ...]) -> tuple[Literal | Var, ...]:
    return tuple(part for name in names for part in (Literal("\t"), Var(name)))[1:]
