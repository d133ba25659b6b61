"""Certificates: what a Secret holds, and which names it is good for.

Everything is checked here, since NGINX reads a certificate only when a client has come for it.
"""

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from msgspec import Struct

from painless.model.objects import Secret
from painless.sensitive import Sensitive

CERTIFICATE_KEY = "tls.crt"
PRIVATE_KEY = "tls.key"


class Certificate(Struct, frozen=True):
    """A chain with its key as one PEM text, the names it covers, and its last second since 1970."""

    pem: Sensitive
    names: tuple[str, ...]
    not_after: float


class BadCertificate(Struct, frozen=True):
    """What is wrong with a Secret, to follow "found"."""

    found: str


# Twice the Secrets of the largest cluster we measure.
@lru_cache(maxsize=16_384)
def certificate_of(secret: Secret) -> Certificate | BadCertificate:
    """Read a TLS Secret; never raises, whatever it holds."""
    chain, key = secret.get(CERTIFICATE_KEY), secret.get(PRIVATE_KEY)
    if chain is None or key is None:
        missing = CERTIFICATE_KEY if chain is None else PRIVATE_KEY
        return BadCertificate(f"no key {missing}")
    return read_certificate(chain.reveal(), key.reveal())


def read_certificate(chain: bytes, key: bytes) -> Certificate | BadCertificate:
    """Check that ``chain`` and ``key`` are PEM and belong together."""
    try:
        certificates = x509.load_pem_x509_certificates(chain)
        leaf = certificates[0]
        names = _names(leaf)
        public = leaf.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, IndexError, UnsupportedAlgorithm, x509.DuplicateExtension):
        return BadCertificate(f"a {CERTIFICATE_KEY} that is not a PEM certificate")
    try:
        # The whole check of an RSA key takes 29 ms, for nothing: a wrong key fails the comparison below.
        private = load_pem_private_key(key, password=None, unsafe_skip_rsa_key_validation=True)
        own = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return BadCertificate(f"a {PRIVATE_KEY} that is not an unencrypted PEM key")
    if public != own:
        return BadCertificate(f"a {PRIVATE_KEY} that does not belong to the certificate")
    # Printed anew: what NGINX reads holds nothing but what was checked.
    text = b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
    return Certificate(Sensitive(text + key.strip() + b"\n"), names, leaf.not_valid_after_utc.timestamp())


def covers(certificate: Certificate, host: str) -> bool:
    """Whether the certificate is good for ``host``; a wildcard stands for exactly one label."""
    _, dot, parent = host.partition(".")
    return host in certificate.names or (dot != "" and f"*.{parent}" in certificate.names)


def _names(leaf: x509.Certificate) -> tuple[str, ...]:
    """Return the DNS names; the common name counts only where there are none, as in ingress-nginx."""
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return tuple(name.lower() for name in extension.value.get_values_for_type(x509.DNSName))
    except x509.ExtensionNotFound:
        common = leaf.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return tuple(str(one.value).lower() for one in common)
