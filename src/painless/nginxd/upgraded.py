"""NGINX's upgraded connections to pods, WebSockets for the most: sees them, and closes single ones.

The kernel does not know what is said on a connection.  But NGINX has a connection to an application send
small packets at once (TCP_NODELAY) only when it was upgraded, with the exceptions that
``features.parsed`` knows, and it never uses such a one again: so the mark tells, and lasts.  To read it,
and to close, NGINX's socket is shared with us for a moment, which needs the right to trace its workers.

To close is to end what comes from the pod: NGINX passes on what it has and closes both sides, as if the
pod had.  Meant for a thread.
"""

import os
import socket
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress

from msgspec import Struct

from painless.kernel import pidfd, sockdiag
from painless.nginxd import procfs
from painless.nginxd.allowance import Allowance
from painless.plan.closing import Sighting, Upgraded

SHARE = 0.004
"""Of a core for looking; at 10,000 connections it is done every few seconds."""
ASKED = 2_000
"""Connections of a worker that are asked for their mark at one look, 10 µs each: the rest at the next."""
MISSING = (
    "NGINX's sockets cannot be shared (pidfd_getfd: {}), which takes the user of NGINX's workers, and "
    "CAP_SYS_PTRACE where a seccomp profile or Yama forbids it"
)
_ANY = 0  # A file that each worker has.


class Place(Struct, frozen=True):
    """Which worker has a socket, and under which number."""

    pid: int
    number: int


class Connections:
    """The upgraded connections that were seen, since when, and where NGINX has them."""

    def __init__(self, share: float = SHARE) -> None:
        self._seen: dict[int, Upgraded] = {}
        self._places: dict[int, Place] = {}
        self._looking = Allowance(share)
        self._addresses: frozenset[str] = frozenset()
        self._missing = ""
        # Old workers may have clients at a port that is not listened on any more.
        self._ports: frozenset[int] = frozenset()

    def look(self, workers: Iterable[int], addresses: frozenset[str]) -> Sighting:
        """Return what is open to these addresses, as it was seen last."""
        now = time.monotonic()
        if self._looking.allows(now) or not addresses <= self._addresses:
            self._addresses = addresses
            with self._looking.spent(now):
                self._look(tuple(workers), addresses, now)
        return Sighting(tuple(self._seen.values()), self._missing)

    def close(self, inodes: Iterable[int]) -> frozenset[int]:
        """Close these connections; return which of them were still there."""
        closed = set()
        for inode in inodes:
            self._seen.pop(inode, None)
            place = self._places.pop(inode, None)
            with suppress(OSError):
                if place and _close(place, inode):
                    closed.add(inode)
        return frozenset(closed)

    def _look(self, workers: tuple[int, ...], addresses: frozenset[str], now: float) -> None:
        self._missing = next(filter(None, map(_forbidden, workers)), "")
        self._ports |= {one.port for one in sockdiag.listening()}
        there = {} if self._missing else sockdiag.towards(addresses, self._ports)
        self._seen = {inode: one for inode, one in self._seen.items() if inode in there}
        self._places = {inode: one for inode, one in self._places.items() if inode in there}
        unknown = there.keys() - self._seen.keys()
        for pid in workers if unknown else ():
            with suppress(OSError):
                numbers = procfs.numbered(pid, unknown)
                for inode in _marked(pid, dict(list(numbers.items())[:ASKED])):
                    self._seen[inode] = Upgraded(inode, there[inode], now)
                    self._places[inode] = Place(pid, numbers[inode])


def _forbidden(pid: int) -> str:
    """Return why we may not share the files of a worker; nothing when we may, or it is gone."""
    try:
        with pidfd.opened(pid) as process:
            os.close(pidfd.shared(process, _ANY))
    except ProcessLookupError:
        return ""
    except OSError as why:
        return MISSING.format(why.strerror)
    return ""


def _marked(pid: int, numbers: Mapping[int, int]) -> Iterator[int]:
    """Yield the inodes of a worker's sockets that are upgraded."""
    with pidfd.opened(pid) as process:
        for inode, number in numbers.items():
            with suppress(OSError), _sharing(process, number, inode) as one:
                if one and one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY):
                    yield inode


def _close(place: Place, inode: int) -> bool:
    with pidfd.opened(place.pid) as process, _sharing(process, place.number, inode) as one:
        if one is not None:
            one.shutdown(socket.SHUT_RD)
        return one is not None


@contextmanager
def _sharing(process: int, number: int, inode: int) -> Iterator[socket.socket | None]:
    """Share a socket for a moment; ``None`` when another file has its number by now."""
    descriptor = pidfd.shared(process, number)
    if os.fstat(descriptor).st_ino != inode:
        os.close(descriptor)
        yield None
        return
    with socket.socket(fileno=descriptor) as one:
        yield one
