"""From the backend an Ingress names to the upstream that serves it."""

import pytest
from tests.builders import OPTIONS, options, service

from painless.compiler.resolve import Unresolved, find_port, resolve
from painless.compiler.site import EndpointsFeed, ExternalFeed, Feed, StaticFeed
from painless.features.affinity import Affinity
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

FROM = Origin(ObjectRef("Ingress", "shop", "web"), "spec")


def feed(
    *objects: Object, port: int | str = 80, one_peer: bool = False, affinity: Affinity | None = None
) -> Feed:
    found = resolve(
        snapshot_of(objects), OPTIONS, ServiceBackend("web", port), FROM, one_peer=one_peer, affinity=affinity
    )
    assert not isinstance(found, Unresolved), found
    return found.feed


def refused(*objects: Object, port: int | str = 80) -> Reason:
    found = resolve(snapshot_of(objects), OPTIONS, ServiceBackend("web", port), FROM)
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


def test_ports_that_differ_travel_with_the_address() -> None:
    """A named target port may be another number in each pod."""
    assert EndpointsFeed("http", None) == feed(service("web"), slices(9090))
    assert EndpointsFeed("http", None) == feed(service("web", ports=(ServicePort(80, "http", "web"),)))


def test_consistent_hashing_needs_a_name_for_each_peer() -> None:
    """NGINX places peers by their names."""
    balanced = Affinity(False, "c", "", "", None, "", False)
    assert EndpointsFeed("http", None) == feed(service("web"), affinity=balanced)


@pytest.mark.parametrize("port", [80, 8080, "http", "80"])
def test_a_port_is_found_by_number_target_or_name(port: int | str) -> None:
    """The first that fits, as in ingress-nginx."""
    assert find_port(service("web"), port) is not None


def test_the_services_own_address() -> None:
    """One peer that does not change; a headless Service has none, so its pods are used."""
    assert StaticFeed("10.0.0.1", 80) == feed(service("web", cluster_ip="10.0.0.1"), one_peer=True)
    assert EndpointsFeed("http", 8080) == feed(service("web", cluster_ip="None"), one_peer=True)


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
    found = resolve(
        snapshot_of([outside("api.example.com")]),
        options(external_names=False),
        ServiceBackend("web", 80),
        FROM,
    )
    assert isinstance(found, Unresolved)


def test_what_is_missing_is_said() -> None:
    """A Service, a port, or a port's number where only a number will do."""
    assert Reason.SERVICE_NOT_FOUND == refused()
    assert Reason.PORT_NOT_FOUND == refused(service("web"), port=81)
    assert Reason.PORT_NOT_FOUND == refused(outside("api.example.com"), port="http")
