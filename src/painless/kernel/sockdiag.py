"""The TCP sockets of this network namespace, as the kernel tells them: one question for each address family.

``NETLINK_SOCK_DIAG`` needs no right at all, and says of a listening socket what no other source does: how
long its queue may be, and how many connections it dropped.  Where a sandbox refuses netlink, ``/proc/net``
tells less of the same, and the answer says so.  Whose a socket is, is told elsewhere: by a process's files.
"""

import os
import socket
import struct
import sys
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from itertools import chain
from typing import NamedTuple

from painless.kernel import proctcp
from painless.kernel.proctcp import short

ESTABLISHED = 1
TIME_WAIT = 6
CLOSE_WAIT = 8
LISTEN = 10
"""States of a socket, by the kernel's numbers; in ``CLOSE_WAIT`` the other side has said its last word."""

OPEN = (ESTABLISHED, CLOSE_WAIT)
"""In these a connection is still somebody's: those on their way out belong to no process."""

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h
_SOCK_DIAG = 4
_BY_FAMILY = 20
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_ERROR, _DONE = 2, 3
_BYTECODE = 1
_JUMP, _AT_LEAST, _AT_MOST = 1, 2, 3  # INET_DIAG_BC_JMP, S_GE and S_LE: conditions on the local port.
_TEST = 20  # Bytes of the program for one port.
_CONDITIONS = 16  # Ports to ask for; the kernel tries them one by one for each socket there is.
_INFO, _MEMORY = 2, 7
_FAMILIES = (socket.AF_INET, socket.AF_INET6)

_HEADER = struct.Struct("=IHHII")
_REQUEST = struct.Struct("=BBBxI48x")
_ATTRIBUTE = struct.Struct("=HH")
# Addresses and ports are in the network's order, all else in ours; 88 bytes with the message's own header.
_SOCKET = "=20x2s2s16s16s4xQ4xIIII"
_PLAIN = struct.Struct(_SOCKET)
_KIND = struct.Struct("=IH")
_CODE = struct.Struct("=16xi")
_DROPS = struct.Struct("=32xI")
# tcp_info: the times since data went either way, in ms; then bytes that were acknowledged and received.
_MOVED = "44xI4xI64xQQ"
_MOVED_END = _ATTRIBUTE.size + struct.calcsize(f"={_MOVED}")

_IPV4 = 4  # Bytes.
_MAPPED = bytes(10) + b"\xff\xff"  # Before an IPv4 address that a socket of IPv6 speaks to.

_BUFFER = 1 << 16  # The kernel fills at most 32 KiB at once.
_WAIT = 5.0  # Seconds; the kernel answers at once, and nobody may wait for ever.

Raw = tuple[bytes, bytes, bytes, bytes, int, int, int, int, int]
"""Local and remote port, local and remote address, cookie, receive and send queue, user, inode."""


Destination = tuple[bytes, int]
"""A remote address, packed, and its port."""


class Listening(NamedTuple):
    """A socket that listens; ``None`` where only ``/proc/net`` could be read."""

    address: str
    port: int
    inode: int
    cookie: int | None
    queue: int
    """Connections that wait to be accepted."""
    limit: int | None
    drops: int | None


class Open(NamedTuple):
    """A connection; addresses are packed, IPv4 in four bytes whatever family the socket has."""

    port: int
    remote: bytes
    remote_port: int
    inode: int


class Traffic(NamedTuple):
    """What went through a connection: bytes, and seconds since the last of them."""

    sent: int
    received: int
    since_sent: float
    since_received: float
    unsent: int
    """Bytes that the other side has not acknowledged yet."""


class Refused(Exception):
    """The kernel does not answer here; the message names what is missing."""


def listening() -> tuple[Listening, ...]:
    """Return all sockets that listen; ``limit`` and ``drops`` are ``None`` where netlink is refused."""
    try:
        return tuple(chain.from_iterable(map(_listening, _FAMILIES)))
    except Refused:
        return tuple(
            Listening(text(one.address), one.port, one.inode, None, one.queue, None, None)
            for one in proctcp.connections({LISTEN})
        )


def connections() -> list[Open]:
    """Return all open connections: 1 ms for each 1,000, most of it the kernel's."""
    try:
        return [
            Open(_number(port), short(family, remote), _number(remote_port), inode)
            for family in _FAMILIES
            for port, remote_port, _, remote, *_, inode in _sockets(family, OPEN)
        ]
    except Refused:
        return [Open(one.port, one.remote, one.remote_port, one.inode) for one in proctcp.connections(OPEN)]


def destinations(ours: Iterable[int]) -> tuple[int, Counter[Destination]]:
    """Return how many connections are open at the local ports ``ours``, and the local ports held by others.

    Those are counted by what they are connected to; one that we have closed holds its port for a minute more.
    """
    held = Counter[Destination]()
    try:
        wanted = frozenset(port.to_bytes(2, "big") for port in ours)
        clients = sum(_held(family, OPEN, wanted, held) for family in _FAMILIES)
        for family in _FAMILIES:
            _held(family, (TIME_WAIT,), wanted, held)
    except Refused:
        some = list(proctcp.connections((*OPEN, TIME_WAIT)))
        ports = frozenset(ours)
        # Those in TIME_WAIT are nobody's any more.
        clients = sum(one.port in ports and one.inode != 0 for one in some)
        held.update((one.remote, one.remote_port) for one in some if one.port not in ports)
    return clients, held


def _held(family: int, states: Iterable[int], ours: Container[bytes], held: Counter[Destination]) -> int:
    """Count those at other ports by destination; return how many are at ours."""
    found = Counter[tuple[bytes, bytes]]()
    accepted = 0
    for size, body in _chunks(family, states):
        for port, remote_port, remote in _ends(size).iter_unpack(body):
            if port in ours:
                accepted += 1
            else:
                found[remote, remote_port] += 1
    for (remote, remote_port), count in found.items():
        held[short(family, remote), _number(remote_port)] += count
    return accepted


def accepted(ports: Iterable[int]) -> dict[int, int]:
    """Return the local port of each accepted connection to one of these, by inode.

    The cheapest question there is: the kernel leaves out all others.
    """
    wanted = frozenset(ports)
    found: dict[int, int] = {}
    try:
        for family in _FAMILIES:
            for size, body in _chunks(family, OPEN, wanted):
                found |= {inode: port for port, inode in _brief(size).iter_unpack(body)}
    except Refused:
        return {one.inode: one.port for one in proctcp.connections(OPEN) if one.port in wanted and one.inode}
    # Those that wait to be accepted are nobody's yet.
    found.pop(0, None)
    numbers = {_swapped(port): port for port in wanted}
    return {inode: numbers[port] for inode, port in found.items() if port in numbers}


def remotes(inodes: Container[int]) -> dict[int, bytes]:
    """Return where these connections lead to, packed addresses by inode."""
    try:
        return {
            inode: short(family, remote)
            for family in _FAMILIES
            for _, remote, inode in _remotes(family)
            if inode in inodes
        }
    except Refused:
        return {one.inode: one.remote for one in proctcp.connections(OPEN) if one.inode in inodes}


def towards(addresses: Iterable[str], ours: Iterable[int]) -> dict[int, str]:
    """Return where the connections lead to that go to these addresses, by inode.

    Those at the local ports ``ours`` were accepted: their other ends are clients, wherever these are.
    """
    wanted = {packed(one): one for one in addresses}
    ports = frozenset(ours)
    accepted = frozenset(port.to_bytes(2, "big") for port in ports)
    found: dict[int, str] = {}
    try:
        for family in _FAMILIES:
            # Compared as the kernel tells them, since most connections lead elsewhere.
            told = {_told(family, one): name for one, name in wanted.items()}
            found |= {
                inode: told[remote]
                for port, remote, inode in _remotes(family)
                if remote in told and port not in accepted
            }
    except Refused:
        some = proctcp.connections(OPEN)
        lead = (one for one in some if one.remote in wanted and one.port not in ports)
        found = {one.inode: wanted[one.remote] for one in lead}
    # Of nobody any more.
    found.pop(0, None)
    return found


def _remotes(family: int) -> Iterator[tuple[bytes, bytes, int]]:
    """Yield local port and remote address of each connection, as the kernel tells them, and its inode."""
    for size, body in _chunks(family, OPEN):
        brief = struct.Struct(f"=20x2s18x16s{_PLAIN.size - 60}xI{size - _PLAIN.size}x")
        yield from brief.iter_unpack(body)


def _told(family: int, address: bytes) -> bytes:
    """Return an address as the kernel tells it of a socket of this family."""
    if len(address) > _IPV4:
        return address
    return address + bytes(12) if family == socket.AF_INET else _MAPPED + address


def traffic(ports: Iterable[int]) -> dict[int, Traffic]:
    """Return what went through the open connections of these local ports, by inode; nothing where refused."""
    wanted = frozenset(ports)
    found: dict[int, Traffic] = {}
    with suppress(Refused):
        for family in _FAMILIES:
            for size, body in _chunks(family, OPEN, wanted, _INFO):
                # What the kernel adds to sockets of one size is at one place.
                if (at := _place(body[:size], _INFO)) and at + _MOVED_END <= size:
                    moved = struct.Struct(f"=76xI4xI{at - _PLAIN.size}x2xH{_MOVED}{size - at - _MOVED_END}x")
                    found |= {
                        one[1]: Traffic(one[5], one[6], one[3] / 1000, one[4] / 1000, one[0])
                        for one in moved.iter_unpack(body)
                        if one[2] == _INFO
                    }
    return found


def refusal() -> str:
    """Return why netlink cannot be asked; nothing when it can."""
    try:
        for _ in _chunks(socket.AF_INET, (LISTEN,)):
            pass
    except Refused as why:
        return str(why)
    return ""


def _listening(family: int) -> Iterator[Listening]:
    for message in _messages(family, (LISTEN,), None, _MEMORY):
        port, _, address, _, cookie, queue, limit, _, inode = _PLAIN.unpack_from(message)
        memory = _attribute(message, _MEMORY)
        drops = _DROPS.unpack_from(memory)[0] if len(memory) >= _DROPS.size else None
        yield Listening(text(short(family, address)), _number(port), inode, cookie, queue, limit, drops)


def _sockets(family: int, states: Iterable[int]) -> Iterator[Raw]:
    for size, body in _chunks(family, states):
        yield from _whole(size).iter_unpack(body)


def _messages(
    family: int, states: Iterable[int], ports: frozenset[int] | None, extension: int
) -> Iterator[bytes]:
    for size, body in _chunks(family, states, ports, extension):
        yield from (body[at : at + size] for at in range(0, len(body), size))


def _chunks(
    family: int, states: Iterable[int], ports: frozenset[int] | None = None, extension: int = 0
) -> Iterator[tuple[int, bytes]]:
    """Ask, and return messages of one size together, as nearly all are: they are unpacked at once."""
    asked = _REQUEST.pack(
        family, socket.IPPROTO_TCP, 1 << extension >> 1, sum(1 << one for one in states)
    ) + (_only(ports) if ports is not None and len(ports) <= _CONDITIONS else b"")
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _SOCK_DIAG) as kernel:
            kernel.settimeout(_WAIT)
            kernel.sendto(_HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _DUMP, 1, 0) + asked, (0, 0))
            more = True
            while more:
                chunks, more = _read(kernel.recv(_BUFFER))
                yield from chunks
    except OSError as why:
        raise Refused(f"NETLINK_SOCK_DIAG: {why.strerror or why}") from why


def _read(buffer: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """Return the messages of a buffer, and whether more of them follow."""
    size, kind = _KIND.unpack_from(buffer)
    if kind == _BY_FAMILY:
        end = len(buffer) - len(buffer) % size
        # The last buffer ends with a short message that says so.
        last = end < len(buffer) and _KIND.unpack_from(buffer, end)[1] == _DONE
        if (last or end == len(buffer)) and _alike(size, buffer[:end]):
            return [(size, buffer[:end])], not last
    return _walk(buffer)


def _walk(buffer: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    chunks: list[tuple[int, bytes]] = []
    at = 0
    while at < len(buffer):
        size, kind = _KIND.unpack_from(buffer, at)
        if kind == _DONE:
            return chunks, False
        if kind == _ERROR:
            number = -_CODE.unpack_from(buffer, at)[0]
            raise OSError(number, os.strerror(number))
        chunks.append((size, buffer[at : at + size]))
        at += (size + 3) & ~3
    return chunks, True


def _alike(size: int, body: bytes) -> bool:
    return all(one == (size, _BY_FAMILY) for one in struct.Struct(f"=IH{size - 6}x").iter_unpack(body))


def _whole(size: int) -> struct.Struct:
    return struct.Struct(f"{_SOCKET}{size - _PLAIN.size}x")


def _brief(size: int) -> struct.Struct:
    """Return the form of a message of which only local port and inode count; the port as it is sent."""
    return struct.Struct(f"=20xH{_PLAIN.size - 26}xI{size - _PLAIN.size}x")


def _ends(size: int) -> struct.Struct:
    """Return what unpacks the local port, the remote one, and the remote address alone."""
    return struct.Struct(f"=20x2s2s16x16s{size - 56}x")


def _swapped(port: int) -> int:
    return int.from_bytes(port.to_bytes(2, "big"), sys.byteorder)


def _attribute(message: bytes, wanted: int) -> bytes:
    """Return the content of an attribute; nothing when the kernel has not sent it."""
    at = _place(message, wanted)
    size, _ = _ATTRIBUTE.unpack_from(message, at) if at else (0, 0)
    return message[at + _ATTRIBUTE.size : at + size]


def _place(message: bytes, wanted: int) -> int:
    """Return where an attribute begins; 0 when the kernel has not sent it."""
    at = _PLAIN.size
    while at + _ATTRIBUTE.size <= len(message):
        size, kind = _ATTRIBUTE.unpack_from(message, at)
        if kind == wanted:
            return at
        at += max((size + 3) & ~3, _ATTRIBUTE.size)
    return 0


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


def _number(port: bytes) -> int:
    return int.from_bytes(port, "big")


def packed(address: str) -> bytes:
    """Return an address that people wrote, packed."""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def text(address: bytes) -> str:
    """Return a packed address as people write it."""
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)
