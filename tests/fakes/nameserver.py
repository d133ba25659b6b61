"""A name server of a test's own, which answers as the test says and can be told to fail."""

import asyncio
from typing import Any

import dns.message
import dns.rcode
import dns.rrset


class NameServer(asyncio.DatagramProtocol):
    """Serves ``records`` (type to data) for the name it has; fails while ``broken``."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.ttl = 1
        self.broken = False
        self.asked: list[str] = []
        self.transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        reply = dns.message.make_response(query)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        self.asked.append(kind)
        if self.broken:
            reply.set_rcode(dns.rcode.SERVFAIL)
        elif str(question.name) != "db.example.org.":
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif self.records.get(kind):
            reply.answer.append(dns.rrset.from_text(question.name, self.ttl, "IN", kind, *self.records[kind]))
        assert self.transport is not None
        self.transport.sendto(reply.to_wire(), addr)
