"""TLS between NGINX and the application.

``proxy-ssl-secret: namespace/name`` (a Secret of the Ingress's namespace) says what NGINX shows and whom it
trusts, where ``backend-protocol`` is ``HTTPS`` or ``GRPCS``: the certificate in ``tls.crt`` with its key in
``tls.key``, and the authorities in ``ca.crt``.  With ``proxy-ssl-verify: "on"`` the application must show a
certificate that one of them has signed, for the name in ``proxy-ssl-name``.  ``proxy-ssl-server-name: "on"``
also names it in the handshake.  The other annotations need ``proxy-ssl-secret``, as in ingress-nginx.

A new certificate in the Secret takes effect without a reload, new authorities with one.  A Secret that is
missing or cannot be used closes the paths with 503.
Writes ``proxy_ssl_certificate``, ``proxy_ssl_trusted_certificate``, ``proxy_ssl_verify`` and their
companions, or ``grpc_ssl_…``.
"""

import re

from msgspec import Struct

from painless.annotations.base import Contribution, Key, Place, Setting, Values
from painless.annotations.ciphers import ciphers
from painless.annotations.decode import (
    Rejected,
    boolean,
    matching,
    one_of,
    whole_number,
    with_variables,
    word_list,
)
from painless.model.diagnostics import Reason
from painless.nginx.tokens import Expr, Var, expr
from painless.nginx.tree import directive

SECRET = Key(
    "proxy-ssl-secret",
    matching(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "namespace/name of a Secret"),
    default="",
    doc="The Secret with NGINX's certificate and the authorities that sign the application's.",
    example="default/backend-tls",
    denies=True,
)
CIPHERS = Key("proxy-ssl-ciphers", ciphers, default="", doc="The ciphers of TLS 1.2.", example="HIGH:!aNULL")
PROTOCOLS: Key[tuple[str, ...]] = Key(
    "proxy-ssl-protocols",
    word_list("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    default=(),
    doc="The versions of TLS; NGINX's default is 1.2 and 1.3.",
    example="TLSv1.3",
)


def _name(text: str) -> Expr | Rejected | None:
    if not re.fullmatch(r"[A-Za-z0-9._$ {}:-]+", text) or " " in text:
        return Rejected("a host name, perhaps with variables that read the request")
    return with_variables(text)


NAME: Key[Expr | None] = Key(
    "proxy-ssl-name",
    _name,
    default=None,
    doc="The name that the application's certificate must be for, and the one in the handshake.",
    example="app.internal",
    denies=True,
)
SERVER_NAME = Key(
    "proxy-ssl-server-name",
    one_of("on", "off"),
    default="off",
    doc="Whether the handshake names the application.",
    example="on",
)
VERIFY = Key(
    "proxy-ssl-verify",
    one_of("on", "off"),
    default="off",
    doc="Whether the application's certificate is checked.",
    example="on",
    denies=True,
)
DEPTH = Key(
    "proxy-ssl-verify-depth",
    whole_number(0, 100),  # OpenSSL stops there, too.
    default=1,
    doc="How many authorities may stand between the application's certificate and one of the Secret.",
    example="2",
)
LOCATION_ONLY = Setting(
    "proxy-ssl-location-only",
    boolean,
    default=True,
    doc="Whether proxy-ssl-* hold for the paths of their own Ingress only; here they always do.",
    example="true",
)

KEYS = (SECRET, CIPHERS, PROTOCOLS, NAME, SERVER_NAME, VERIFY, DEPTH)
SETTINGS = (LOCATION_ONLY,)


class BackendTls(Struct, frozen=True):
    """What an Ingress wants of TLS to its applications."""

    secret: str
    ciphers: str
    protocols: tuple[str, ...]
    name: Expr | None
    server_name: bool
    verify: bool
    depth: int


class Files(Struct, frozen=True):
    """What the Secret holds: a hot file without suffix, and cold files; empty where it has none."""

    certificate: str = ""
    authorities: str = ""
    revoked: str = ""


def parse(values: Values, protocol: str) -> BackendTls | None:
    """Read what is wanted of TLS to an application that is asked with ``protocol``."""
    if not values.given(SECRET):
        found = next((one for one in KEYS if values.given(one)), None)
        if found is not None:
            says = f"found {found.name} without proxy-ssl-secret, expected both"
            values.say(found.name, Reason.INCOMPLETE_ANNOTATION, says, "it is ignored")
        return None
    secret = values.get(SECRET)
    namespace, _, name = secret.partition("/")
    if secret and not values.may_name(namespace):
        says = f"found a Secret of namespace {namespace}, expected one of {values.ingress.namespace}"
        hint = "references to other namespaces are not allowed"
        values.deny(SECRET.name, Reason.LOCATION_DENIED, says, hint)
        return None
    if protocol in {"HTTP", "GRPC", "FCGI"}:
        says = f"found proxy-ssl-secret with backend-protocol {protocol}, expected HTTPS or GRPCS"
        values.say(SECRET.name, Reason.INCOMPLETE_ANNOTATION, says, "the application is asked without TLS")
    return BackendTls(
        secret=name if namespace == values.ingress.namespace else secret,
        ciphers=values.get(CIPHERS),
        protocols=values.get(PROTOCOLS),
        name=values.get(NAME),
        server_name=values.get(SERVER_NAME) == "on",
        verify=values.get(VERIFY) == "on",
        depth=values.get(DEPTH) or 1,
    )


def contribute(wanted: BackendTls, files: Files, place: Place) -> Contribution:
    """Ask the application over TLS as ``wanted``, with what the Secret holds."""
    kind = "grpc_ssl" if place.module == "grpc" else "proxy_ssl"
    # With a variable NGINX opens the file for each handshake, so that it may change without a reload.
    file = expr(f"{place.hot}/backends/", Var("backend_certificate"), ".pem")
    asked: tuple[tuple[str, tuple[str | int | Expr, ...], object], ...] = (
        ("certificate", (file,), files.certificate),
        ("certificate_key", (file,), files.certificate),
        ("trusted_certificate", (files.authorities,), files.authorities),
        ("crl", (files.revoked,), files.revoked),
        ("verify", ("on",), wanted.verify),
        ("verify_depth", (wanted.depth,), wanted.verify),
        ("name", (wanted.name or "",), wanted.name),
        ("server_name", ("on",), wanted.server_name),
        ("protocols", wanted.protocols, wanted.protocols),
        ("ciphers", (wanted.ciphers,), wanted.ciphers),
    )
    named = directive("set", Var("backend_certificate"), files.certificate)
    return Contribution(
        rewrite=(named,) if files.certificate else (),
        location=tuple(directive(f"{kind}_{name}", *words) for name, words, given in asked if given),
    )
