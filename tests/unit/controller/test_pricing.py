"""What a change is laid over: objects as the API server would have them afterwards, and nothing else."""

import math

from tests.builders import ingress, path, rule, service

from painless.controller.inbox import Taken
from painless.controller.pricing import Asked, overlaid
from painless.model.objects import (
    ConfigMap,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Ingress,
    Object,
    ObjectRef,
    Service,
)

WEB = ("shop", "web")


def a_slice(name: str, port: int, to: str = "web") -> EndpointSlice:
    ports, pods = (EndpointPort("http", port),), (Endpoint((f"10.0.0.{port % 250}",)),)
    return EndpointSlice("shop", name, to, ports=ports, endpoints=pods)


def taken(*objects: Object) -> Taken:
    return Taken({one.ref: one for one in objects}, {})


def test_who_was_first_stays_first() -> None:
    """A manifest does not say when it was created: what is there keeps that, what is new is youngest."""
    old = ingress("old", rule("a.test", path("/", "web")), created=5.0)
    asked = Asked(
        (ingress("old", rule("b.test", path("/", "web"))), ingress("new"), ingress("said", created=7.0))
    )
    objects = overlaid(taken(old), {}, asked, math.inf)[0].objects
    expected = {"old": 5.0, "new": math.inf, "said": 7.0}
    assert expected == {one.name: one.created for one in objects.values() if isinstance(one, Ingress)}


def test_an_equal_object_stays_the_one_it_was() -> None:
    """Whoever compares thousands does so by identity."""
    old = ingress("old", rule("a.test", path("/", "web")), created=5.0)
    objects = overlaid(taken(old), {}, Asked((ingress("old", rule("a.test", path("/", "web"))),)), math.inf)[
        0
    ].objects
    assert objects[old.ref] is old


def test_an_address_that_the_api_server_gave_stays() -> None:
    """A manifest without a clusterIP is no headless Service when it is applied to one that has an address."""
    asked = Asked((service("web"), service("new")))
    objects = overlaid(taken(service("web", cluster_ip="10.1.1.1")), {}, asked, 0.0)[0].objects
    assert ["10.1.1.1", ""] == [one.cluster_ip for one in objects.values() if isinstance(one, Service)]


def test_what_is_removed_is_not_there() -> None:
    kept, gone = ConfigMap("shop", "kept"), ConfigMap("shop", "gone")
    assert [kept.ref] == [*overlaid(taken(kept, gone), {}, Asked((), (gone.ref,)), 0.0)[0].objects]


def test_slices_are_those_of_their_service_after_the_change() -> None:
    """One comes, one goes, one changes, and one moves to another Service; port numbers follow."""
    before = {WEB: (a_slice("a", 1), a_slice("b", 2), a_slice("c", 3)), ("shop", "api"): ()}
    asked = Asked(
        (a_slice("b", 20), a_slice("c", 3, to="api"), a_slice("d", 4)),
        (ObjectRef("EndpointSlice", "shop", "a"),),
    )
    after, slices = overlaid(taken(), before, asked, 0.0)
    assert {WEB: ("b", "d"), ("shop", "api"): ("c",)} == {
        name: tuple(one.name for one in some) for name, some in slices.items()
    }
    assert {WEB: {20, 4}, ("shop", "api"): {3}} == {
        name: {number for _, number, _ in some} for name, some in after.port_numbers.items()
    }


def test_a_service_without_slices_has_no_port_numbers() -> None:
    """And those of other Services stay."""
    numbers = {WEB: frozenset({("http", 1, "IPv4")}), ("shop", "api"): frozenset({("http", 2, "IPv4")})}
    before = Taken({}, numbers)
    asked = Asked((), (a_slice("a", 1).ref,))
    after, slices = overlaid(before, {WEB: (a_slice("a", 1),)}, asked, 0.0)
    assert ([("shop", "api")], {WEB: ()}) == ([*after.port_numbers], dict(slices))
