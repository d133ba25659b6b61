"""From a question on a socket to its answer on the wire: over UDP at a pace, over TCP at once.

What is no question gets no answer and is counted: an answer to garbage would only be more garbage.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Callable

from painless.discovery import wire
from painless.discovery.pace import TICK, Pace
from painless.discovery.table import Entry, Table

_AT_ONCE = 64  # packets read from one socket before the others get their turn
_PACKET = 1024  # bytes: no question is longer, and what the kernel cuts off would not be read anyway
_IDLE = 60.0  # seconds a TCP connection may be silent: NGINX keeps its own open and opens it again
_REST = 10.0  # seconds for the rest of a message over TCP, and for taking an answer
_CONNECTIONS = 256  # at a time; NGINX has one for each address and generation
_SIZE = struct.Struct("!H")

Client = tuple[str, int]
Waiting = tuple[socket.socket, Client, bytes, bytes, Entry]


class Answering:
    """Answers questions from a table and counts them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._pace: Pace[Waiting] = Pace()
        self._ticking = False
        self._connections = 0
        self.questions = self.answers = self.dropped = 0

    def attach(self, udp: tuple[socket.socket, ...]) -> None:
        """Answer what comes in on these sockets from the running loop."""
        loop = asyncio.get_running_loop()
        for one in udp:
            loop.add_reader(one, self._reader(one, loop.call_later))

    def _reader(self, one: socket.socket, later: Callable[..., object]) -> Callable[[], None]:
        def read() -> None:
            now = time.monotonic()
            for _ in range(_AT_ONCE):
                try:
                    packet, client = one.recvfrom(_PACKET)
                except BlockingIOError:
                    return
                except OSError:  # an earlier answer found nobody
                    self.dropped += 1
                    continue
                self._receive(one, client, packet, now)
                if len(self._pace) and not self._ticking:
                    self._ticking = True
                    later(TICK, self._tick, later)

        return read

    def _receive(self, one: socket.socket, client: Client, packet: bytes, now: float) -> None:
        self.questions += 1
        key = wire.key_of(packet)
        entry = self._table.entries.get(key)
        if entry is None or not wire.is_query(packet):
            answer = self._unlisted(packet, wire.UDP_LIMIT)
            if answer is None:
                self.dropped += 1
            else:
                self._send(one, client, answer)
            return
        entry.asked = now
        if self._pace.may_go(now, fresh=entry.fresh):
            self._answer((one, client, packet, key, entry), now)
        else:
            self._pace.wait((one, client, packet, key, entry), fresh=entry.fresh)

    def _answer(self, waiting: Waiting, now: float) -> None:
        one, client, packet, key, entry = waiting
        entry.answered = now
        # Encoded at the last moment: what changed while it waited is answered as it is.
        self._send(one, client, wire.reply(packet, wire.HEADER + len(key), entry.records, wire.UDP_LIMIT))

    def _tick(self, later: Callable[..., object]) -> None:
        now = time.monotonic()
        for waiting in self._pace.portion():
            self._answer(waiting, now)
        self._ticking = bool(len(self._pace))
        if self._ticking:
            later(TICK, self._tick, later)

    def _send(self, one: socket.socket, client: Client, answer: bytes) -> None:
        try:
            one.sendto(answer, client)
        except OSError:  # a full buffer, or nobody there: NGINX asks again
            self.dropped += 1
        else:
            self.answers += 1

    def _unlisted(self, packet: bytes, limit: int) -> bytes | None:
        """Return the answer for a name that the table does not have, or nothing when it gets none."""
        question = wire.parsed(packet)
        if question is None:
            return None
        records = wire.unlisted(question)
        if not self._table.told and records is not wire.REFUSED:
            return None
        return wire.reply(packet, question.end, records, limit)

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the questions of one TCP connection until it is silent or says something else."""
        self._connections += 1
        try:
            while self._connections <= _CONNECTIONS:
                async with asyncio.timeout(_IDLE):
                    size = await reader.readexactly(_SIZE.size)
                async with asyncio.timeout(_REST):
                    packet = await reader.readexactly(_SIZE.unpack(size)[0])
                    answer = self._answer_over_tcp(packet)
                    if answer is None:
                        return
                    writer.write(_SIZE.pack(len(answer)) + answer)
                    await writer.drain()
        except (OSError, EOFError):
            pass
        except asyncio.CancelledError:
            pass  # The process ends; raised on, asyncio of Python 3.11 would log it as an error.
        finally:
            self._connections -= 1
            writer.close()

    def _answer_over_tcp(self, packet: bytes) -> bytes | None:
        self.questions += 1
        key = wire.key_of(packet)
        entry = self._table.entries.get(key)
        if entry is None or not wire.is_query(packet):
            answer = self._unlisted(packet, wire.TCP_LIMIT)
        else:
            entry.asked = entry.answered = time.monotonic()
            answer = wire.reply(packet, wire.HEADER + len(key), entry.records, wire.TCP_LIMIT)
        if answer is None:
            self.dropped += 1
        else:
            self.answers += 1
        return answer
