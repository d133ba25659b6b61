"""One exchange over HTTP/2, for the client: fields and a body go in, fields and a body come out."""

import asyncio

import h2.config
import h2.connection
import h2.events

Fields = tuple[tuple[str, str], ...]

_HOP_BY_HOP = frozenset({"connection", "host"})  # HTTP/2 says these in other ways.


async def exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fields: Fields, body: bytes
) -> tuple[Fields, str]:
    """Send a request as the first stream of a connection; ``fields`` begin with the pseudo header fields."""
    http = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    http.initiate_connection()
    sent = [(name.lower(), text) for name, text in fields if name.lower() not in _HOP_BY_HOP]
    http.send_headers(1, sent, end_stream=not body)
    if body:
        http.send_data(1, body, end_stream=True)
    writer.write(http.data_to_send())
    got: Fields = ()
    content = b""
    while more := await reader.read(65_536):
        for event in http.receive_data(more):
            if isinstance(event, h2.events.ResponseReceived):
                # Already text, as header_encoding says; the types do not know.
                got = tuple((f"{name!s}", f"{text!s}") for name, text in event.headers)
            if isinstance(event, h2.events.DataReceived):
                content += event.data
            if isinstance(event, h2.events.StreamEnded):
                return got, content.decode(errors="replace")
        writer.write(http.data_to_send())
    raise ConnectionResetError("the connection ended before the answer did")
