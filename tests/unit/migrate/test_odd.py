"""What one Ingress has by itself that nobody can have meant."""

import pytest
from msgspec import structs
from tests.builders import ingress

from painless.migrate.odd import alone
from painless.model.objects import IngressTls

PREFIX = "nginx.ingress.kubernetes.io"


def odd(given, *, tls=False, snippets=False, foreign=()):
    made = ingress("web", tls=(IngressTls((), ""),) if tls else (), annotations=given)
    whole = structs.replace(made, annotations=(*made.annotations, *foreign))
    return [it.what for it in alone(whole, given, PREFIX, snippets=snippets)]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, []),
        ({"force-ssl-redirect": "true"}, ["redirect-without-certificate"]),
        ({"ssl-redirect": "true"}, ["redirect-without-certificate"]),
        ({"ssl-redirect": "false"}, []),
        ({"enable-cors": "true"}, ["cors-any-site"]),
        ({"enable-cors": "true", "cors-allow-credentials": "false"}, []),
        ({"enable-cors": "true", "cors-allow-origin": "https://a.example"}, []),
        ({"cors-allow-origin": "*"}, []),
        ({"limit-allowlist": "10.0.0.0/8, ofice"}, ["limits-off"]),
        ({"limit-allowlist": "10.0.0.0/8, 192.0.2.1, 2001:db8::/32"}, []),
        ({"server-snippet": "x"}, ["snippet-dropped"]),
    ],
)
def test_what_nobody_meant_is_a_surprise(given, expected):
    """And what somebody may have meant is none."""
    assert expected == odd(given)


def test_what_is_allowed_or_has_a_certificate_is_none():
    """The same annotations, where they do something."""
    assert [] == odd({"server-snippet": "x"}, snippets=True) + odd({"force-ssl-redirect": "true"}, tls=True)


def test_names_under_a_foreign_prefix_are_told():
    """Those that ingress-nginx has; others are others' business."""
    foreign = tuple(
        (name, "x")
        for name in (
            "ingress.kubernetes.io/rewrite-target",
            "nginx.org/client-max-body-size",
            "example.com/rewrite-target",
            "kubernetes.io/ingress.class",
        )
    )
    assert ["wrong-prefix"] == odd({}, foreign=foreign)
