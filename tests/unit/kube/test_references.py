"""Which Secrets and ConfigMaps are kept: those that something names, in whatever way."""

import pytest

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.kube.references import CONFIGMAPS, GLOBAL_CONFIGMAPS, GLOBAL_SECRETS, SECRETS, Referring
from painless.model.objects import ConfigMap, Ingress, IngressTls, ObjectRef, Service

PREFIX = "nginx.ingress.kubernetes.io"
REFERRING = Referring(PREFIX, ("system", "global"))


def of_annotation(name: str, value: str, prefix: str = PREFIX) -> tuple[str, ...]:
    one = Ingress("shop", "web", annotations=((f"{prefix}/{name}", value),))
    return tuple(str(ref) for ref in REFERRING.references(one))


def test_the_certificates_of_an_ingress_are_in_its_namespace():
    """Each once; an entry without a name means the default certificate, which a flag names."""
    tls = (IngressTls((), "a"), IngressTls((), ""), IngressTls((), "b"), IngressTls((), "a"))
    found = REFERRING.references(Ingress("shop", "web", tls=tls))
    assert found == (ObjectRef("Secret", "shop", "a"), ObjectRef("Secret", "shop", "b"))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("auth-secret", "users", "Secret shop/users"),
        ("auth-tls-secret", " other/ca ", "Secret other/ca"),
        ("proxy-ssl-secret", "other/client", "Secret other/client"),
        ("custom-headers", "shop/headers", "ConfigMap shop/headers"),
        ("auth-proxy-set-headers", "headers", "ConfigMap shop/headers"),
    ],
)
def test_annotations_name_secrets_and_configmaps(name: str, value: str, expected: str):
    """With a namespace or without."""
    assert of_annotation(name, value) == (expected,)


@pytest.mark.parametrize("value", ["", "/", "a/b/c", "../../x", "Upper", "a b", "shop/", "/x", "x/../y", "é"])
def test_what_nothing_can_be_named_is_never_asked_for(value: str):
    """The name becomes part of a path at the API server."""
    assert of_annotation("auth-secret", value) == ()


def test_annotations_of_others_are_nothing():
    """Only those with our prefix count."""
    assert of_annotation("auth-secret", "users", "other.example") == ()


def test_only_the_global_configmap_refers_to_others():
    """Its neighbours and other kinds do not."""
    data = (("add-headers", "system/headers"), ("ssl-dh-param", "system/dh"), ("worker-processes", "1"))
    found = [
        REFERRING.references(ConfigMap("system", "global", data)),
        REFERRING.references(ConfigMap("system", "other", data)),
        REFERRING.references(Service("shop", "web")),
    ]
    expected = (ObjectRef("ConfigMap", "system", "headers"), ObjectRef("Secret", "system", "dh"))
    assert found == [expected, (), ()]


def test_no_name_of_ingress_nginx_is_left_out():
    """Whatever is called a secret, or has headers of its own to set, refers to an object."""
    named = {one for one in ANNOTATIONS if one.endswith(("-secret", "-set-headers", "custom-headers"))}
    keys = {one for one in CONFIG_KEYS if one.endswith(("add-headers", "set-headers", "dh-param"))}
    left = (named - SECRETS - CONFIGMAPS, keys - GLOBAL_SECRETS - GLOBAL_CONFIGMAPS)
    assert left == (set(), set())
