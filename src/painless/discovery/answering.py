"""From a question on a socket to its answer on the wire: over UDP in ticks, over TCP at once.

What is no question gets no answer and is counted: an answer to garbage would only be more garbage.

The first question wakes us.  From then on the sockets are looked at once a tick until one finds them empty:
under load that is a hundred questions for each look, and NGINX gets its answers as many at a time.
"""

import asyncio
import select
import socket
import struct
import time

from painless.discovery import wire
from painless.discovery.pace import TICK, Pace
from painless.discovery.table import NEVER, Entry, Table

_AT_ONCE = 128  # packets read from one socket before the others get their turn
_PACKET = 512  # bytes: no question is longer, and what the kernel cuts off would not be read anyway
_IDLE = 60.0  # seconds a TCP connection may be silent: NGINX keeps its own open and opens it again
_REST = 10.0  # seconds for the rest of a message over TCP, and for taking an answer
_CONNECTIONS = 256  # at a time; NGINX has one for each address and generation
_SIZE = struct.Struct("!H")

Client = tuple[str, int]
Waiting = tuple[socket.socket, Client, bytes, Entry]


class Answering:
    """Answers questions from a table and counts them."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._pace: Pace[Waiting] = Pace()
        self._sockets: dict[int, socket.socket] = {}
        # One descriptor that is readable when any of the sockets is.
        self._any = select.epoll()
        self._apart: socket.socket | None = None
        self._connections = 0
        self.questions = self.answers = self.dropped = 0

    def attach(self, udp: tuple[socket.socket, ...], apart: socket.socket | None = None) -> None:
        """Answer what comes in on these sockets from the running loop; ``apart`` is one of them."""
        self._apart = apart
        for one in udp:
            self._sockets[one.fileno()] = one
            self._any.register(one, select.EPOLLIN)
        self._sleep(asyncio.get_running_loop())

    def _sleep(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._any, self._wake, loop)

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._any)
        self._tick(loop)

    def _tick(self, loop: asyncio.AbstractEventLoop) -> None:
        found = self._any.poll(0)
        try:
            self._work([self._sockets[number] for number, _ in found])
        finally:
            # Whatever went wrong with one packet, the next one is heard.
            if found or len(self._pace):
                loop.call_later(TICK, self._tick, loop)
            else:
                self._sleep(loop)

    def _work(self, readable: list[socket.socket]) -> None:
        now = time.monotonic()
        for one in readable:
            self._drain(one, now)
        for one, client, ident, entry in self._pace.portion(now):
            entry.answered = now
            # Looked up at the last moment: what changed while it waited is answered as it is.
            self._send(one, client, ident + entry.plain)

    def _drain(self, one: socket.socket, now: float) -> None:
        # What is called for each question has a short name: this is where the responder's time goes.
        receive, find = one.recvfrom, self._table.entries.get
        fresh, known = self._pace.fresh.append, self._pace.known.append
        for _ in range(_AT_ONCE):
            try:
                packet, client = receive(_PACKET)
            except BlockingIOError:
                return
            except OSError:  # an earlier answer found nobody
                self.dropped += 1
                continue
            self.questions += 1
            entry = find(packet[wire.HEADER :])
            if entry is None or packet[wire.AFTER_ID : wire.HEADER] != wire.PLAIN:
                self._answer_unusual(one, client, packet, now)
                continue
            entry.asked = now
            if one is self._apart:
                entry.apart = (entry.apart[1], now)
            (fresh if entry.answered == NEVER else known)((one, client, packet[: wire.AFTER_ID], entry))

    def _answer_unusual(self, one: socket.socket, client: Client, packet: bytes, now: float) -> None:
        """Answer what is not asked as NGINX does, or for what is not in the table: at once, it is seldom."""
        answer = self._answer(packet, now, wire.UDP_LIMIT)
        if answer is not None:
            self._send(one, client, answer)

    def _send(self, one: socket.socket, client: Client, answer: bytes) -> None:
        try:
            one.sendto(answer, client)
        except OSError:  # a full buffer, or nobody there: NGINX asks again
            self.dropped += 1
        else:
            self.answers += 1

    def _answer(self, packet: bytes, now: float, limit: int) -> bytes | None:
        """Return the answer to any packet, or nothing when it gets none."""
        key = wire.key_of(packet)
        entry = self._table.entries.get(key)
        if entry is not None and wire.is_query(packet):
            entry.asked = entry.answered = now
            return wire.reply(packet, wire.HEADER + len(key), entry.records, limit)
        answer = self._unlisted(packet, limit)
        self.dropped += answer is None
        return answer

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
                    self.questions += 1
                    answer = self._answer(packet, time.monotonic(), wire.TCP_LIMIT)
                    if answer is None:
                        return
                    self.answers += 1
                    writer.write(_SIZE.pack(len(answer)) + answer)
                    await writer.drain()
        except (OSError, EOFError):
            pass
        except asyncio.CancelledError:
            pass  # The process ends; raised on, asyncio of Python 3.11 would log it as an error.
        finally:
            self._connections -= 1
            writer.close()
