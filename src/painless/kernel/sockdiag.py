"""The TCP sockets of this network namespace, as the kernel tells them: one question for each address family.

``NETLINK_SOCK_DIAG`` needs no right at all, and says of a listening socket what no other source does: how
long its queue may be, and how many connections it dropped.  Where a sandbox refuses netlink, ``/proc/net``
tells less of the same, and the answer says so.  Whose a socket is, is told elsewhere: by a process's files.
"""

import socket
import struct
import sys
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from itertools import chain, compress
from typing import NamedTuple

from painless.kernel import proctcp
from painless.kernel.inetdiag import LENGTH, Refused, attribute, chunks, column, place
from painless.kernel.proctcp import short

ESTABLISHED = 1
TIME_WAIT = 6
CLOSE_WAIT = 8
LISTEN = 10
"""States of a socket, by the kernel's numbers; in ``CLOSE_WAIT`` the other side has said its last word."""

OPEN = (ESTABLISHED, CLOSE_WAIT)
"""In these a connection is still somebody's: those on their way out belong to no process."""

_INFO, _MEMORY = 2, 7  # INET_DIAG_INFO and INET_DIAG_SKMEMINFO
_FAMILIES = (socket.AF_INET, socket.AF_INET6)

# Addresses and ports are in the network's order, all else in ours.
_SOCKET = "=20x2s2s16s16s4xQ4xIIII"
_PLAIN = struct.Struct(_SOCKET)
_PORT, _INODE = 20, 84  # Where a message has the local port and the inode.
_DROPS = struct.Struct("=32xI")
# tcp_info: the times since data went either way, in ms; then bytes that were acknowledged and received.
_MOVED = "44xI4xI64xQQ"
_MOVED_END = 4 + struct.calcsize(f"={_MOVED}")

_IPV4 = 4  # Bytes.
_MAPPED = bytes(10) + b"\xff\xff"  # Before an IPv4 address that a socket of IPv6 speaks to.

Raw = tuple[bytes, bytes, bytes, bytes, int, int, int, int, int]
"""Local and remote port, local and remote address, cookie, receive and send queue, user, inode."""


Place = tuple[int, int]
"""The family of a socket that listens, and its port: who connects there gets a socket of the same family."""

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

    @property
    def place(self) -> Place:
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET, self.port


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
    for size, body in chunks(family, states):
        for port, remote_port, remote in _ends(size).iter_unpack(body):
            if port in ours:
                accepted += 1
            else:
                found[remote, remote_port] += 1
    for (remote, remote_port), count in found.items():
        held[short(family, remote), _number(remote_port)] += count
    return accepted


def accepted(places: Iterable[Place]) -> dict[int, set[int]]:
    """Return the inodes of the connections that were accepted at these places, by the local port.

    The cheapest question there is: the kernel leaves out all others, and a family in which nobody listens.
    """
    wanted = frozenset(places)
    found: dict[int, set[int]] = {port: set() for _, port in wanted}
    told = {int.from_bytes(port.to_bytes(2, "big"), sys.byteorder): found[port] for port in found}
    try:
        for family in {family for family, _ in wanted}:
            for chunk in chunks(family, OPEN, frozenset(found)):
                inodes = column(chunk, _INODE, "I")
                names = column(chunk, _PORT, "H")
                for name in told.keys() & set(names):
                    told[name].update(compress(inodes, map(name.__eq__, names)))
    except Refused:
        for one in proctcp.connections(OPEN):
            if one.port in found:
                found[one.port].add(one.inode)
    for some in found.values():
        # Those that wait to be accepted are nobody's yet.
        some.discard(0)
    return found


def remotes(inodes: Container[int], ours: Iterable[int]) -> dict[int, bytes]:
    """Return where these connections lead to, packed addresses by inode, but for those at ports of ours."""
    ports = frozenset(ours)
    accepted = frozenset(port.to_bytes(2, "big") for port in ports)
    try:
        return {
            inode: short(family, remote)
            for family in _FAMILIES
            for port, remote, inode in _remotes(family)
            if inode in inodes and port not in accepted
        }
    except Refused:
        some = proctcp.connections(OPEN)
        return {one.inode: one.remote for one in some if one.inode in inodes and one.port not in ports}


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
    for size, body in chunks(family, OPEN):
        brief = struct.Struct(f"=20x2s18x16s{LENGTH - 60}xI{size - LENGTH}x")
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
            for size, body in chunks(family, OPEN, wanted, _INFO):
                # What the kernel adds to sockets of one size is at one place.
                if (at := place(body[:size], _INFO)) and at + _MOVED_END <= size:
                    moved = struct.Struct(f"=76xI4xI{at - LENGTH}x2xH{_MOVED}{size - at - _MOVED_END}x")
                    found |= {
                        one[1]: Traffic(one[5], one[6], one[3] / 1000, one[4] / 1000, one[0])
                        for one in moved.iter_unpack(body)
                        if one[2] == _INFO
                    }
    return found


def refusal() -> str:
    """Return why netlink cannot be asked; nothing when it can."""
    try:
        for _ in chunks(socket.AF_INET, (LISTEN,)):
            pass
    except Refused as why:
        return str(why)
    return ""


def _listening(family: int) -> Iterator[Listening]:
    for message in _messages(family, (LISTEN,), None, _MEMORY):
        port, _, address, _, cookie, queue, limit, _, inode = _PLAIN.unpack_from(message)
        memory = attribute(message, _MEMORY)
        drops = _DROPS.unpack_from(memory)[0] if len(memory) >= _DROPS.size else None
        yield Listening(text(short(family, address)), _number(port), inode, cookie, queue, limit, drops)


def _sockets(family: int, states: Iterable[int]) -> Iterator[Raw]:
    for size, body in chunks(family, states):
        yield from _whole(size).iter_unpack(body)


def _messages(
    family: int, states: Iterable[int], ports: frozenset[int] | None, extension: int
) -> Iterator[bytes]:
    for size, body in chunks(family, states, ports, extension):
        yield from (body[at : at + size] for at in range(0, len(body), size))


def _whole(size: int) -> struct.Struct:
    return struct.Struct(f"{_SOCKET}{size - LENGTH}x")


def _ends(size: int) -> struct.Struct:
    """Return what unpacks the local port, the remote one, and the remote address alone."""
    return struct.Struct(f"=20x2s2s16x16s{size - 56}x")


def _number(port: bytes) -> int:
    return int.from_bytes(port, "big")


def packed(address: str) -> bytes:
    """Return an address that people wrote, packed."""
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def text(address: bytes) -> str:
    """Return a packed address as people write it."""
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)
