"""A pod that speaks FastCGI: it says what its parameters were, one a line, and how long the body was.

Of the protocol, the records of one request at a time: NGINX opens a connection for each.  ``?status=404`` in
the query steers the answer.
"""

import asyncio
from collections.abc import Iterator
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

_END, _PARAMS, _STDIN, _STDOUT = 3, 4, 5, 6
_VERSION = 1
_MOST = 65_535  # Bytes of one record.


class FastcgiEcho:
    """A pod of that name at an address and port for as long as it is entered."""

    def __init__(self, name: str, address: str, port: int) -> None:
        self.name = name
        self._place = (address, port)
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._converse, *self._place)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None, "it was entered"
        self._server.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(self._answer(*await _request(reader)))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # NGINX has left.
        finally:
            writer.close()

    def _answer(self, number: int, params: bytes, length: int) -> bytes:
        given = dict(_pairs(params))
        status = parse_qs(given.get("QUERY_STRING", "")).get("status", ["200"])[0]
        lines = (f"{name}={value}" for name, value in sorted(given.items()))
        text = "\n".join((self.name, *lines, f"{length} bytes of body", ""))
        head = f"Status: {status}\r\nContent-Type: text/plain\r\nX-Pod: {self.name}\r\n\r\n"
        said = (head + text).encode(errors="replace")
        parts = (said[at : at + _MOST] for at in range(0, len(said), _MOST))
        return b"".join(
            (
                *(_record(_STDOUT, number, part) for part in parts),
                _record(_STDOUT, number, b""),
                _record(_END, number, bytes(8)),
            )
        )


async def _request(reader: asyncio.StreamReader) -> tuple[int, bytes, int]:
    """Return a request's number, its parameters, and how many bytes its body has."""
    params, length = b"", 0
    while True:
        head = await reader.readexactly(8)
        kind, number = head[1], int.from_bytes(head[2:4], "big")
        content = await reader.readexactly(int.from_bytes(head[4:6], "big"))
        await reader.readexactly(head[6])
        if kind == _PARAMS:
            params += content
        if kind == _STDIN:
            length += len(content)
            if not content:
                return number, params, length


def _pairs(params: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(params):
        sizes = []
        for _ in range(2):
            # One byte, or four with the highest bit set.
            wide = 4 if params[at] & 0x80 else 1
            sizes.append(int.from_bytes(params[at : at + wide], "big") & (0x7FFFFFFF if wide == 4 else 0x7F))
            at += wide
        name, value = params[at : at + sizes[0]], params[at + sizes[0] : at + sum(sizes)]
        at += sum(sizes)
        yield name.decode(errors="replace"), value.decode(errors="replace")


def _record(kind: int, number: int, content: bytes) -> bytes:
    head = bytes((_VERSION, kind)) + number.to_bytes(2, "big") + len(content).to_bytes(2, "big")
    return head + bytes(2) + content
