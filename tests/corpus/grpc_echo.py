"""A pod that speaks gRPC and nothing else: HTTP/2 without an upgrade, and a status in the trailer.

The message is what the pod was asked, as text, so that cases read it like any other pod's answer.
"""

import asyncio
import ssl
from types import TracebackType
from typing import Self

import h2.config
import h2.connection
import h2.events

from painless.demo.echo import Tls

_OK = (("grpc-status", "0"),)


class GrpcEcho:
    """A pod of that name at an address and port for as long as it is entered."""

    def __init__(self, name: str, address: str, port: int, tls: Tls | None = None) -> None:
        self.name = name
        self._place = (address, port)
        self._tls = tls
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        address, port = self._place
        context = _context(self._tls)
        self._server = await loop.create_server(lambda: _Connection(self.name), address, port, ssl=context)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None, "it was entered"
        self._server.close()


class _Connection(asyncio.Protocol):
    def __init__(self, name: str) -> None:
        self._name = name
        self._http = h2.connection.H2Connection(
            h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        )
        self._transport: asyncio.Transport | None = None
        self._asked: dict[int, str] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a stream"
        self._transport = transport
        self._http.initiate_connection()
        transport.write(self._http.data_to_send())

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None, "it is connected"
        for event in self._http.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                self._asked[event.stream_id] = _text(event)
            if isinstance(event, h2.events.StreamEnded):
                self._answer(event.stream_id)
        self._transport.write(self._http.data_to_send())

    def _answer(self, stream: int) -> None:
        message = f"{self._name}\n{self._asked.pop(stream)}\n".encode()
        frame = b"\0" + len(message).to_bytes(4, "big") + message
        headers = ((":status", "200"), ("content-type", "application/grpc"), ("x-pod", self._name))
        self._http.send_headers(stream, headers)
        self._http.send_data(stream, frame)
        self._http.send_headers(stream, _OK, end_stream=True)


def _text(event: h2.events.RequestReceived) -> str:
    # Already text, as header_encoding says; the types do not know.
    return "\n".join(f"{name!s}: {value!s}" for name, value in event.headers)


def _context(tls: Tls | None) -> ssl.SSLContext | None:
    if tls is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tls.certificate, tls.key)
    if tls.clients is not None:
        context.load_verify_locations(tls.clients)
        context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    return context
