"""The name server of the world outside: it knows the names that a case's ExternalName Services point to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

_TTL = 1  # Seconds, the least that the responder honours: the next case may have other names.
_DEADLINE = 15.0  # Seconds until the responder asks, for which it loads a library; it may be busy retrying.


class Outside(asyncio.DatagramProtocol):
    """Answers for ``names``, from name to IPv4 address, and for nothing else."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._unasked: set[str] = set()
        self._all_asked = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @asynccontextmanager
    async def serving(self, names: dict[str, str]) -> AsyncIterator[None]:
        """Know these names and no others; at the end of the block all have been asked for."""
        self.names, self._unasked = names, set(names)
        self._all_asked.clear()
        yield
        if names:
            await asyncio.wait_for(self._all_asked.wait(), _DEADLINE)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)  # it is an endpoint for datagrams

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None, "it is connected"
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        asked = query.question[0]
        name = asked.name.to_text(omit_final_dot=True).lower()
        address = self.names.get(name)
        if address is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif asked.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text(asked.name, _TTL, "IN", "A", address))
        self._transport.sendto(answer.to_wire(), addr)
        self._unasked.discard(name)
        if not self._unasked:
            self._all_asked.set()


@asynccontextmanager
async def outside(address: str) -> AsyncIterator[tuple[Outside, str]]:
    """Run the name server; yields it with its address and port."""
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(Outside, local_addr=(address, 0))
    try:
        yield server, f"{address}:{transport.get_extra_info('sockname')[1]}"
    finally:
        transport.close()
