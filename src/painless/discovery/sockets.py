"""The responder's addresses: one port on seventeen loopback addresses, UDP and TCP, the same after a restart.

NGINX takes turns between the addresses of its ``resolver``, with a socket for each, so that the burst of
questions and answers at a reload is spread over sixteen buffers on either side.
"""

import contextlib
import errno
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ADDRESSES = tuple(f"127.0.0.{number}" for number in range(1, 17))
APART = "127.0.0.17"
"""Where only an NGINX asks that starts beside another one: the other asks for the same names elsewhere."""

_RECEIVE = 4 << 20  # bytes each: 5,000 questions; the kernel gives less without CAP_NET_ADMIN
_SO_RCVBUFFORCE = 33  # not in the socket module; like SO_RCVBUF but beyond net.core.rmem_max
_BACKLOG = 64  # NGINX has one TCP connection to each address
_TRIES = 20  # ports, at the first start, until one is free on all addresses for both protocols
_PATIENCE = 5.0  # seconds for the known port: an outgoing connection that borrowed it goes away
_POLL = 0.1


class Sockets(Struct, frozen=True):
    """All sockets of one port, bound and non-blocking."""

    port: int
    udp: tuple[socket.socket, ...]
    tcp: tuple[socket.socket, ...]

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(f"{address}:{self.port}" for address in ADDRESSES)

    @property
    def apart(self) -> str:
        return f"{APART}:{self.port}"


def bound(kept: Path) -> Sockets:
    """Bind the port that the file ``kept`` names, or at the first start any, which it names from then on.

    Raises ``OSError`` when the port is somebody else's: another one would be of no use, since the running
    NGINX asks this one.
    """
    port = read_port(kept)
    if port is None:
        found = _any_port()
        beside = kept.with_suffix(".new")
        beside.write_text(f"{found.port}\n")
        beside.replace(kept)
        return found
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return _bind(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
            time.sleep(_POLL)


def read_port(kept: Path) -> int | None:
    """Return the port that was chosen, or nothing when none was (or the file is not ours)."""
    try:
        text = kept.read_text().strip()
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text) < 1 << 16 else None


def is_lock(path: Path, file: int) -> bool:
    """Return whether the lock is still the one that others would find at ``path``."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _any_port() -> Sockets:
    for attempt in range(_TRIES):
        try:
            return _bind(0)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or attempt == _TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")


def _bind(port: int) -> Sockets:
    with contextlib.ExitStack() as undo:
        udp: list[socket.socket] = []
        tcp: list[socket.socket] = []
        for address, kind, into in _wanted(udp, tcp):
            one = undo.enter_context(socket.socket(socket.AF_INET, kind))
            one.settimeout(0)
            if kind == socket.SOCK_STREAM:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            else:
                _enlarge(one)
            one.bind((address, port))
            port = one.getsockname()[1]
            if kind == socket.SOCK_STREAM:
                one.listen(_BACKLOG)
            into.append(one)
        undo.pop_all()
        return Sockets(port, tuple(udp), tuple(tcp))


def _wanted(
    udp: list[socket.socket], tcp: list[socket.socket]
) -> Iterator[tuple[str, socket.SocketKind, list[socket.socket]]]:
    for address in (*ADDRESSES, APART):
        yield address, socket.SOCK_DGRAM, udp
        yield address, socket.SOCK_STREAM, tcp


def _enlarge(one: socket.socket) -> None:
    try:
        one.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE)
    except PermissionError:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE)


def lock(path: Path) -> int | None:
    """Take the lock that makes us the only responder of a directory; return its file, or nothing.

    The kernel drops it when we end, however that happens.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    os.ftruncate(file, 0)
    os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
    return file
