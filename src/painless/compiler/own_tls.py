"""What a host has of its own in TLS: who may enter by certificate, and its ciphers.

Both are of the whole host, so the oldest Ingress that asks decides, and who asks for something else is told.
NGINX reads authorities when it loads, so they are cold files; their names are made of their content, and
hosts with equal ones share them.
"""

import base64
import hashlib
import re
import textwrap
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct, structs

from painless.compiler.lookup import Lookup
from painless.compiler.site import Clients, OwnTls
from painless.features import Parsed
from painless.features.client_certificates import ClientCertificates
from painless.features.server_tls import Ciphers
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef, Secret

T = TypeVar("T")

Files = tuple[tuple[str, str], ...]
"""Cold files in PEM, by name."""

Rules = Iterable[tuple[Ingress, Parsed, int]]

AUTHORITIES_KEY = "ca.crt"
REVOKED_KEY = "ca.crl"
DH_KEY = "dhparam.pem"
_LEAST_DH = 2048  # Bits.  OpenSSL refuses fewer at its usual level of security, and then NGINX everything.

_DH = re.compile(rb"-----BEGIN DH PARAMETERS-----([A-Za-z0-9+/=\s]+)-----END DH PARAMETERS-----")
_CRL = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


class Decided(Struct, frozen=True):
    """What the host has of its own, ``None`` when nothing; the files that NGINX needs for it."""

    tls: OwnTls | None = None
    files: Files = ()
    diagnostics: tuple[Diagnostic, ...] = ()


NOTHING = Decided()
"""A host that has what all have."""


class BadAuthorities(Struct, frozen=True):
    """What is wrong with a Secret, to follow "found"."""

    found: str


def decide(rules: Rules, lookup: Lookup, prefix: str) -> Decided:
    """Return what the Ingresses of one host, in precedence, come to together."""
    rules = tuple(one for one in rules if one[1].clients or one[1].ciphers)
    if not rules:  # As most hosts have it.
        return NOTHING
    said: list[Diagnostic] = []

    def first(name: str, read: Callable[[Parsed], T | None]) -> tuple[Ingress, Parsed, T] | None:
        return _first(rules, f"metadata.annotations[{prefix}/{name}]", read, said)

    asked = first("auth-tls-secret", lambda one: one.clients)
    names = first("ssl-ciphers", lambda one: (one.ciphers and one.ciphers.names) or None)
    prefer = first("ssl-prefer-server-ciphers", lambda one: one.ciphers.prefer if one.ciphers else None)
    ciphers = Ciphers(names[2] if names else "", prefer[2] if prefer else None)
    clients: Clients | None = None
    files: Files = ()
    if asked is not None:
        field = f"metadata.annotations[{prefix}/auth-tls-secret]"
        ingress, settings, wanted = asked
        clients, files, why = _clients(wanted, settings, lookup)
        if why:
            said.append(_closed(ingress.ref, field, why))
    tls = OwnTls(clients, ciphers if ciphers != Ciphers() else None)
    return Decided(tls, files, tuple(said))


def _first(
    rules: Rules, field: str, read: Callable[[Parsed], T | None], said: list[Diagnostic]
) -> tuple[Ingress, Parsed, T] | None:
    """Return the oldest Ingress that asks, and what for; whoever disagrees is told, and it too."""
    asking = [(one, settings, value) for one, settings, _ in rules if (value := read(settings)) is not None]
    others = {one.ref: one for one, _, value in asking if value != asking[0][2]}
    for ref in others:
        says = f"{asking[0][0].ref} asks for something else, and it can be had for the whole host only"
        said.append(_conflict(ref, field, says, "the oldest Ingress of the host decides"))
    if others:
        says = f"{', '.join(map(str, sorted(others)))} asks for something else for the same host"
        hint = "this one decides, since it is the oldest"
        said.append(
            structs.replace(_conflict(asking[0][0].ref, field, says, hint), severity=Severity.WARNING)
        )
    return asking[0] if asking else None


def _conflict(ref: ObjectRef, field: str, says: str, hint: str) -> Diagnostic:
    return Diagnostic(ref, field, Reason.HOST_CONFLICT, Severity.ERROR, says, hint)


def _closed(ref: ObjectRef, field: str, says: str) -> Diagnostic:
    hint = "the host answers 403 until this is mended"
    return Diagnostic(ref, field, Reason.HOST_CLOSED, Severity.REJECTED, says, hint)


def _clients(asked: ClientCertificates, settings: Parsed, lookup: Lookup) -> tuple[Clients, Files, str]:
    """Return what is asked of clients, the files for it, and why the host is closed in place of it."""
    if asked.wrong:
        # Told where the annotation was read.
        return Clients(closed=True), (), ""
    secret = lookup.secrets.get(asked.secret)
    found = authorities_of(secret) if secret else BadAuthorities("no such Secret")
    if isinstance(found, BadAuthorities):
        expected = f"authorities in PEM under the key {AUTHORITIES_KEY} of Secret {'/'.join(asked.secret)}"
        return Clients(closed=True), (), f"found {found.found}, expected {expected}"
    clients = Clients(
        verify=asked.verify,
        depth=asked.depth,
        page=asked.page,
        subject=asked.subject,
        passed_on=asked.passed_on,
        authorities=found[0][0],
        revoked=found[1][0] if len(found) > 1 else "",
        redirect=settings.tls_redirect,
    )
    return clients, found, ""


# As many as there are Secrets of authorities in a large cluster, many times over.
@lru_cache(maxsize=4096)
def authorities_of(secret: Secret) -> Files | BadAuthorities:
    """Read a Secret's authorities and what they revoke, each as a file; never raises, whatever it holds."""
    text = secret.get(AUTHORITIES_KEY)
    if text is None:
        return BadAuthorities(f"no key {AUTHORITIES_KEY}")
    try:
        certificates = x509.load_pem_x509_certificates(text.reveal())
    except (ValueError, UnsupportedAlgorithm):
        return BadAuthorities(f"a {AUTHORITIES_KEY} that is not PEM")
    # Printed anew: what NGINX reads holds nothing but what was checked, and each once.
    pem = "".join(dict.fromkeys(one.public_bytes(Encoding.PEM).decode() for one in certificates))
    revoked = secret.get(REVOKED_KEY)
    if revoked is None:
        return (_file("authorities", pem),)
    lists = _revoked(revoked.reveal())
    if not lists:
        return BadAuthorities(f"a {REVOKED_KEY} that is not PEM")
    return _file("authorities", pem), _file("revoked", lists)


def _revoked(text: bytes) -> str:
    """Return the lists of revoked certificates; empty when one cannot be read, since it must not be lost."""
    try:
        lists = [x509.load_pem_x509_crl(one) for one in _CRL.findall(text)]
        return "".join(one.public_bytes(Encoding.PEM).decode() for one in lists)
    except (ValueError, UnsupportedAlgorithm):
        return ""


def dh_parameters(secret: Secret | None) -> tuple[str, str] | BadAuthorities:
    """Return the cold file with the parameters of Diffie-Hellman that a Secret holds."""
    text = secret.get(DH_KEY) if secret else None
    if text is None:
        return BadAuthorities(f"no key {DH_KEY}" if secret else "no such Secret")
    matched = _DH.search(text.reveal())
    numbers = _two_numbers(matched[1]) if matched else None
    if matched is None or numbers is None:
        return BadAuthorities(f"a {DH_KEY} that is not PEM")
    if numbers[0].bit_length() < _LEAST_DH:
        return BadAuthorities(f"parameters of {numbers[0].bit_length()} bits, fewer than {_LEAST_DH},")
    # Printed anew: what NGINX reads holds nothing but what was checked.
    body = "\n".join(textwrap.wrap("".join(matched[1].decode().split()), 64))
    return _file("dhparam", f"-----BEGIN DH PARAMETERS-----\n{body}\n-----END DH PARAMETERS-----\n")


def _two_numbers(text: bytes) -> tuple[int, int] | None:
    """Return the prime and the generator of PKCS #3, which is a sequence of two integers in DER."""
    try:
        content = base64.b64decode(b"".join(text.split()), validate=True)
        sequence, rest = _der(content, 0x30)
        prime, after = _der(sequence, 0x02)
        generator, _ = _der(after, 0x02)
    except (ValueError, IndexError):
        return None
    p, g = int.from_bytes(prime), int.from_bytes(generator)
    return (p, g) if not rest and p % 2 and 1 < g < p else None


def _der(content: bytes, tag: int) -> tuple[bytes, bytes]:
    """Return the value of the first element and what follows it; raise ``ValueError`` for another tag."""
    if content[0] != tag:
        raise ValueError(tag)
    size, start = content[1], 2
    if size > 0x7F:  # So many bytes hold the size.
        start = 2 + (size & 0x7F)
        size = int.from_bytes(content[2:start])
    if len(content) < start + size:
        raise ValueError(size)
    return content[start : start + size], content[start + size :]


def _file(kind: str, pem: str) -> tuple[str, str]:
    return f"{kind}-{hashlib.blake2b(pem.encode(), digest_size=8).hexdigest()}.pem", pem
