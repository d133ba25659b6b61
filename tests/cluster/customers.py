"""Clients as the protocols' rules have them: what may be repeated without harm is, and nothing else.

A request is *lost* when its connection could not be had, ended before a whole answer, or brought another
status than 200.  What the other side has said not to have begun (an HTTP/2 stream above the last one of a
GOAWAY) is sent again and is not lost.  A WebSocket message is acknowledged by its echo; a connection that
ends between two messages, or before an echo, is made anew, and the message is sent again there.
"""

import asyncio
from contextlib import closing

import aiohttp
import h2.config
import h2.connection
import h2.events
from tests.front.clients import trusting

from painless.demo.ports import LOOPBACK

ANSWERED = 20.0  # Seconds for one answer, which takes milliseconds.
PAUSE = 0.005  # Seconds between two requests: well below how long NGINX keeps an idle client at its end.
_GOAWAY = 7
_HEADER = 9  # Bytes of an HTTP/2 frame's header.


class Customer:
    """Asks again and again until ``over``."""

    def __init__(self, port: int, host: str) -> None:
        self.port = port
        self.host = host
        self.answered = 0
        self.connections = 0
        self.lost: list[str] = []
        self.over = False

    async def run(self) -> None:
        while not self.over:
            self.connections += 1
            try:
                await self._visit()
            except (OSError, TimeoutError, aiohttp.ClientError, EOFError) as problem:
                self.lose(problem)

    def count(self, expected: str, said: str) -> None:
        """Count an answer."""
        if said == expected:
            self.answered += 1
        else:
            self.lose(said)

    def lose(self, what: object) -> None:
        self.lost.append(f"{type(self).__name__}, connection {self.connections}: {what!r}")

    async def _visit(self) -> None:
        """Ask on one connection, as long as it lasts."""
        raise NotImplementedError


class Http1(Customer):
    """Keeps its connection until it is told that this is the last answer."""

    async def _visit(self) -> None:
        reader, writer = await asyncio.open_connection(LOOPBACK, self.port)
        with closing(writer):
            last = False
            while not (self.over or last):
                writer.write(f"GET / HTTP/1.1\r\nHost: {self.host}\r\n\r\n".encode())
                async with asyncio.timeout(ANSWERED):
                    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                    length = int(head.split("content-length: ")[1].split("\r\n")[0])
                    await reader.readexactly(length)
                self.count("200", head.split()[1])
                last = "connection: close" in head
                await asyncio.sleep(PAUSE)


class Http2(Customer):
    """One stream after another on a connection, until the other side says that it goes."""

    async def _visit(self) -> None:
        reader, writer = await asyncio.open_connection(
            LOOPBACK, self.port, ssl=_context(), server_hostname=self.host
        )
        visit = _Visit(reader, writer, self.host)
        async with asyncio.TaskGroup() as group:
            listening = group.create_task(visit.listen())
            try:
                while not (self.over or visit.goes):
                    async with asyncio.timeout(ANSWERED):
                        if status := await visit.ask():
                            self.count("200", status)
                    await asyncio.sleep(PAUSE)
            except (OSError, TimeoutError) as problem:
                self.lose(problem)
            finally:
                writer.close()
                listening.cancel()


class _Visit:
    """One connection of HTTP/2.  GOAWAY is read here: h2 takes it for the end of all streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self.goes = False
        self._gone = False
        self._last = 1 << 31  # The last stream that the other side begins; all until it says otherwise.
        self._reader, self._writer, self._host = reader, writer, host
        self._http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._http.initiate_connection()
        self._status: dict[int, str] = {}
        self._ended: set[int] = set()
        self._news = asyncio.Event()

    async def ask(self) -> str:
        """Return the status of the next request; nothing when it was not begun and may be repeated."""
        stream = self._http.get_next_available_stream_id()
        fields = ((":method", "GET"), (":scheme", "https"), (":authority", self._host), (":path", "/"))
        self._http.send_headers(stream, fields, end_stream=True)
        self._writer.write(self._http.data_to_send())
        while stream not in self._ended:
            if stream > self._last:
                return ""
            if self._gone:
                raise ConnectionResetError(f"without an answer to stream {stream}, {self._last} is the last")
            self._news.clear()
            await self._news.wait()
        return self._status[stream]

    async def listen(self) -> None:
        """Take what comes, from the moment it comes."""
        try:
            while True:
                header = await self._reader.readexactly(_HEADER)
                self._take(header, await self._reader.readexactly(int.from_bytes(header[:3])))
                self._writer.write(self._http.data_to_send())
                self._news.set()
        except (OSError, EOFError):
            self.goes = self._gone = True
            self._news.set()

    def _take(self, header: bytes, body: bytes) -> None:
        if header[3] == _GOAWAY:
            self.goes, self._last = True, int.from_bytes(body[:4])
            return
        for event in self._http.receive_data(header + body):
            if isinstance(event, h2.events.ResponseReceived):
                # Already text, as header_encoding says; the types do not know.
                self._status[event.stream_id] = next(f"{text!s}" for _, text in event.headers)
            if isinstance(event, h2.events.DataReceived):
                self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if isinstance(event, h2.events.StreamEnded):
                self._ended.add(event.stream_id)


class Talker(Customer):
    """Sends numbered messages over a WebSocket; each must come back before the next is sent."""

    async def _visit(self) -> None:
        url = f"http://{LOOPBACK}:{self.port}/"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url, headers={"Host": self.host}) as socket,
        ):
            while not self.over:
                try:
                    await socket.send_str(str(self.answered))
                    said = await socket.receive(ANSWERED)
                except ConnectionResetError:
                    return
                if said.type is not aiohttp.WSMsgType.TEXT:
                    return
                self.count(str(self.answered), said.data)
                await asyncio.sleep(4 * PAUSE)


def _context():
    return trusting("h2")
