"""What the controller and the responder say to each other, and how a message is framed on the socket.

A frame is a length of four bytes and a msgpack value.  Each request gets one reply, in order.  The
responder is on the other side of a unix socket of mode 0600, so both sides are trusted; what they must
bear is a partner that vanishes in the middle of a frame.
"""

import asyncio
import struct
from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import Struct

from painless.discovery.answers import Answer, Peer

SOCKET = "control"
"""The socket's name within the responder's directory."""

_LENGTH = struct.Struct("!I")
_MAX_FRAME = 256 << 20  # 5,000 upstreams of 5 peers are 2 MB; beyond this the length is not one of ours
_REST = 10.0  # seconds for the rest of a frame whose length has come: it was written in one go


class Replace(Struct, frozen=True, tag=True):
    """Serve these answers and no others."""

    answers: tuple[Answer, ...]


class Put(Struct, frozen=True, tag=True):
    """Serve these answers too, each in place of one of the same name."""

    answers: tuple[Answer, ...]


class Remove(Struct, frozen=True, tag=True):
    """Forget these upstreams."""

    upstreams: tuple[str, ...]


class Unanswered(Struct, frozen=True, tag=True):
    """Say which of these upstreams were not both asked for and answered since then (monotonic seconds)."""

    upstreams: tuple[str, ...]
    since: float


class Untaken(Struct, frozen=True, tag=True):
    """Say of which of these upstreams an NGINX that starts beside another one has no peers since then."""

    upstreams: tuple[str, ...]
    since: float


class Ask(Struct, frozen=True, tag=True):
    """Say what these upstreams stand for now."""

    upstreams: tuple[str, ...]


class Describe(Struct, frozen=True, tag=True):
    """Say who you are and what you have done."""


class Stop(Struct, frozen=True, tag=True):
    """End."""


Request = Replace | Put | Remove | Unanswered | Untaken | Ask | Describe | Stop


class Done(Struct, frozen=True, tag=True):
    """It is so, and kept on disk."""


class Names(Struct, frozen=True, tag=True):
    """Upstreams that were asked about."""

    upstreams: tuple[str, ...]


class Stands(Struct, frozen=True, tag=True):
    """What each upstream stands for; where only addresses are known the port is 0."""

    peers: dict[str, tuple[Peer, ...]]


class Failed(Struct, frozen=True, tag=True):
    """The request was wrong, for this reason; nothing was changed."""

    says: str


class Statistics(Struct, frozen=True, tag=True):
    """Who the responder is and what it has done; ``since`` is when it started, in seconds since 1970.

    ``options`` are its arguments and ``version`` its release, so that a controller can tell whether it
    would have started the same.  ``apart`` is the address of its own for an NGINX that starts beside another
    one.  ``dropped`` counts packets that were no questions and answers that
    could not be sent; ``outside`` are names resolved elsewhere, ``failing`` those without success;
    ``saved`` is false while the disk does not take what is served.
    """

    pid: int
    version: str
    options: tuple[str, ...]
    addresses: tuple[str, ...]
    apart: str
    since: float
    questions: int
    answers: int
    dropped: int
    upstreams: int
    outside: int
    failing: tuple[str, ...]
    saved: bool


Reply = Done | Names | Stands | Failed | Statistics

_encoder = msgspec.msgpack.Encoder()
T = TypeVar("T")
_requests: "msgspec.msgpack.Decoder[Request]" = msgspec.msgpack.Decoder(Request)
_replies: "msgspec.msgpack.Decoder[Reply]" = msgspec.msgpack.Decoder(Reply)


def options(nameservers: Iterable[str], *, allow_loopback: bool) -> tuple[str, ...]:
    """Return the arguments by which two responders may differ, as one is started with and as it says."""
    return (
        *(f"--nameserver={one}" for one in nameservers),
        *(["--allow-loopback"] if allow_loopback else []),
    )


class Malformed(Exception):
    """A frame does not hold what was expected; the connection is of no more use."""


async def read_request(reader: asyncio.StreamReader) -> Request:
    """Return the next request, however long it takes; raise ``EOFError`` when the partner has gone."""
    return _decoded(_requests, await _frame(reader))


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """Return the next reply; the caller sets the time-out."""
    return _decoded(_replies, await _frame(reader))


def frame(message: Request | Reply) -> bytes:
    """Return ``message`` as it goes over the socket."""
    payload = _encoder.encode(message)
    return _LENGTH.pack(len(payload)) + payload


def _decoded(decoder: "msgspec.msgpack.Decoder[T]", payload: bytes) -> T:
    try:
        return decoder.decode(payload)
    except msgspec.MsgspecError as error:
        raise Malformed(str(error)) from error


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (size,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if size > _MAX_FRAME:
        raise Malformed(f"a frame of {size} bytes; expected at most {_MAX_FRAME}")
    async with asyncio.timeout(_REST):
        return await reader.readexactly(size)
