"""A pod that reads nothing into what it gets: it answers with its first bytes, over TCP or UDP.

The answer is one of HTTP, so that cases read it like any other pod's.
"""

import asyncio
import socket
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

_MOST = 2048  # Bytes of a question, which is a line or two.


class Unread:
    """A pod of that name at an address and port for as long as it is entered."""

    def __init__(self, name: str, address: str, port: int, *, udp: bool) -> None:
        self.name = name
        self._place = (address, port)
        self._udp = udp
        self._ends = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._udp:
            self._open_socket()
        else:
            server = await asyncio.start_server(self._answer, *self._place)
            self._ends.callback(server.close)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._ends.aclose()

    def _open_socket(self) -> None:
        here = self._ends.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        here.bind(self._place)
        here.settimeout(0)
        loop = asyncio.get_running_loop()
        loop.add_reader(here, self._answer_datagram, here)
        self._ends.callback(loop.remove_reader, here)

    def _answer_datagram(self, here: socket.socket) -> None:
        asked, client = here.recvfrom(_MOST)
        here.sendto(_said(self.name, asked), client)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(_said(self.name, await reader.read(_MOST)))
        await writer.drain()
        writer.close()


def _said(name: str, asked: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nX-Pod: {name}\r\nContent-Length: {len(asked)}\r\n\r\n"
    return head.encode() + asked
