"""What a Secret of TLS holds: its certificate is read, its key only compared with it, and neither is kept."""

import base64
import binascii
from contextlib import suppress
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import NameOID

from painless.doctor.objects import Pair
from painless.doctor.parts import Part

DAY = 86400.0  # Seconds.


def pair_of(secret: Part, now: float) -> Pair:
    """Return what there is to know of a Secret."""
    certificate, key = (_value(secret, name) for name in ("tls.crt", "tls.key"))
    lacking = [name for name, one in (("tls.crt", certificate), ("tls.key", key)) if not one]
    if not certificate or not key:
        return Pair(secret.ref, problem=f"it has no {' and no '.join(lacking)}", where=secret.where)
    try:
        first = x509.load_pem_x509_certificates(certificate)[0]
    except ValueError:
        return Pair(secret.ref, problem="tls.crt holds no certificate", where=secret.where)
    ends = first.not_valid_after_utc - datetime.fromtimestamp(now, UTC)
    public = _public(first)
    return Pair(
        secret.ref,
        _hosts(first),
        ends.total_seconds() / DAY,
        _fault(public, key),
        public.key_size if isinstance(public, RSAPublicKey) else 0,
        secret.where,
    )


def _value(secret: Part, name: str) -> bytes:
    plain = secret["stringData"][name].text
    if plain:
        return plain.encode(errors="replace")
    try:
        return base64.b64decode(secret["data"][name].text.encode(errors="replace"))
    except (binascii.Error, ValueError):
        return b""


def _public(certificate: x509.Certificate) -> object:
    with suppress(ValueError, UnsupportedAlgorithm):
        return certificate.public_key()
    return None


def _fault(public: object, key: bytes) -> str:
    try:
        private = serialization.load_pem_private_key(key, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return "tls.key holds no key that can be read"
    return "" if private.public_key() == public else "tls.key is not the key of tls.crt"


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    with suppress(x509.ExtensionNotFound, ValueError):
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return tuple(names.get_values_for_type(x509.DNSName))
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return tuple(str(one.value) for one in common[:1])
