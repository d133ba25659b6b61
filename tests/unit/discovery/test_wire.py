"""The wire format agrees with dnspython, and no packet can hurt it."""

import ipaddress
import socket

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.discovery import wire
from painless.discovery.answers import NO_ENDPOINTS, Answer, Peer, dns_name, server_parameters

MIXED = (Peer("10.1.2.3", 8080), Peer("10.1.2.4", 9090), Peer("2001:db8::1", 8080))


def asked(answer: Answer, name: str, kind: str, limit: int = wire.TCP_LIMIT) -> dns.message.Message:
    """Return what dnspython reads in the reply to a question that dnspython wrote."""
    query = dns.message.make_query(name, kind)
    packet = query.to_wire()
    key = wire.key_of(packet)
    reply = dns.message.from_wire(
        wire.reply(packet, wire.HEADER + len(key), wire.encoded(answer)[key], limit)
    )
    assert query.is_response(reply)
    return reply


def records(reply: dns.message.Message) -> list[str]:
    return [f"{one.ttl} {data}" for one in reply.answer for data in one]


def test_addresses_are_answered_by_family():
    """A has the IPv4 addresses, AAAA the others, both with TTL 0."""
    answer = Answer("shop.web.80", MIXED)
    assert records(asked(answer, "shop.web.80.painless.", "A")) == ["0 10.1.2.3", "0 10.1.2.4"]
    assert records(asked(answer, "shop.web.80.painless.", "AAAA")) == ["0 2001:db8::1"]


def test_an_address_with_two_ports_is_answered_once():
    """Ports do not count where only addresses are asked for."""
    answer = Answer("a.b.80", (Peer("10.0.0.1", 1), Peer("10.0.0.1", 2)))
    assert records(asked(answer, "a.b.80.painless.", "A")) == ["0 10.0.0.1"]


def test_services_name_a_target_for_each_peer():
    """An SRV answer has a name of its own for each peer: what NGINX calls a fixed one."""
    reply = asked(Answer("shop.web.80", MIXED, srv=True), "_http._tcp.shop.web.80.painless.", "SRV")
    assert records(reply) == [
        "0 0 1 8080 10.1.2.3:8080.",
        "0 0 1 9090 10.1.2.4:9090.",
        "0 0 1 8080 [2001:db8::1]:8080.",
    ]


@pytest.mark.parametrize("peer", MIXED)
def test_a_target_says_its_address_for_long(peer: Peer):
    """The address of a target is in its name, so its answer holds for a day and needs no table."""
    name = wire.target_name(peer)
    kind = "AAAA" if ":" in peer.address else "A"
    other = "A" if kind == "AAAA" else "AAAA"
    assert records(unlisted(name, kind)) == [f"86400 {peer.address}"]
    assert records(unlisted(name, other)) == []


def unlisted(name: str, kind: str) -> dns.message.Message:
    packet = dns.message.make_query(name, kind).to_wire()
    question = wire.parsed(packet)
    assert question is not None
    return dns.message.from_wire(wire.reply(packet, question.end, wire.unlisted(question), wire.UDP_LIMIT))


def test_no_peers_is_never_an_empty_answer():
    """Without peers both kinds of question lead to the address that cannot be reached."""
    assert records(asked(Answer("a.b.80"), "a.b.80.painless.", "A")) == [f"0 {NO_ENDPOINTS}"]
    reply = asked(Answer("a.b.80", srv=True), "_http._tcp.a.b.80.painless.", "SRV")
    (service,) = records(reply)
    assert service == "0 0 1 9 255.255.255.255:9."
    assert records(unlisted("255.255.255.255:9.", "A")) == [f"86400 {NO_ENDPOINTS}"]


def test_an_unknown_name_of_ours_has_no_endpoints_and_others_are_refused():
    """What may become an upstream is not denied, since NGINX would not ask again for 10 s."""
    assert records(unlisted("no.such.80.painless", "A")) == [f"0 {NO_ENDPOINTS}"]
    (service,) = records(unlisted("_http._tcp.no.such.80.painless", "SRV"))
    assert service == "0 0 1 9 255.255.255.255:9."
    assert unlisted("no.such.80.painless", "TXT").rcode() == 0
    assert unlisted("kubernetes.default.svc", "A").rcode() == 5
    assert unlisted("notpainless", "A").rcode() == 5


def test_a_large_answer_is_marked_for_tcp():
    """Beyond the limit there is the mark and no record; over TCP all of them."""
    many = Answer("a.b.80", tuple(Peer(f"10.0.{n >> 8}.{n & 255}", 80) for n in range(300)))
    short = asked(many, "a.b.80.painless.", "A", wire.UDP_LIMIT)
    assert short.flags & dns.flags.TC
    assert records(short) == []
    assert len(records(asked(many, "a.b.80.painless.", "A"))) == 300


def test_an_answer_never_exceeds_what_tcp_can_carry():
    """Of too many peers some are left out, rather than all."""
    many = tuple(Peer(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 80) for n in range(10_000))
    for answer, name, kind in (
        (Answer("a.b.80", many), "a.b.80.painless.", "A"),
        (Answer("a.b.80", many, srv=True), "_http._tcp.a.b.80.painless.", "SRV"),
    ):
        assert len(records(asked(answer, name, kind))) > 1500


def test_case_and_edns_do_not_matter():
    """A name is found in any case and repeated as asked; more sections after the question are ignored."""
    packet = dns.message.make_query("ShOp.Web.80.PAINLESS.", "A", use_edns=0, payload=1232).to_wire()
    key = wire.key_of(packet)
    found = wire.encoded(Answer("shop.web.80", MIXED))[key]
    reply = dns.message.from_wire(wire.reply(packet, wire.HEADER + len(key), found, wire.UDP_LIMIT))
    assert str(reply.question[0].name) == "ShOp.Web.80.PAINLESS."


@pytest.mark.parametrize("count", [1, 500])
def test_a_plain_question_gets_the_same_answer(count: int):
    """What is kept ready for NGINX's way to ask is what any question would get, a cut answer included."""
    answer = Answer("a.b.80", tuple(Peer(f"10.0.{n >> 8}.{n & 255}", 80) for n in range(count)))
    packet = dns.message.make_query("a.b.80.painless.", "A").to_wire()
    assert packet[wire.AFTER_ID : wire.HEADER] == wire.PLAIN
    for key, found in wire.encoded(answer).items():
        asked = packet[: wire.HEADER] + key
        reply = wire.reply(asked, len(asked), found, wire.UDP_LIMIT)
        assert packet[: wire.AFTER_ID] + wire.plain_reply(key, found) == reply


def test_the_upstream_block_asks_what_the_table_answers():
    """The arguments of ``server`` and the keys of the table belong together."""
    assert server_parameters("shop.web.80", 8080) == ("shop.web.80.painless:8080", "resolve")
    assert server_parameters("shop.web.80", None) == ("shop.web.80.painless", "service=http", "resolve")
    assert wire.key(f"_http._tcp.{dns_name('a.b.80')}", wire.SRV) in wire.encoded(Answer("a.b.80", srv=True))


@pytest.mark.parametrize("name", ["", "a..b", "a/b", "a b", "x" * 64, ".".join(["x" * 60] * 5), "ä"])
def test_what_is_no_name_is_refused(name: str):
    """A name that DNS cannot carry is a ``ValueError``, not a strange packet."""
    with pytest.raises(ValueError, match=r"no DNS name|codec"):
        wire.encoded_name(name)


PACKETS = st.one_of(
    st.binary(max_size=600),
    st.binary(max_size=300).map(lambda rest: b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0" + rest),
    st.lists(st.binary(min_size=1, max_size=63), max_size=6).map(
        lambda labels: (
            b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0"
            + b"".join(bytes((len(one),)) + one for one in labels)
            + b"\0\0\1\0\1"
        )
    ),
)


@given(PACKETS)
def test_any_packet_is_answered_or_dropped(packet: bytes):
    """Nothing raises, and whatever is answered is a DNS message that answers this question."""
    key = wire.key_of(packet)
    assert key == key.lower()
    question = wire.parsed(packet)
    if question is not None:
        reply = wire.reply(packet, question.end, wire.unlisted(question), wire.UDP_LIMIT)
        assert reply[:2] == packet[:2]
        assert dns.message.from_wire(reply).id == 0x1234 or packet[:2] != b"\x12\x34"


@given(st.binary(max_size=40), st.integers(0, 60))
def test_pointers_in_questions_are_dropped(tail: bytes, offset: int):
    """A question that points (also at itself) is malformed; following it could loop."""
    packet = b"\x12\x34\x01\x00\0\1\0\0\0\0\0\0" + bytes((0xC0, offset)) + tail
    assert wire.parsed(packet) is None


@given(st.ip_addresses(), st.integers(1, 65535))
def test_targets_say_exactly_their_address(address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int):
    """Name and address are inverse to each other, for both families."""
    assert wire.target_address(wire.target_name(Peer(str(address), port))) == socket.inet_ntop(
        socket.AF_INET6 if ":" in str(address) else socket.AF_INET,
        address.packed,
    )
