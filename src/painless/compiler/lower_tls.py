"""TLS of a server: certificates for all, and what a host has of its own.

NGINX chooses by the name in the handshake what it asks of a client, and by the name in the request what it
serves.  A server that asks for certificates therefore refuses requests in which the two differ, and the
default server, which answers handshakes without a name, never asks.
"""

from painless.annotations.base import Contribution
from painless.compiler.options import Options
from painless.compiler.site import Clients, OwnTls
from painless.features import server_tls, tls_redirect
from painless.nginx.tokens import Literal, Regex, Var, expr
from painless.nginx.tree import Directive, block, directive, entry, when

_MISDIRECTED = "other_name_in_handshake"


def certificate_files(options: Options) -> tuple[Directive, ...]:
    """Return what the default server says of certificates, for all servers.

    A TLS client's certificate is chosen by the name it asks for, so no other server needs one, but those with
    something of their own in TLS.  Each that names one has a TLS context of its own, which at 5,000 servers
    took 0.5 s of each load and 60 MB.
    """
    file = expr(f"{options.state}/hot/certificates/", Var("certificate"), ".pem")
    return (
        directive("ssl_certificate", file, comment="For all servers: chosen by the name a client asks for."),
        directive("ssl_certificate_key", file),
    )


def own_context(own: OwnTls | None, options: Options) -> tuple[Directive, ...]:
    """Return what a server says of TLS that is its own, and who is turned away at its door."""
    if own is None:
        return ()
    clients = own.clients
    if clients is not None and clients.closed:
        return (directive("return", 403, comment="Closed: it cannot be known whose certificates are good."),)
    file = expr(f"{options.state}/hot/certificates/", Var("certificate"), ".pem")
    return (
        directive("ssl_certificate", file, comment="A TLS context of its own."),
        directive("ssl_certificate_key", file),
        *(server_tls.own(own.ciphers) if own.ciphers else ()),
        *(_asked(clients) if clients else ()),
        *(_turned_away(clients, options) if clients else ()),
    )


def _asked(clients: Clients) -> tuple[Directive, ...]:
    return (
        directive("ssl_client_certificate", clients.authorities),
        *((directive("ssl_crl", clients.revoked),) if clients.revoked else ()),
        directive("ssl_verify_client", clients.verify),
        directive("ssl_verify_depth", clients.depth),
        *((directive("error_page", 495, 496, "=", clients.page),) if clients.page else ()),
    )


def _turned_away(clients: Clients, options: Options) -> tuple[Directive, ...]:
    plain = clients.redirect if clients.required else None
    return (
        *(tls_redirect.rewrite(plain, options.https_port) if plain else ()),
        when(Var(_MISDIRECTED), body=(directive("return", 421),)),
        *(_subject(clients.subject) if clients.subject else ()),
    )


def _subject(pattern: str) -> tuple[Directive, ...]:
    refused = directive("return", 403, "client certificate unauthorized")
    return (
        directive("set", Var("subject_refused"), ""),
        when(
            Var("ssl_client_s_dn"),
            "!~",
            Regex(pattern),
            body=(directive("set", Var("subject_refused"), Var("https")),),
        ),
        # Plain HTTP has no subject.  It is redirected, or closed by its locations.
        when(Var("subject_refused"), body=(refused,)),
    )


def asks(own: OwnTls | None) -> bool:
    """Whether clients are asked for certificates."""
    return own is not None and own.clients is not None and not own.clients.closed


def misdirected_map() -> Directive:
    """Return the map that tells a handshake for one host from a request for another."""
    return block(
        "map",
        expr(Var("https"), "|", Var("ssl_server_name"), "|", Var("host")),
        Var(_MISDIRECTED),
        body=(
            directive("default", "1"),
            entry(Regex(r"^\|", "~"), Literal("0")),
            entry(Regex(r"^on\|(?<handshake_name>[^|]+)\|\k<handshake_name>$", "~*"), Literal("0")),
        ),
        comment="Whether a client names one host in the handshake and another one in the request.",
    )


def told_upstream(own: OwnTls | None) -> tuple[Contribution, ...]:
    """Return the headers that tell the application about the client's certificate."""
    if own is None or own.clients is None or own.clients.closed:
        return ()
    headers = (
        ("ssl-client-verify", Var("ssl_client_verify")),
        ("ssl-client-subject-dn", Var("ssl_client_s_dn")),
        ("ssl-client-issuer-dn", Var("ssl_client_i_dn")),
    )
    # A client's own must not be believed.
    certificate = Var("ssl_client_escaped_cert") if own.clients.passed_on else Literal("")
    return (Contribution(request_headers=(*headers, ("ssl-client-cert", certificate))),)


def plain_closed(own: OwnTls | None) -> tuple[Directive, ...]:
    """Return what closes a path over plain HTTP that is never redirected, where certificates are a must."""
    if own is None or own.clients is None or own.clients.closed or not own.clients.required:
        return ()
    return (when(Var("scheme"), "=", "http", body=(directive("return", 403),)),)
