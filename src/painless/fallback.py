"""The certificate for hosts that have none: made once, kept with the state.

ingress-nginx makes a new one at each start of each replica; ours stays, so that a client that pinned it for a
test is not surprised by a restart.
"""

import datetime as dt
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from painless.sensitive import Sensitive

FILE = "fallback-certificate.pem"
"""Where it is kept, with its key; no part of what is compiled."""

_LIFE = dt.timedelta(days=365)
_RENEW = dt.timedelta(
    days=30
)  # Before its end, so that a controller restarted monthly never shows an expired one.
_KEY_BITS = 2048


def read_fallback(folder: Path, now: dt.datetime) -> Sensitive:
    """Return the certificate and key kept in ``folder``, made when missing or near its end."""
    path = folder / FILE
    try:
        pem = path.read_bytes()
        if x509.load_pem_x509_certificate(pem).not_valid_after_utc - now > _RENEW:
            return Sensitive(pem)
    except (FileNotFoundError, ValueError):
        pass
    pem = make_fallback(now)
    partial = path.with_suffix(".partial")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)
    partial.replace(path)
    return Sensitive(pem)


def make_fallback(now: dt.datetime) -> bytes:
    """Return a self-signed certificate, named as ingress-nginx names its own, with its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Acme Co"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Kubernetes Ingress Controller Fake Certificate"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ingress.local")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    own = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM) + own
