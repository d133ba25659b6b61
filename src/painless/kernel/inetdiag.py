"""How ``NETLINK_SOCK_DIAG`` is asked for TCP sockets, and what its answers look like, byte by byte.

What is asked for, and what it means, is ``sockdiag``'s.  Answers come as chunks of messages of one size, as
nearly all are, so that ten thousand are unpacked by one call.
"""

import os
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Literal

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_SOCK_DIAG = 4
_BY_FAMILY = 20
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3
_BYTECODE = 1
_JUMP, _AT_LEAST, _AT_MOST = 1, 2, 3  # INET_DIAG_BC_JMP, S_GE and S_LE: conditions on the local port.
_TEST = 20  # Bytes of the program for one port.
_CONDITIONS = 16  # Ports to ask for; the kernel tries them one by one for each socket there is.

_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI48x")
_ATTRIBUTE = struct.Struct("=HH")
_KIND = struct.Struct("=IH")
_CODE = struct.Struct("=16xi")

LENGTH = 88
"""Bytes of a message that tells of a socket, its own header included, before what was asked for besides."""

_BUFFER = 1 << 16  # The kernel fills at most 32 KiB at once.
_WAIT = 5.0  # Seconds; the kernel answers at once, and nobody may wait for ever.


class Refused(Exception):
    """The kernel does not answer here; the message names what is missing."""


Chunk = tuple[int, bytes]
"""The size of each message, and the messages."""


def chunks(
    family: int, states: Iterable[int], ports: frozenset[int] | None = None, extension: int = 0
) -> Iterator[Chunk]:
    """Ask for the sockets in these states; raises ``Refused``.

    The kernel leaves out those at other local ports than ``ports``, if these are few: who asks for many has
    to do so as well.
    """
    asked = _REQUEST.pack(
        family, socket.IPPROTO_TCP, 1 << extension >> 1, sum(1 << one for one in states)
    ) + (_only(ports) if ports is not None and len(ports) <= _CONDITIONS else b"")
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
            kernel.settimeout(_WAIT)
            kernel.sendto(_HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _DUMP, 1, 0) + asked, (0, 0))
            more = True
            while more:
                some, more = _read(kernel.recv(_BUFFER))
                yield from some
    except OSError as why:
        raise Refused(f"NETLINK_SOCK_DIAG: {why.strerror or why}") from why


def column(chunk: Chunk, at: int, kind: Literal["H", "I"]) -> list[int]:
    """Return one number of each message, at this place: of two bytes (``H``) or of four."""
    size, body = chunk
    width = struct.calcsize(kind)
    return memoryview(body).cast(kind)[at // width :: size // width].tolist()


def attribute(message: bytes, wanted: int) -> bytes:
    """Return the content of an attribute; nothing when the kernel has not sent it."""
    at = place(message, wanted)
    size, _ = _ATTRIBUTE.unpack_from(message, at) if at else (0, 0)
    return message[at + _ATTRIBUTE.size : at + size]


def place(message: bytes, wanted: int) -> int:
    """Return where an attribute begins; 0 when the kernel has not sent it."""
    at = LENGTH
    while at + _ATTRIBUTE.size <= len(message):
        size, kind = _ATTRIBUTE.unpack_from(message, at)
        if kind == wanted:
            return at
        at += max((size + 3) & ~3, _ATTRIBUTE.size)
    return 0


def _read(buffer: bytes) -> tuple[list[Chunk], bool]:
    """Return the messages of a buffer, and whether more of them follow."""
    size, kind = _KIND.unpack_from(buffer)
    if kind == _BY_FAMILY:
        end = len(buffer) - len(buffer) % size
        # The last buffer ends with a short message that says so.
        last = end < len(buffer) and _KIND.unpack_from(buffer, end)[1] == _DONE
        if (last or end == len(buffer)) and _alike((size, buffer[:end])):
            return [(size, buffer[:end])], not last
    return _walk(buffer)


def _walk(buffer: bytes) -> tuple[list[Chunk], bool]:
    found: list[Chunk] = []
    at = 0
    while at < len(buffer):
        size, kind = _KIND.unpack_from(buffer, at)
        if kind == _DONE:
            return found, False
        if kind == _ERROR:
            number = -_CODE.unpack_from(buffer, at)[0]
            raise OSError(number, os.strerror(number))
        found.append((size, buffer[at : at + size]))
        at += (size + 3) & ~3
    return found, True


def _alike(chunk: Chunk) -> bool:
    size, _ = chunk
    return size % 4 == 0 and {size} == {*column(chunk, 0, "I")} and {_BY_FAMILY} == {*column(chunk, 4, "H")}


def _only(ports: Iterable[int]) -> bytes:
    """Return the program that has the kernel leave out sockets with other local ports."""
    # Of each port: at least it, at most it, and if both hold, to the end.  An operation is its code, how far
    # to go on when it holds, and when it does not; past the end the socket is left out.
    tests = sorted(ports)
    program = b""
    for after, port in enumerate(reversed(tests)):
        rest = after * _TEST
        program = (
            struct.pack("=BBHHH", _AT_LEAST, 8, 20 if after else 24, 0, port)
            + struct.pack("=BBHHH", _AT_MOST, 8, 12 if after else 16, 0, port)
            + struct.pack("=BBH", _JUMP, 4, 4 + rest)
            + program
        )
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(program), _BYTECODE) + program
