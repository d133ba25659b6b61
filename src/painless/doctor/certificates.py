"""The certificates that a configuration names, read for when they end; keys are not looked at."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.x509.oid import NameOID

from painless.doctor.conf import Conf
from painless.doctor.facts import Certificate

DAY = 86400.0  # Seconds.


def read(conf: Conf, root: Path, hot: Path | None, now: float) -> tuple[tuple[Certificate, ...], list[str]]:
    """Return the certificates of files with a plain path, those of a folder, and why others are missing."""
    found: list[Certificate] = []
    problems: list[str] = []
    for name, file in dict(_files(conf, root, hot)).items():
        try:
            found.append(_read(name, file.read_bytes(), datetime.fromtimestamp(now, UTC)))
        except OSError as cause:
            problems.append(f"{name} cannot be read: {cause.strerror}")
        except ValueError:
            problems.append(f"{name} holds no certificate")
    return tuple(found), problems


def _files(conf: Conf, root: Path, hot: Path | None) -> Iterator[tuple[str, Path]]:
    folder = Path(conf.main.file).parent
    for one in conf.all("ssl_certificate"):
        if "$" not in one.first and not one.first.startswith("data:"):
            path = folder / one.first
            yield str(path), root / str(path).lstrip("/")
    if hot is not None:
        with suppress(OSError):
            yield from ((str(one), one) for one in sorted(hot.glob("*.pem")))


def _read(name: str, content: bytes, now: datetime) -> Certificate:
    one = x509.load_pem_x509_certificates(content)[0]
    ends, begins = one.not_valid_after_utc - now, one.not_valid_before_utc - now
    return Certificate(
        _host(one) or name, ends.total_seconds() / DAY, max(0.0, begins.total_seconds() / DAY), name
    )


def _host(one: x509.Certificate) -> str:
    with suppress(x509.ExtensionNotFound):
        names = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if hosts := names.get_values_for_type(x509.DNSName):
            return hosts[0]
    common = one.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(common[0].value) if common else ""
