"""Certificates: what a Secret holds, and which names it is good for."""

import pytest
import trustme

from painless.compiler.tls import BadCertificate, Certificate, certificate_of, covers
from painless.model.objects import Secret
from painless.sensitive import Sensitive


def secret(chain: bytes | None, key: bytes | None) -> Secret:
    data = {"tls.crt": chain, "tls.key": key}
    return Secret(
        "shop",
        "tls",
        data=tuple((name, Sensitive(value)) for name, value in data.items() if value is not None),
    )


@pytest.fixture(scope="module")
def issued() -> trustme.LeafCert:
    return trustme.CA().issue_cert("Shop.example", "*.wild.example")


def chain(issued: trustme.LeafCert) -> bytes:
    return b"".join(one.bytes() for one in issued.cert_chain_pems)


def test_a_certificate_with_its_key(issued: trustme.LeafCert) -> None:
    """Chain and key come out as one file, names in lower case."""
    found = certificate_of(secret(chain(issued), issued.private_key_pem.bytes()))
    assert isinstance(found, Certificate)
    assert ("shop.example", "*.wild.example") == found.names
    assert found.pem.reveal().endswith(issued.private_key_pem.bytes())


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("shop.example", True),
        ("a.wild.example", True),
        ("*.wild.example", True),
        ("a.b.wild.example", False),
        ("wild.example", False),
        ("www.shop.example", False),
    ],
)
def test_a_wildcard_is_one_label(issued: trustme.LeafCert, host: str, *, good: bool) -> None:
    """As clients see it."""
    found = certificate_of(secret(chain(issued), issued.private_key_pem.bytes()))
    assert isinstance(found, Certificate)
    assert good == covers(found, host)


def test_what_is_wrong_is_said(issued: trustme.LeafCert) -> None:
    """NGINX would find out when a client has come."""
    key, other = issued.private_key_pem.bytes(), trustme.CA().issue_cert("x").private_key_pem.bytes()
    cases = {
        "no key tls.crt": secret(None, key),
        "no key tls.key": secret(chain(issued), None),
        "not a PEM certificate": secret(b"nonsense", key),
        "not an unencrypted PEM key": secret(chain(issued), b"nonsense"),
        "does not belong": secret(chain(issued), other),
    }
    for says, given in cases.items():
        found = certificate_of(given)
        assert isinstance(found, BadCertificate)
        assert says in found.found


def test_a_key_is_never_printed(issued: trustme.LeafCert) -> None:
    """Not by accident either."""
    given = secret(chain(issued), issued.private_key_pem.bytes())
    assert "PRIVATE" not in f"{given} {given!r} {certificate_of(given)!r}"
