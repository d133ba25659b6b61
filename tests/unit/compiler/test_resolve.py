"""From the backend an Ingress names to the upstream that serves it."""

from typing import Any

import pytest
from msgspec import structs
from tests.builders import OPTIONS, ingress, options, service

from painless.compiler.lookup import Lookup
from painless.compiler.resolve import Unresolved, find_port, for_canary, resolve
from painless.compiler.site import EndpointsFeed, ExternalFeed, Feed, StaticFeed, Upstream
from painless.features import ConfigValues, Parsed, parse
from painless.features.balancing import LEAST_CONNECTIONS
from painless.model.diagnostics import Reason
from painless.model.objects import (
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Object,
    ObjectRef,
    Origin,
    Service,
    ServiceBackend,
    ServicePort,
)
from painless.model.snapshot import snapshot_of
from painless.nginx.build import Version

FROM = Origin(ObjectRef("Ingress", "shop", "web"), "spec")


def settings(**annotations: str) -> Parsed:
    """Return what annotations mean; they are written with underlines."""
    named = {key.replace("_", "-"): value for key, value in annotations.items()}
    found = parse(ingress("web", annotations=named), OPTIONS.annotations_prefix, ConfigValues())
    assert found.diagnostics == ()
    return found


def resolved(
    *objects: Object,
    port: int | str = 80,
    build: Version = (1, 31, 3),
    means: Parsed | None = None,
    **annotations: str,
) -> Upstream | Unresolved:
    on = options(build=structs.replace(OPTIONS.build, version=build))
    lookup = Lookup(snapshot_of(objects))
    return resolve(lookup, on, ServiceBackend("web", port), FROM, means or settings(**annotations))


def upstream(*objects: Object, port: int | str = 80, **more: Any) -> Upstream:
    found = resolved(*objects, port=port, **more)
    assert not isinstance(found, Unresolved), found
    return found


def feed(*objects: Object, port: int | str = 80, **annotations: str) -> Feed:
    return upstream(*objects, port=port, **annotations).feed


def refused(*objects: Object, port: int | str = 80) -> Reason:
    found = resolved(*objects, port=port)
    assert isinstance(found, Unresolved)
    return found.reason


def slices(port: int) -> EndpointSlice:
    return EndpointSlice(
        "shop", "web-1", "web", ports=(EndpointPort("http", port),), endpoints=(Endpoint(("10.0.0.1",)),)
    )


def outside(name: str, *ports: ServicePort) -> Service:
    return Service("shop", "web", type="ExternalName", external_name=name, ports=ports)


def test_the_port_number_is_the_services_target() -> None:
    """Known without any endpoint, so that scaling from nothing changes no configuration."""
    assert EndpointsFeed("http", 8080) == feed(service("web"))
    assert EndpointsFeed("http", 8080) == feed(service("web"), slices(8080))


def test_ipv6_is_known_from_the_slices() -> None:
    """Of any port: it decides for which addresses NGINX asks."""
    six = structs.replace(slices(8080), address_type="IPv6")
    assert EndpointsFeed("http", 8080, ipv6=True) == feed(service("web"), six)


def test_ports_that_differ_travel_with_the_address() -> None:
    """A named target port may be another number in each pod."""
    assert EndpointsFeed("http", None) == feed(service("web"), slices(9090))
    assert EndpointsFeed("http", None) == feed(service("web", ports=(ServicePort(80, "http", "web"),)))


def test_consistent_hashing_needs_a_name_for_each_peer() -> None:
    """NGINX places peers by their names."""
    named = EndpointsFeed("http", None)
    assert named == feed(service("web"), affinity="cookie")
    assert named == feed(service("web"), upstream_hash_by="$request_uri")
    assert named != feed(service("web"), affinity="cookie", affinity_mode="persistent")


@pytest.mark.parametrize("port", [80, 8080, "http", "80"])
def test_a_port_is_found_by_number_target_or_name(port: int | str) -> None:
    """The first that fits, as in ingress-nginx."""
    assert find_port(service("web"), port) is not None


def test_the_services_own_address() -> None:
    """One peer that does not change; a headless Service has none, so its pods are used."""
    assert StaticFeed("10.0.0.1", 80) == feed(service("web", cluster_ip="10.0.0.1"), service_upstream="true")
    assert EndpointsFeed("http", 8080) == feed(service("web", cluster_ip="None"), service_upstream="true")


def test_an_outside_name() -> None:
    """With ports the target counts, without them the number of the rule."""
    assert ExternalFeed("api.example.com", 443) == feed(outside("API.example.com."), port=443)
    assert ExternalFeed("api.example.com", 8443) == feed(
        outside("api.example.com", ServicePort(443, "tls", 8443)), port="tls"
    )
    assert StaticFeed("198.51.100.7", 80) == feed(outside("198.51.100.7"))


@pytest.mark.parametrize(
    "name", ["localhost", "x.localhost", "127.0.0.1", "::1", "169.254.169.254", "0.0.0.0", ""]
)
def test_an_outside_name_that_is_inside_is_refused(name: str) -> None:
    """It would reach NGINX's own loopback or the machine's metadata."""
    assert Reason.EXTERNAL_NAME_REFUSED == refused(outside(name))


def test_outside_names_can_be_switched_off() -> None:
    """--disable-svc-external-name."""
    lookup = Lookup(snapshot_of([outside("api.example.com")]))
    without = options(external_names=False)
    found = resolve(lookup, without, ServiceBackend("web", 80), FROM, settings())
    assert isinstance(found, Unresolved)


@pytest.mark.parametrize(
    ("annotations", "variant"),
    [
        ({}, ""),
        ({"load_balance": "round_robin"}, ""),
        ({"load_balance": "ewma"}, ".ewma"),
        ({"load_balance": "least_conn"}, ".least-conn"),
        ({"affinity": "cookie", "session_cookie_name": "route"}, ".balanced-route"),
        (
            {"affinity": "cookie", "affinity_mode": "persistent", "session_cookie_name": "route"},
            ".persistent-route",
        ),
        ({"affinity": "cookie", "session_cookie_name": "route", "load_balance": "ewma"}, ".balanced-route"),
        ({"service_upstream": "true"}, ".cluster-ip"),
        ({"service_upstream": "true", "load_balance": "ewma"}, ".cluster-ip"),
        ({"backend_protocol": "AUTO_HTTP"}, ".auto-http"),
        ({"backend_protocol": "GRPC", "load_balance": "ewma"}, ".ewma.grpc"),
    ],
)
def test_a_name_says_what_is_special(annotations: dict[str, str], variant: str) -> None:
    """Nothing is, for most: the name is made of namespace, Service and port."""
    assert f"shop.web.80{variant}" == upstream(service("web", cluster_ip="10.0.0.1"), **annotations).name


def test_equal_names_are_equal_upstreams() -> None:
    """What a Service port's upstream is never depends on who referred to it first."""
    asked = [
        {},
        {"affinity": "cookie"},
        {"affinity": "cookie", "affinity_mode": "persistent"},
        {"affinity": "cookie", "session_cookie_name": "ingresscookie_9e3ff27a6c"},
        {"affinity": "cookie", "session_cookie_name": "x" * 64},
        {"affinity": "cookie", "session_cookie_name": "x" * 65},
        {"upstream_hash_by": "$uri"},
        {"upstream_hash_by": "$request_uri"},
        {"upstream_hash_by": "$uri", "upstream_hash_by_subset": "true"},
        {"upstream_hash_by": "$uri", "upstream_hash_by_subset": "true", "upstream_hash_by_subset_size": "5"},
        {"load_balance": "ewma"},
        {"load_balance": "least_conn"},
        {"load_balance": "ip_hash"},
        {"service_upstream": "true"},
    ]
    found = [upstream(service("web", cluster_ip="10.0.0.1"), **one) for one in asked]
    assert len(asked) == len({one.name for one in found}) == len(set(found))
    assert [] == [one.name for one in found if any(len(label) > 63 for label in one.name.split("."))]


def test_a_canary_cookie_is_no_other_cookie() -> None:
    """An Ingress whose own cookie has the same name has another upstream."""
    primary, canary = settings(affinity="cookie"), settings(canary="true")
    hung = for_canary(canary, primary, "shop-web-80")
    assert hung.affinity is not None
    own = settings(affinity="cookie", session_cookie_name=hung.affinity.cookie)
    names = {upstream(service("web"), means=one).name for one in (primary, hung, own)}
    assert len(names) == 3


def test_a_legacy_canary_binds_nobody() -> None:
    """The cookie of the other Service decides all the same."""
    hung = for_canary(
        settings(canary="true", affinity_canary_behavior="legacy"), settings(affinity="cookie"), "shop-web-80"
    )
    assert hung.canary is not None
    assert (None, "INGRESSCOOKIE", "") == (hung.affinity, hung.canary.bound, hung.canary.bound_here)


def test_before_least_time_requests_are_counted() -> None:
    """The name says so too: another NGINX, another upstream."""
    old = upstream(service("web"), load_balance="ewma", build=(1, 30, 2))
    assert (LEAST_CONNECTIONS, "shop.web.80.least-conn") == (old.balancing, old.name)


def test_what_is_missing_is_said() -> None:
    """A Service, a port, or a port's number where only a number will do."""
    assert Reason.SERVICE_NOT_FOUND == refused()
    assert Reason.PORT_NOT_FOUND == refused(service("web"), port=81)
    assert Reason.PORT_NOT_FOUND == refused(outside("api.example.com"), port="http")
