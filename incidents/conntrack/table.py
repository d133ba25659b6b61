"""The table of connections of a network namespace of our own: tracking switched on, and filled.

The limit is one number for the machine, and only the initial namespace may change it; but it is held
against what each namespace has.  So ours is filled up to it, by entries that the kernel takes from us over
netlink, with no packet sent.  They go with the namespace.
"""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

_COUNT = Path("/proc/sys/net/netfilter/nf_conntrack_count")
_MAX = Path("/proc/sys/net/netfilter/nf_conntrack_max")
_STAT = Path("/proc/self/net/stat/nf_conntrack")
LARGEST = 1 << 20  # Entries that we would make: 256 bytes each of the kernel's memory, and a few seconds.

# linux/netlink.h, linux/netfilter/nfnetlink.h, nf_tables.h, nfnetlink_conntrack.h: the names are theirs.
_NETLINK_NETFILTER = 12
_REQUEST, _ACK, _CREATE, _APPEND = 0x1, 0x4, 0x400, 0x800
_NESTED = 0x8000
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_CTNETLINK, _NFTABLES = 1 << 8, 10 << 8
_CT_NEW, _NEW_TABLE, _NEW_CHAIN, _NEW_RULE = _CTNETLINK | 0, _NFTABLES | 0, _NFTABLES | 3, _NFTABLES | 6
_LOCAL_OUT = 3
_SEEN_REPLY_ASSURED_CONFIRMED = 0x2 | 0x4 | 0x8  # Of an assured entry the kernel does not rid itself.
_UDP = b"\x11"
_LASTS = 3600  # Seconds: longer than a replay.
_TOGETHER = 200  # Entries in one message to the kernel.
_PORTS = 30_000
_ANSWERED = 5.0  # Seconds for the kernel's answer, which is there at once.


def missing() -> str:
    """Return why a full table cannot be had here; nothing when it can."""
    try:
        most = int(_MAX.read_text())
    except OSError:
        return "the kernel has no nf_conntrack: /proc/sys/net/netfilter/nf_conntrack_max is not there"
    return f"nf_conntrack_max is {most:,}; more than {LARGEST:,} are not made here" if most > LARGEST else ""


def count() -> int:
    return int(_COUNT.read_text())


def dropped() -> int:
    """Return how many packets of new connections found the table full."""
    names, *processors = (line.split() for line in _STAT.read_text().splitlines())
    at = names.index("drop")
    return sum(int(one[at], 16) for one in processors)


def track() -> None:
    """Have the kernel note each connection: it does once a rule asks for one's state."""
    name, chain = _attribute(1, b"incident\0"), b"out\0"
    hook = _nested(4, _number(1, _LOCAL_OUT) + _number(2, 0))
    asks = _nested(2, _number(1, 1) + _number(2, 0))  # The state, into the first register.
    rule = name + _attribute(2, chain) + _nested(4, _nested(1, _attribute(1, b"ct\0") + asks))
    batch = (
        _message(_BATCH_BEGIN, _REQUEST, 0, b"", resource=10),
        _message(_NEW_TABLE, _REQUEST | _CREATE, socket.AF_INET, name),
        _message(
            _NEW_CHAIN,
            _REQUEST | _CREATE,
            socket.AF_INET,
            name + _attribute(3, chain) + hook + _attribute(7, b"filter\0"),
        ),
        _message(_NEW_RULE, _REQUEST | _CREATE | _APPEND | _ACK, socket.AF_INET, rule),
        _message(_BATCH_END, _REQUEST, 0, b"", resource=10),
    )
    with _kernel() as kernel:
        kernel.send(b"".join(batch))
        _raise(kernel.recv(65_536))


def fill(room: int) -> None:
    """Leave room for so many connections."""
    entries = _entries()
    with _kernel() as kernel:
        while (wanted := int(_MAX.read_text()) - count() - room) > 0:
            some = [next(entries) for _ in range(min(wanted, _TOGETHER))]
            kernel.send(b"".join(some))


def _entries() -> Iterator[bytes]:
    """Yield requests for entries that nobody else has: of addresses that are not in this namespace."""
    at = 0
    source = socket.inet_aton("10.0.0.1")
    while True:
        network, port = divmod(at, _PORTS)
        target = struct.pack(">I", 0x0A010000 + network)
        body = (
            _tuple(1, source, target, 1000, 1000 + port)
            + _tuple(2, target, source, 1000 + port, 1000)
            + _number(3, _SEEN_REPLY_ASSURED_CONFIRMED)
            + _number(7, _LASTS)
        )
        yield _message(_CT_NEW, _REQUEST | _CREATE, socket.AF_INET, body)
        at += 1


def _tuple(kind: int, source: bytes, target: bytes, source_port: int, target_port: int) -> bytes:
    addresses = _nested(1, _attribute(1, source) + _attribute(2, target))
    ports = _attribute(2, struct.pack(">H", source_port)) + _attribute(3, struct.pack(">H", target_port))
    return _nested(kind, addresses + _nested(2, _attribute(1, _UDP) + ports))


def _kernel() -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
    made.bind((0, 0))
    made.settimeout(_ANSWERED)
    return made


def _raise(answer: bytes) -> None:
    """Raise what the kernel answers when it is not 0."""
    [code] = struct.unpack_from("=i", answer, 16)
    if code:
        raise OSError(-code, "netfilter refused a rule")


def _message(kind: int, flags: int, family: int, body: bytes, *, resource: int = 0) -> bytes:
    header = struct.pack("=IHHIIBB", 20 + len(body), kind, flags, 1, 0, family, 0)
    return header + struct.pack(">H", resource) + body


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack(">I", value))


def _nested(kind: int, data: bytes) -> bytes:
    return _attribute(kind | _NESTED, data)


def _attribute(kind: int, data: bytes) -> bytes:
    length = 4 + len(data)
    return struct.pack("=HH", length, kind) + data + bytes(-length % 4)
