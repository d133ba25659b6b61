"""TLS between clients and NGINX.

``ssl-ciphers: "ECDHE-RSA-AES256-GCM-SHA384"`` sets the ciphers of TLS 1.2 for the hosts of an Ingress, and
``ssl-prefer-server-ciphers`` whether NGINX's order counts before the client's.  Both are of the whole host:
of several Ingresses that set them, the oldest decides.  The ConfigMap has the same for all hosts, with
protocols, curves, sessions and the size of records.

A list of ciphers has names that OpenSSL knows.  One that names none is told and not used, since NGINX would
refuse its whole configuration for it.  ``ssl-reject-handshake`` refuses clients that ask for no host that is
served, or for none at all; ``ssl-dh-param`` names a Secret with the parameters of Diffie-Hellman under the
key ``dhparam.pem``.  ``ssl-session-ticket-key`` is what ``ssl-session-tickets`` are encrypted with, so that
replicas take each other's; NGINX makes one by itself, and a new one at each load.
Writes ``ssl_ciphers``, ``ssl_prefer_server_ciphers``, ``ssl_protocols``, ``ssl_ecdh_curve``,
``ssl_dhparam``, ``ssl_session_cache``, ``ssl_session_timeout``, ``ssl_session_tickets``,
``ssl_session_ticket_key``, ``ssl_buffer_size``, ``ssl_early_data`` and ``ssl_reject_handshake``.
"""

import base64
import hashlib

from msgspec import Struct

from painless.annotations.base import Defaults, Key, Scope, Setting, Values, setting
from painless.annotations.ciphers import ciphers
from painless.annotations.decode import (
    Rejected,
    boolean,
    duration,
    matching,
    memory_size,
    shown,
    word_list,
)
from painless.nginx.generation import AT_LOAD
from painless.nginx.tree import Directive, directive
from painless.sensitive import Sensitive

DEFAULT_CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
    "DHE-RSA-AES256-GCM-SHA384:DHE-RSA-AES128-GCM-SHA256"
)
"""ingress-nginx's list."""

_CURVES = frozenset(
    """
    X25519 x25519 X448 x448 prime256v1 secp256r1 P-256 secp384r1 P-384 secp521r1 P-521
    ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192
    """.split()
)


def _curves(text: str) -> str | Rejected:
    words = text.split(":")
    bad = next((one for one in words if one not in _CURVES), None)
    if text == "auto" or bad is None:
        return text
    return Rejected(
        f"auto, or curves of {', '.join(sorted(_CURVES))}, separated by colons; {shown(bad)} is none"
    )


CIPHERS = Key(
    "ssl-ciphers",
    ciphers,
    default=DEFAULT_CIPHERS,
    doc="The ciphers of TLS 1.2, in OpenSSL's spelling.",
    example="ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
    scope=Scope.SERVER,
    config="ssl-ciphers",
)
PREFER = Key(
    "ssl-prefer-server-ciphers",
    boolean,
    default=True,
    doc="Whether NGINX's order of ciphers counts before the client's.",
    example="false",
    scope=Scope.SERVER,
)
KEYS = (CIPHERS, PREFER)

PROTOCOLS: Setting[tuple[str, ...]] = Setting(
    "ssl-protocols",
    word_list("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"),
    ("TLSv1.2", "TLSv1.3"),
    "The versions of TLS that clients may speak.",
    "TLSv1.3",
)
CURVES = Setting("ssl-ecdh-curve", _curves, "auto", "Curves for the exchange of keys.", "X25519:prime256v1")
CACHE = Setting(
    "ssl-session-cache", boolean, default=True, doc="Keep sessions for all workers.", example="false"
)
CACHE_SIZE = Setting(
    "ssl-session-cache-size",
    memory_size(32_768, 2**31),  # NGINX's least is eight pages.
    "10m",
    "The memory for sessions: about 4,000 in a megabyte.",
    "20m",
)
TICKETS = Setting(
    "ssl-session-tickets", boolean, default=False, doc="Let clients keep sessions in tickets.", example="true"
)
TIMEOUT = Setting("ssl-session-timeout", duration, "10m", "How long a session can be resumed.", "1h")
BUFFER = Setting(
    "ssl-buffer-size", memory_size(512, 2**20), "4k", "The size of the records that are sent.", "8k"
)
EARLY = Setting(
    "ssl-early-data",
    boolean,
    default=False,
    doc="Take requests within the first packet of TLS 1.3, which somebody else may send again.",
    example="true",
)
REJECT = Setting(
    "ssl-reject-handshake",
    boolean,
    default=False,
    doc="End the handshake of clients that ask for no host that is served.",
    example="true",
)

_name = matching(
    r"[a-z0-9]([a-z0-9-]*[a-z0-9])?/[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "namespace/name of a Secret"
)


def _secret(text: str) -> tuple[str, str] | Rejected | None:
    found = _name(text) if text else None
    if not isinstance(found, str):
        return found
    namespace, _, name = found.partition("/")
    return namespace, name


def _key(text: str) -> Sensitive | Rejected | None:
    try:
        found = base64.b64decode(text, validate=True)
    except ValueError:
        found = b"-"
    if not found:
        return None
    return Sensitive(found) if len(found) in {48, 80} else Rejected("48 or 80 bytes in base64")


TICKET_KEY: Setting[Sensitive | None] = Setting(
    "ssl-session-ticket-key",
    _key,
    None,
    "What tickets are encrypted with, for replicas to share: 80 bytes in base64.",
    base64.b64encode(bytes(80)).decode(),
    secret=True,
)

DH_PARAM: Setting[tuple[str, str] | None] = Setting(
    "ssl-dh-param", _secret, None, "The Secret with dhparam.pem.", "ingress-nginx/dh"
)

SETTINGS = (
    PROTOCOLS,
    CURVES,
    CACHE,
    CACHE_SIZE,
    TICKETS,
    TIMEOUT,
    BUFFER,
    EARLY,
    REJECT,
    TICKET_KEY,
    DH_PARAM,
)


class Ciphers(Struct, frozen=True):
    """What a host has of its own; empty is what all have, and ``None`` too."""

    names: str = ""
    prefer: bool | None = None


def parse(values: Values) -> Ciphers | None:
    names = values.get(CIPHERS) if values.given(CIPHERS) else ""
    prefer = values.get(PREFER) if values.given(PREFER) else None
    if names == setting(values.defaults, CIPHERS):
        names = ""
    found = Ciphers(names, prefer if prefer is not PREFER.default else None)
    return found if found != Ciphers() else None


def own(value: Ciphers) -> tuple[Directive, ...]:
    """Return what a server of its own says."""
    return (
        *((directive("ssl_ciphers", value.names),) if value.names else ()),
        *(
            (directive("ssl_prefer_server_ciphers", _on(given=value.prefer)),)
            if value.prefer is not None
            else ()
        ),
    )


def http(defaults: Defaults, dh_file: str = "") -> tuple[Directive, ...]:
    """Return what all hosts have; ``dh_file`` is the cold file with Diffie-Hellman's parameters."""
    curves = setting(defaults, CURVES)
    cache = f"shared:SSL:{setting(defaults, CACHE_SIZE)}" if setting(defaults, CACHE) else "off"
    return (
        directive("ssl_protocols", *setting(defaults, PROTOCOLS), comment="TLS, as ingress-nginx sets it."),
        directive("ssl_ciphers", setting(defaults, CIPHERS)),
        directive("ssl_prefer_server_ciphers", "on"),
        *((directive("ssl_ecdh_curve", curves),) if curves != "auto" else ()),
        *((directive("ssl_dhparam", dh_file),) if dh_file else ()),
        directive("ssl_session_cache", cache),
        directive("ssl_session_timeout", setting(defaults, TIMEOUT)),
        directive("ssl_session_tickets", _on(given=setting(defaults, TICKETS))),
        directive("ssl_buffer_size", setting(defaults, BUFFER)),
        *((directive("ssl_early_data", "on"),) if setting(defaults, EARLY) else ()),
    )


def ticket_key(defaults: Defaults) -> tuple[str, Sensitive] | None:
    """Return the hot file with the key of tickets; nothing where NGINX makes one."""
    key = setting(defaults, TICKET_KEY)
    if key is None:
        return None
    return f"{AT_LOAD}{hashlib.blake2b(key.reveal(), digest_size=8).hexdigest()}.key", key


def default_server(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what only the server for names that nobody has says."""
    return (directive("ssl_reject_handshake", "on"),) if setting(defaults, REJECT) else ()


def _on(*, given: bool) -> str:
    return "on" if given else "off"
