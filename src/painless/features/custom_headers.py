"""Add headers to answers and to requests.

``custom-headers: namespace/name`` names a ConfigMap whose keys are headers and whose values are sent with all
answers of the Ingress, errors included, in place of the application's own of the same name.  Only names in
the ConfigMap's ``global-allowed-response-headers`` may be set: another name, or a ConfigMap that does not
exist or has a bad header, closes the location with 503.

``add-headers`` of the ConfigMap names such a ConfigMap for all Ingresses; ``custom-headers`` wins over it.
``proxy-set-headers`` names one with headers of the requests that go to applications, in which variables that
read the request have their values; it wins over headers that Painless sends by itself.  There a header that
is bad is left out.  An empty value removes a header.

``Connection``, ``Content-Length``, ``Date``, ``Server`` and ``Transfer-Encoding`` of an answer are NGINX's
own and are left out.  Writes ``add_header … always``, ``proxy_hide_header`` and ``proxy_set_header``, or
``grpc_*`` for gRPC.
"""

from msgspec import Struct

from painless.annotations.base import Contribution, Key, Place, Setting, Values
from painless.annotations.decode import Decoder, Rejected, comma_list, header_name, matching
from painless.nginx.tree import Directive, directive

Name = tuple[str, str]
"""The namespace and name of a ConfigMap."""

_text = matching(
    r"[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "the namespace/name of a ConfigMap"
)


def _name(text: str) -> Name | Rejected:
    checked = _text(text)
    if isinstance(checked, Rejected):
        return checked
    namespace, _, name = checked.partition("/")
    return namespace, name


def _setting(name: str, doc: str, example: str) -> Setting[Name | None]:
    return Setting(name, _name, None, doc, example)


CUSTOM: Key[Name | None] = Key(
    "custom-headers",
    _name,
    default=None,
    doc="The ConfigMap that holds headers of the answers.",
    example="shop/headers",
    denies=True,
)
ADDED = _setting("add-headers", "The ConfigMap that holds headers of all answers.", "ingress-nginx/headers")
SENT = _setting(
    "proxy-set-headers", "The ConfigMap that holds headers of all requests.", "ingress-nginx/sent"
)
_names: Decoder[tuple[str, ...]] = comma_list(header_name, expected="a comma separated list of header names")
ALLOWED: Setting[tuple[str, ...]] = Setting(
    "global-allowed-response-headers",
    _names,
    default=(),
    doc="The headers that custom-headers may set.",
    example="X-Frame-Options, Content-Security-Policy",
)

KEYS = (CUSTOM,)
SETTINGS = (ADDED, SENT, ALLOWED)

Headers = tuple[tuple[str, str], ...]
"""Names and values of an answer's headers; an empty value removes the header."""

NGINX_OWN = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
"""Headers of an answer that NGINX writes by itself, so that one of ours would be a second one."""


class Asked(Struct, frozen=True):
    """Which ConfigMap an Ingress wants its headers from; the compiler puts what it holds in this place."""

    configmap: Name


def parse(values: Values) -> Asked | None:
    name = values.get(CUSTOM)
    return Asked(name) if name else None


def contribute(headers: Headers, _place: Place) -> Contribution:
    return Contribution(location=written(headers), hide_headers=tuple(name for name, _ in headers))


def written(headers: Headers) -> tuple[Directive, ...]:
    """Return the directives that add the headers."""
    # NGINX sends no header without a value, so hiding the application's removes it.
    return tuple(directive("add_header", name, value, "always") for name, value in headers)
