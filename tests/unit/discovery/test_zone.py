"""What an upstream stands for, from the EndpointSlices of its Service."""

import pytest

from painless.compiler.site import EndpointsFeed, ExternalFeed, Feed, StaticFeed, Upstream
from painless.discovery.addresses import refusal
from painless.discovery.answers import Answer, Peer
from painless.discovery.zone import Ours, answer
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Endpoint, EndpointPort, EndpointSlice, ObjectRef, Origin

INGRESS = ObjectRef("Ingress", "shop", "web")


def upstream(feed: Feed) -> Upstream:
    origin = Origin(INGRESS, "spec.rules[0].http.paths[0]")
    return Upstream("shop.web.80", "shop-web-80", "shop", "web", "80", feed, origin)


def some(*endpoints: Endpoint, name: str = "web-1", port: int = 8080, family: str = "IPv4") -> EndpointSlice:
    return EndpointSlice("shop", name, "web", family, (EndpointPort("http", port),), endpoints)


def peers(*slices: EndpointSlice, number: int | None = 8080) -> tuple[Peer, ...]:
    found, findings = answer(upstream(EndpointsFeed("http", number)), slices, allow_loopback=False)
    assert findings == ()
    assert found.srv is (number is None)
    return found.peers


def test_ready_endpoints_of_all_slices_sorted_and_once():
    """Slices overlap while the cluster moves endpoints between them; order of arrival does not matter."""
    one = some(Endpoint(("10.0.0.2",)), Endpoint(("10.0.0.9",), ready=False))
    two = some(Endpoint(("10.0.0.1",)), Endpoint(("10.0.0.2",)), name="web-2")
    six = some(Endpoint(("2001:DB8::1",)), name="web-3", family="IPv6")
    expected = (Peer("10.0.0.1", 8080), Peer("10.0.0.2", 8080), Peer("2001:db8::1", 8080))
    assert peers(one, two, six) == expected
    assert peers(six, two, one) == expected


def test_slices_of_others_names_and_ports_do_not_count():
    """Only this Service, only addresses, only the port's name."""
    fqdn = some(Endpoint(("example.org",)), family="FQDN")
    other = EndpointSlice(
        "shop", "api-1", "api", "IPv4", (EndpointPort("http", 1),), (Endpoint(("10.0.0.1",)),)
    )
    unnamed = EndpointSlice(
        "shop", "web-1", "web", "IPv4", (EndpointPort("", 1),), (Endpoint(("10.0.0.1",)),)
    )
    assert peers(fqdn, other, unnamed) == ()


def test_ports_that_differ_travel_with_the_address():
    """Without one number each peer has its own; with one number, another is not reachable yet."""
    old, new = some(Endpoint(("10.0.0.1",))), some(Endpoint(("10.0.0.2",)), name="web-2", port=9090)
    assert peers(old, new, number=None) == (Peer("10.0.0.1", 8080), Peer("10.0.0.2", 9090))
    assert peers(old, new, number=8080) == (Peer("10.0.0.1", 8080),)


@pytest.mark.parametrize(
    ("second", "zone", "then"),
    [
        (Endpoint(("10.0.0.2",), zones=("b",)), "a", ("10.0.0.1",)),
        (Endpoint(("10.0.0.2",), zones=("b", "a")), "a", ("10.0.0.1", "10.0.0.2")),
        # Not every endpoint has a hint: the cluster is changing its mind.
        (Endpoint(("10.0.0.2",)), "a", ("10.0.0.1", "10.0.0.2")),
        # Nobody is hinted for the zone, or nobody who is ready.
        (Endpoint(("10.0.0.2",), zones=("b",)), "c", ("10.0.0.1", "10.0.0.2")),
        (Endpoint(("10.0.0.2",), ready=False, zones=("c",)), "c", ("10.0.0.1",)),
        (Endpoint(("10.0.0.2",), ready=False, zones=("a",)), "a", ("10.0.0.1",)),
        # Hints do not count.
        (Endpoint(("10.0.0.2",), zones=("b",)), "", ("10.0.0.1", "10.0.0.2")),
    ],
)
def test_endpoints_of_the_zone_stand_alone(second, zone, then):
    """If the hints of all slices are whole; a pod that is far is better than none."""
    slices = (some(Endpoint(("10.0.0.1",), zones=("a",))), some(second, name="web-2"))
    feed = EndpointsFeed("http", 8080)
    found, findings = answer(upstream(feed), slices, allow_loopback=False, zone=zone)
    assert (then, ()) == (tuple(one.address for one in found.peers), findings)


def test_an_endpoint_on_loopback_is_refused_and_said():
    """An EndpointSlice must not lead to NGINX's own machine; the other endpoints stay."""
    found, findings = answer(
        upstream(EndpointsFeed("http", 8080)),
        [some(Endpoint(("10.0.0.1",)), Endpoint(("127.0.0.1",)))],
        allow_loopback=False,
    )
    assert found == Answer("shop.web.80", (Peer("10.0.0.1", 8080),))
    assert findings == (
        Diagnostic(
            ObjectRef("EndpointSlice", "shop", "web-1"),
            "endpoints[1].addresses[0]",
            Reason.ENDPOINT_REFUSED,
            Severity.ERROR,
            "the endpoint '127.0.0.1' is a loopback address; "
            "expected the address of a pod or another machine",
        ),
    )


def test_an_endpoint_at_a_listener_of_ours_is_refused():
    """A loop, or a way to a port that is nobody's business; a pod in the host's network has other ports."""
    ours = Ours(frozenset({8080}), "10.0.0.5".__eq__)
    addresses = Endpoint(("10.0.0.5",)), Endpoint(("10.0.0.6",))
    slices = some(*addresses), some(addresses[0], name="web-2", port=8081)
    feed = upstream(EndpointsFeed("http", None))
    found, (finding,) = answer(feed, slices, allow_loopback=True, ours=ours)
    assert (Peer("10.0.0.5", 8081), Peer("10.0.0.6", 8080)) == found.peers
    assert (
        "the endpoint '10.0.0.5' with port 8080 is a listener of Painless; "
        "expected the address of a pod or another machine"
    ) == finding.says


def test_an_outside_name_that_is_our_own_address_is_refused():
    """As a name would be that resolves to it."""
    ours = Ours(frozenset(), "10.0.0.5".__eq__)
    found, (finding,) = answer(upstream(ExternalFeed("10.0.0.5", 80)), (), allow_loopback=False, ours=ours)
    assert (Answer("shop.web.80"), Reason.EXTERNAL_NAME_REFUSED) == (found, finding.reason)


def test_loopback_may_be_allowed():
    """A demonstration runs its pods on loopback."""
    found, findings = answer(
        upstream(EndpointsFeed("http", 8080)), [some(Endpoint(("127.0.0.9",)))], allow_loopback=True
    )
    assert (found.peers, findings) == ((Peer("127.0.0.9", 8080),), ())


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [
        ("Db.Example.org", Answer("shop.web.80", external="db.example.org")),
        ("db.example.org.", Answer("shop.web.80", external="db.example.org.")),
        ("203.0.113.7", Answer("shop.web.80", (Peer("203.0.113.7", 5432),))),
    ],
)
def test_an_outside_name_is_resolved_later_and_an_address_is_itself(hostname: str, expected: Answer):
    """The final dot stays, since it keeps search domains away."""
    feed = ExternalFeed(hostname, 5432)
    assert answer(upstream(feed), (), allow_loopback=False) == (expected, ())


@pytest.mark.parametrize(
    "hostname", ["localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "169.254.169.254", "::1"]
)
def test_an_outside_name_for_this_machine_is_refused(hostname: str):
    """Nothing is served for it, and the Ingress's owner is told."""
    found, (finding,) = answer(upstream(ExternalFeed(hostname, 80)), (), allow_loopback=False)
    assert found == Answer("shop.web.80")
    assert (finding.reason, finding.about) == (Reason.EXTERNAL_NAME_REFUSED, INGRESS)


def test_localhost_is_refused_even_where_loopback_is_allowed():
    """A name below localhost is never a name outside."""
    found, findings = answer(upstream(ExternalFeed("localhost", 80)), (), allow_loopback=True)
    assert (found, len(findings)) == (Answer("shop.web.80"), 1)


def test_a_fixed_address_is_its_own_peer():
    """A ClusterIP needs no endpoints."""
    found, _ = answer(upstream(StaticFeed("10.96.0.1", 80)), (), allow_loopback=False)
    assert found.peers == (Peer("10.96.0.1", 80),)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.1.1"),
        *("x", ""),
    ],
)
def test_addresses_that_are_no_peer(address: str):
    """Every spelling of this machine, its link and its many."""
    assert refusal(address, allow_loopback=False)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "100.64.0.1", "8.8.8.8", "fd00::1", "2001:db8::1"]
)
def test_addresses_that_are_peers(address: str):
    """Private networks are where pods live."""
    assert refusal(address, allow_loopback=False) == ""
