"""What an application that speaks FastCGI is told.

With ``backend-protocol: FCGI`` it gets the usual parameters of a CGI program (``SCRIPT_NAME``,
``QUERY_STRING``, ``REQUEST_METHOD``, ``REMOTE_ADDR`` and so on) and the headers of the request as
``HTTP_…``, those that NGINX sets in place of the client's.  ``fastcgi-index: index.php`` is the script of a
path that ends in a slash, and ``fastcgi-params-configmap: params`` names a ConfigMap of the same namespace
with further parameters, which replace the usual ones; applications need ``SCRIPT_FILENAME``, such as
``/app$fastcgi_script_name``.

A ConfigMap that cannot be had closes the location with 503.  Writes ``fastcgi_param`` and ``fastcgi_index``.
"""

import re

from msgspec import Struct

from painless.annotations.base import Key, Values
from painless.annotations.decode import Rejected, matching
from painless.model.diagnostics import Reason
from painless.nginx.tokens import Expr

_CONFIGMAP = re.compile(r"(?:([a-z0-9](?:[a-z0-9-]*[a-z0-9])?)/)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)")


def _configmap(text: str) -> tuple[str, str] | Rejected:
    """Decode a ConfigMap's name; its namespace is empty where none is named."""
    found = _CONFIGMAP.fullmatch(text.replace(" ", ""))
    return (found[1] or "", found[2]) if found else Rejected("the name of a ConfigMap")


INDEX = Key(
    "fastcgi-index",
    matching(r"[A-Za-z0-9._-]{1,256}", "the name of a file: letters, digits, dots, - and _"),
    default="",
    doc="The script of a path that ends in a slash.",
    example="index.php",
)
PARAMS: Key[tuple[str, str] | None] = Key(
    "fastcgi-params-configmap",
    _configmap,
    default=None,
    doc="The ConfigMap of the same namespace with further parameters.",
    example="params",
    denies=True,
)

KEYS = (INDEX, PARAMS)
SETTINGS = ()

PROTOCOL = "FCGI"

Params = tuple[tuple[str, Expr], ...]


class Fastcgi(Struct, frozen=True):
    """The index, and parameters that the compiler finds in ``configmap``."""

    index: str
    configmap: tuple[str, str] | None
    params: Params = ()


def parse(values: Values, protocol: str) -> Fastcgi | None:
    """Return what the application is told beyond the usual."""
    index, configmap = values.get(INDEX), values.get(PARAMS)
    if protocol != PROTOCOL:
        for key in KEYS:
            if values.given(key):
                says = f"found {key.name} with backend-protocol {protocol}, expected {PROTOCOL}"
                values.say(key.name, Reason.INCOMPLETE_ANNOTATION, says, "it is ignored")
        return None
    if configmap and configmap[0] not in {"", values.ingress.namespace}:
        says = f"found a ConfigMap of namespace {configmap[0]}, expected one of {values.ingress.namespace}"
        hint = "references to other namespaces are not allowed"
        values.deny(PARAMS.name, Reason.LOCATION_DENIED, says, hint)
    where = (values.ingress.namespace, configmap[1]) if configmap else None
    return Fastcgi(index, where) if index or where else None
