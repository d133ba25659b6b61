"""What a change touches: routing, or the endpoints of single Services."""

from msgspec import structs
from tests.builders import service, web

from painless.controller.inbox import Inbox
from painless.model.objects import Endpoint, EndpointPort, EndpointSlice


def slices(*addresses: str, name: str = "web-1", of: str = "web", port: int = 8080) -> EndpointSlice:
    return EndpointSlice(
        "shop",
        name,
        of,
        ports=(EndpointPort("http", port),),
        endpoints=tuple(Endpoint((one,)) for one in addresses),
    )


def test_a_pod_that_comes_touches_one_service() -> None:
    """No compile: the snapshot stays equal."""
    inbox = Inbox()
    inbox.take((*web(), slices("10.0.0.1")), ())
    before = inbox.taken().snapshot()
    touched = inbox.take((slices("10.0.0.1", "10.0.0.2"),), ())
    assert (False, frozenset({("shop", "web")})) == (touched.routing, touched.services)
    assert before == inbox.taken().snapshot()


def test_another_port_number_touches_routing() -> None:
    """The configuration names the port number."""
    inbox = Inbox()
    inbox.take((slices("10.0.0.1"),), ())
    assert inbox.take((slices("10.0.0.1", port=9090),), ()).routing


def test_another_type_of_address_touches_routing() -> None:
    """The configuration says for which addresses NGINX asks."""
    inbox = Inbox()
    inbox.take((slices("10.0.0.1"),), ())
    assert inbox.take(
        (structs.replace(slices("2001:db8::1"), name="web-6", address_type="IPv6"),), ()
    ).routing


def test_a_slice_that_goes_touches_its_service() -> None:
    """Its addresses go with it."""
    inbox = Inbox()
    gone = slices("10.0.0.1")
    inbox.take((gone, slices("10.0.0.2", name="web-2")), ())
    touched = inbox.take((), (gone.ref,))
    assert (False, frozenset({("shop", "web")})) == (touched.routing, touched.services)
    assert ("web-2",) == tuple(one.name for one in inbox.slices(("shop", "web")))


def test_a_slice_that_changes_its_service_touches_both() -> None:
    """Neither keeps an address that is not its own."""
    inbox = Inbox()
    inbox.take((slices("10.0.0.1"),), ())
    touched = inbox.take((slices("10.0.0.1", of="api"),), ())
    assert frozenset({("shop", "web"), ("shop", "api")}) == touched.services
    assert () == inbox.slices(("shop", "web"))


def test_any_other_object_touches_routing() -> None:
    """Also one that goes."""
    inbox = Inbox()
    assert inbox.take((service("web"),), ()).routing
    assert inbox.take((), (service("web").ref,)).routing


def test_an_equal_object_touches_nothing() -> None:
    """A list that is read again costs no compile, and what compares by identity sees no change."""
    inbox = Inbox()
    inbox.take((*web(), slices("10.0.0.1")), ())
    before = inbox.taken()
    assert not inbox.take((*web(), slices("10.0.0.1")), ()).routing
    after = inbox.taken()
    assert all(before.objects[ref] is one for ref, one in after.objects.items())
    assert before.port_numbers == after.port_numbers


def test_what_was_taken_does_not_change() -> None:
    """A thread compiles it while further changes come in."""
    inbox = Inbox()
    inbox.take((*web(), slices("10.0.0.1")), ())
    taken = inbox.taken()
    before = taken.snapshot()
    inbox.take((*web("other"), slices("10.0.0.2", name="web-2", port=9090)), (service("web").ref,))
    assert before == taken.snapshot()
