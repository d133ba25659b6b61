"""Can the ports of a generation be had?  ``nginx -t`` does not see a port in use.

A reload onto one leaves the master deaf for 2.5 s and ends in a refusal that does not say who has the
port; binding it ourselves beforehand costs microseconds.  Only a hint: what is not understood here is
left to NGINX.
"""

import errno
import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from painless.nginxd import procfs

# A literal first, and what stands before it on its line looked at afterwards: 8 MB take 10 ms so, and 50 with
# an expression that begins with a line.  The printer writes no line end inside a word.
_LISTEN = re.compile(r"listen \"?([^\s;\"]+)\"?([^\n;]*);")
_PLACE = re.compile(r"(?:(?P<address>\*|[0-9.]+|\[[0-9a-fA-F:.]+\]):)?(?P<port>\d+)")
_DATAGRAM = re.compile(r"\b(?:udp|quic)\b")
_TCP_LISTEN = "0A"
_UDP_BOUND = "07"


class Listener(Struct, frozen=True, order=True):
    """An address and port that NGINX listens on."""

    address: str
    port: int
    datagram: bool = False

    @property
    def place(self) -> tuple[int, bool]:
        return self.port, self.datagram


def listeners(texts: Iterable[str]) -> frozenset[Listener]:
    """Return the listeners that configuration files name by number."""
    # Many servers listen at the same few places.
    written = {one.groups() for text in texts for one in _LISTEN.finditer(text) if _begins_line(text, one)}
    return frozenset(
        Listener(_address(place), int(place["port"]), bool(_DATAGRAM.search(options)))
        for where, options in written
        if (place := _PLACE.fullmatch(where))
    )


def aside(text: str) -> str:
    """Return a configuration whose listeners are at addresses of loopback that nobody asks."""
    moved: dict[str, str] = {}

    def listen(found: re.Match[str]) -> str:
        place = _PLACE.fullmatch(found[1])
        if place is None or not _begins_line(text, found):
            return found[0]
        address = moved.setdefault(_address(place), f"127.255.255.{254 - len(moved)}")
        return f"listen {address}:{place['port']}{found[2]};"

    return _LISTEN.sub(listen, text)


def occupied(wanted: frozenset[Listener], served: frozenset[Listener] = frozenset()) -> str:
    """Say which of the ``wanted`` listeners somebody else has; empty when all can be had.

    Ports that NGINX itself serves, on whichever address, are its own business.
    """
    own = {one.place for one in served}
    new = sorted(one for one in wanted if one.place not in own)
    return "; ".join(filter(None, (_trouble(one) for one in new)))


def _begins_line(text: str, found: re.Match[str]) -> bool:
    return not text[text.rfind("\n", 0, found.start()) + 1 : found.start()].strip()


def _address(place: re.Match[str]) -> str:
    return (place["address"] or "*").strip("[]").replace("*", "0.0.0.0")


def _trouble(one: Listener) -> str:
    family = socket.AF_INET6 if ":" in one.address else socket.AF_INET
    kind = socket.SOCK_DGRAM if one.datagram else socket.SOCK_STREAM
    place = f"{'UDP ' if one.datagram else ''}port {one.port} on {one.address}"
    try:
        with socket.socket(family, kind) as attempt:
            if family == socket.AF_INET6:
                attempt.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if not one.datagram:
                # As NGINX does: connections that are ending do not count.
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind((one.address, one.port))
    except OSError as cause:
        if cause.errno == errno.EADDRINUSE:
            return f"{place} is in use by {_holder(one)}: stop it there or have painless listen elsewhere"
        if cause.errno == errno.EADDRNOTAVAIL:
            return f"{place} cannot be had: this machine has no such address"
        # A lack of permission may be ours alone: the binary can have capabilities that we have not.
    return ""


def _holder(one: Listener) -> str:
    inodes = {f"socket:[{inode}]" for inode in _inodes(one)}
    for pid in procfs.every_pid():
        if inodes & procfs.open_files(pid):
            return f"process {pid} ({procfs.title(pid) or procfs.command(pid)})"
    return "a process that cannot be seen from here (as root on the node: ss -lntup)"


def _inodes(one: Listener) -> set[str]:
    protocol, state = ("udp", _UDP_BOUND) if one.datagram else ("tcp", _TCP_LISTEN)
    found = set()
    for table in (protocol, f"{protocol}6"):
        with suppress(FileNotFoundError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                _, local, _, status, *_, inode = line.split()[:10]
                if status == state and int(local.rpartition(":")[2], 16) == one.port:
                    found.add(inode)
    return found
