"""The name server of the world outside: it knows the names that a case's ExternalName Services point to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

_TTL = 1  # Seconds, the least that the responder honours: the next case may have other names.


class Outside(asyncio.DatagramProtocol):
    """Answers for ``names``, from name to IPv4 address, and for nothing else."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # it is an endpoint for datagrams

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None, "it is connected"
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        asked = query.question[0]
        address = self.names.get(asked.name.to_text(omit_final_dot=True).lower())
        if address is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif asked.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(asked.name, _TTL, "IN", "A", address))
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def outside(address: str) -> AsyncIterator[tuple[Outside, str]]:
    """Run the name server; yields it with its address and port."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(Outside, local_addr=(address, 0))
    try:
        yield server, f"{address}:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()
