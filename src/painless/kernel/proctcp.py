"""The TCP sockets of this network namespace from ``/proc/net``, where netlink is refused (``sockdiag``).

Slower, and without limits, drops and traffic; there is no sandbox that hides it.
"""

import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

_MAPPED = bytes(10) + b"\xff\xff"


class Line(NamedTuple):
    """A socket; addresses are packed."""

    address: bytes
    port: int
    remote: bytes
    remote_port: int
    queue: int
    inode: int


def connections(states: Iterable[int]) -> Iterator[Line]:
    """Read ``/proc/net/tcp`` and ``tcp6``, the second of which is absent where the kernel has no IPv6."""
    wanted = {f"{one:02X}" for one in states}
    for name in ("tcp", "tcp6"):
        with suppress(FileNotFoundError):
            lines = Path(f"/proc/net/{name}").read_text().splitlines()
            yield from (_line(one) for one in map(str.split, lines[1:]) if one[3] in wanted)


def _line(fields: list[str]) -> Line:
    (address, port), (remote, remote_port) = map(_endpoint, fields[1:3])
    return Line(address, port, remote, remote_port, int(fields[4].partition(":")[2], 16), int(fields[9]))


def _endpoint(text: str) -> tuple[bytes, int]:
    """Read what the kernel prints as words of four bytes, each in this machine's order."""
    address, _, port = text.partition(":")
    words = (int(address[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(address), 8))
    packed = b"".join(words)
    return short(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed), int(port, 16)


def short(family: int, address: bytes) -> bytes:
    """Return an address in as many bytes as it has; one of IPv4 on a socket of IPv6 has four."""
    if family == socket.AF_INET:
        return address[:4]
    return address[12:] if address.startswith(_MAPPED) else address
