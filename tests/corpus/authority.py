"""Authorities, and the certificates that clients show: each made of its name alone.

Equal in every process and on every day, since files that hold them are named by their content.
"""

import datetime as dt
import hashlib
import ssl
import tempfile
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec import Struct

_BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_OVER = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
_END = dt.datetime(2126, 1, 1, tzinfo=dt.UTC)


class Authority(Struct, frozen=True):
    """Who signs: the key, and the certificate that says so."""

    key: Ed25519PrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()


class Shown(Struct, frozen=True):
    """What a client shows: its name, who signed, whether its time is over."""

    name: str
    authority: str
    expired: bool = False


@lru_cache(maxsize=32)
def authority(name: str) -> Authority:
    """Return the authority of that name; ``a/b`` is b, whom a has signed."""
    key = _key(name)
    above = authority(name.rpartition("/")[0]) if "/" in name else None
    builder = _builder(name.rpartition("/")[2], above, key)
    signed = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Authority(key, signed.sign(above.key if above else key, None))


@lru_cache(maxsize=64)
def _signed(shown: Shown) -> tuple[x509.Certificate, bytes]:
    key = _key(f"{shown}")
    signer = authority(shown.authority)
    builder = _builder(shown.name, signer, key, expired=shown.expired)
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return builder.sign(signer.key, None), content


def signed(shown: Shown) -> tuple[bytes, bytes]:
    """Return a certificate with its key, in PEM."""
    certificate, key = _signed(shown)
    return certificate.public_bytes(Encoding.PEM), key


def revoked(shown: Shown) -> str:
    """Return the list of an authority that has revoked one certificate, in PEM."""
    signer = authority(shown.authority)
    entry = x509.RevokedCertificateBuilder().serial_number(_signed(shown)[0].serial_number)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(signer.certificate.subject)
        .last_update(_BEGIN)
        .next_update(_END)
        .add_revoked_certificate(entry.revocation_date(_BEGIN).build())
    )
    return builder.sign(signer.key, None).public_bytes(Encoding.PEM).decode()


def show(context: ssl.SSLContext, shown: Shown) -> None:
    """Have a client show the certificate, with those of the authorities between it and the first."""
    certificate, key = _signed(shown)
    above = certificate.public_bytes(Encoding.PEM)
    name = shown.authority
    while "/" in name:
        above += authority(name).pem.encode()
        name = name.rpartition("/")[0]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "client.pem"
        file.write_bytes(above + key)
        context.load_cert_chain(file)


def _builder(
    name: str, signer: Authority | None, key: Ed25519PrivateKey, *, expired: bool = False
) -> x509.CertificateBuilder:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(1 + int.from_bytes(_digest(f"{name} {expired}")[:8]))
        .not_valid_before(_BEGIN)
        .not_valid_after(_OVER if expired else _END)
    )


def _key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(_digest(name))


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
