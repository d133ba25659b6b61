"""What NGINX is told about asking for peers: where, with how many sockets, and for which addresses."""

from msgspec import structs
from tests.builders import CLASS, OPTIONS, ingress, path, rule, service

from painless.compiler import compile_snapshot
from painless.compiler.emit import warm_generation
from painless.model.objects import Endpoint, EndpointPort, EndpointSlice, Object, Service, ServicePort
from painless.model.snapshot import snapshot_of
from painless.nginx.generation import MAIN, Generation

SOCKET_HOLDS = 270
"""Small answers in one of NGINX's sockets, whose buffer has the kernel's default of 212,992 bytes."""


def generation(*objects: Object) -> Generation:
    return compile_snapshot(snapshot_of((CLASS, *objects)), OPTIONS).generation


def asks(found: Generation) -> tuple[tuple[str, ...], bool]:
    """Return the addresses that are asked, and whether for IPv6 too."""
    [line] = [one for one in found.cold[MAIN].splitlines() if one.strip().startswith("resolver ")]
    words = line.strip().removesuffix(";").split()[1:]
    return tuple(one for one in words if ":" in one), "ipv6=off" not in words


def web(name: str = "web") -> tuple[Object, ...]:
    return service(name), ingress(name, rule(f"{name}.example", path("/", name)))


def slices(kind: str, address: str, of: str = "web") -> EndpointSlice:
    ports, endpoints = (EndpointPort("http", 8080),), (Endpoint((address,)),)
    return EndpointSlice("shop", f"{of}-{kind}", of, address_type=kind, ports=ports, endpoints=endpoints)


def test_ipv6_is_asked_for_where_a_service_has_it():
    """Most clusters have one type of address, and asking for the other doubles the questions."""
    assert not asks(generation(*web()))[1]
    assert not asks(generation(*web(), slices("IPv4", "10.0.0.1")))[1]
    assert asks(generation(*web(), slices("IPv4", "10.0.0.1"), slices("IPv6", "2001:db8::1")))[1]


def test_services_that_nobody_routes_to_do_not_count():
    """They have no upstream."""
    assert not asks(generation(*web(), service("other"), slices("IPv6", "2001:db8::1", of="other")))[1]


def test_ipv6_is_asked_for_where_nobody_knows():
    """A name outside may have addresses of either type, and the first step of a start knows no Service."""
    external = Service(
        "shop", "web", type="ExternalName", external_name="a.example", ports=(ServicePort(80, "http", 80),)
    )
    assert asks(generation(external, *web()[1:]))[1]
    assert asks(warm_generation(generation(*web()), OPTIONS))[1]


def test_a_round_of_questions_fits_in_the_sockets():
    """It has a socket for each address it is given, also for one given again, and loses what does not fit."""
    for count in (1, 150, 900, 5000):
        found = warm_generation(
            structs.replace(generation(), upstreams=frozenset(f"app-{at}" for at in range(count))), OPTIONS
        )
        addresses, _ = asks(found)
        assert 2 * count <= len(addresses) * SOCKET_HOLDS
        assert set(addresses) <= set(OPTIONS.resolvers)
