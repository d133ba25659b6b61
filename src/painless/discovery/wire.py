"""DNS in bytes: the questions we understand and the answers we give, pure and without a library.

An answer is encoded once, when its upstream changes; a question as NGINX asks it then costs one look-up
and one concatenation.  What a question asks for (name, type and class) is its own key, in lower case: type
and class hold no byte that lower-casing changes, and neither does the length of a label.
"""

import socket
import struct
from collections.abc import Iterable

from msgspec import Struct

from painless.discovery.answers import DOMAIN, NO_ENDPOINTS, SERVICE, Answer, Peer

A, AAAA, SRV = 1, 28, 33
IN = 1

UDP_LIMIT = 4096
"""NGINX's buffer for an answer over UDP; it asks without EDNS and takes this much nevertheless."""

TCP_LIMIT = 65535
"""What the length before a message over TCP can say; peers beyond it are left out, always the same."""

TARGET_TTL = 86400
"""Seconds: the name of a target holds its address, so its answer can never change."""

DOWN = Peer(NO_ENDPOINTS, 9)
"""The peer of an upstream without peers; its port counts in SRV only, where any would do."""

HEADER = 12

AFTER_ID = 2
"""Where a packet goes on after the number by which an answer is matched with its question."""

PLAIN = b"\1\0\0\1\0\0\0\0\0\0"
"""The header after the number as NGINX writes it: recursion desired, one question, nothing else."""

_HEAD = struct.Struct("!HBBHHHH")
_TYPE_AND_CLASS = struct.Struct("!HH")
_RECORD = struct.Struct("!HHHIH")  # pointer to the question's name, type, class, TTL, length
_SRV = struct.Struct("!HHH")  # priority, weight, port
_QUESTION_NAME = 0xC000 | HEADER
_RESPONSE, _AUTHORITATIVE, _TRUNCATED, _RECURSION_DESIRED = 0x80, 0x04, 0x02, 0x01
_NOT_A_QUERY = 0xF8  # the response bit and the operation code, all zero in a plain question
_MAX_LABEL, _MAX_NAME = 63, 255
_SERVICE_PREFIX = f"_{SERVICE}._tcp."
_DOMAIN_SUFFIX = f".{DOMAIN}"


class Code:
    """How an answer ends: all is well, we do not answer for that name."""

    OK = 0
    REFUSED = 5


class Question(Struct, frozen=True):
    """What is asked: the name in lower case without a final dot; ``end`` is where the packet goes on."""

    name: str
    type: int
    klass: int
    end: int


class Records(Struct, frozen=True):
    """The answer to one question, encoded but for the question itself."""

    count: int = 0
    body: bytes = b""
    code: int = Code.OK


NOTHING = Records()
REFUSED = Records(code=Code.REFUSED)


def encoded_name(name: str) -> bytes:
    """Return a name as labels; raise ``ValueError`` when it cannot be one."""
    labels = [label.encode("ascii") for label in name.lower().split(".")]
    if not all(0 < len(label) <= _MAX_LABEL and label.translate(None, b"-_").isalnum() for label in labels):
        raise ValueError(f"{name!r} is no DNS name: a label is 1 to {_MAX_LABEL} letters, digits, dashes")
    encoded = _labels(name.lower())
    if len(encoded) > _MAX_NAME:
        raise ValueError(f"{name!r} is no DNS name: it is longer than {_MAX_NAME} bytes")
    return encoded


def _labels(name: str) -> bytes:
    return b"".join(bytes((len(label),)) + label.encode("ascii") for label in name.split(".")) + b"\0"


def key(name: str, kind: int) -> bytes:
    """Return the bytes of a question for ``name``, in lower case."""
    return encoded_name(name) + _TYPE_AND_CLASS.pack(kind, IN)


def key_of(packet: bytes) -> bytes:
    """Return the part of a packet that would be the key of its first question.

    Only a look-up may use it: what is found in a table of well-formed keys is well-formed.
    """
    return packet[HEADER : packet.find(b"\0", HEADER) + 1 + _TYPE_AND_CLASS.size].lower()


def is_query(packet: bytes) -> bool:
    """Return whether the header is that of one plain question."""
    return len(packet) > HEADER and not packet[2] & _NOT_A_QUERY and packet[4:6] == b"\0\1"


def parsed(packet: bytes) -> Question | None:
    """Return the question of a packet, or nothing when it is not one that can be answered.

    A name in a question has no earlier name to point to, so a compression pointer there is malformed;
    that none is followed is why no loop can hold us.
    """
    if not is_query(packet):
        return None
    labels: list[str] = []
    at = HEADER
    while (size := packet[at]) != 0:
        at += 1 + size
        if size > _MAX_LABEL or at >= len(packet) or at - HEADER >= _MAX_NAME:
            return None
        labels.append(packet[at - size : at].decode("latin-1"))
    end = at + 1 + _TYPE_AND_CLASS.size
    if end > len(packet):
        return None
    kind, klass = _TYPE_AND_CLASS.unpack_from(packet, at + 1)
    return Question(".".join(labels).lower(), kind, klass, end)


def reply(packet: bytes, end: int, records: Records, limit: int) -> bytes:
    """Return the answer to the question in ``packet[12:end]``; only a mark beyond ``limit`` bytes."""
    flags = _RESPONSE | _AUTHORITATIVE | packet[2] & _RECURSION_DESIRED
    if end + len(records.body) > limit:
        return packet[:2] + _HEAD.pack(0, flags | _TRUNCATED, 0, 1, 0, 0, 0)[2:] + packet[HEADER:end]
    head = _HEAD.pack(0, flags, records.code, 1, records.count, 0, 0)
    return packet[:2] + head[2:] + packet[HEADER:end] + records.body


def plain_reply(key: bytes, records: Records) -> bytes:
    """Return the answer over UDP, after the number, to the plain question with that key."""
    return reply(bytes(AFTER_ID) + PLAIN + key, HEADER + len(key), records, UDP_LIMIT)[AFTER_ID:]


def encoded(answer: Answer, addresses: Iterable[str] | None = None) -> dict[bytes, Records]:
    """Return the records of an upstream by the key of the question they answer.

    ``addresses`` are what an outside name resolved to.  An upstream without peers has one that cannot be
    reached, never none.
    """
    name = f"{answer.upstream}{_DOMAIN_SUFFIX}"
    if answer.srv:
        service = _SERVICE_PREFIX + name
        return {key(service, SRV): _services(answer.peers or (DOWN,), service)}
    found = dict.fromkeys(addresses if addresses is not None else (one.address for one in answer.peers))
    found = found or {NO_ENDPOINTS: None}
    room = TCP_LIMIT - HEADER - len(name) - 2 - _TYPE_AND_CLASS.size
    v4 = [_address(A, one, 0) for one in found if ":" not in one]
    v6 = [_address(AAAA, one, 0) for one in found if ":" in one]
    return {key(name, A): _fitting(v4, room), key(name, AAAA): _fitting(v6, room)}


def unlisted(question: Question) -> Records:
    """Return the answer for a name that is not in the table.

    A target's name says its address.  Any other name of ours could be an upstream that we are about to
    hear of, or that only a dying generation of NGINX knows: told "no such name" NGINX would take 10 s to
    ask again, so it is told that there are no endpoints.
    """
    target = target_address(question.name)
    ours = target is not None or f".{question.name}".endswith(_DOMAIN_SUFFIX)
    if question.klass != IN or not ours:
        return REFUSED
    if question.type == SRV:
        return _services((DOWN,), question.name)
    address, ttl = (NO_ENDPOINTS, 0) if target is None else (target, TARGET_TTL)
    if question.type != (AAAA if ":" in address else A):
        return NOTHING
    return _fitting([_address(question.type, address, ttl)], TCP_LIMIT)


def target_name(peer: Peer) -> str:
    """Return the name of one peer: what a fixed ``server`` would be called.

    Consistent hashing places peers by their names, so a fixed one has the place of one that was found.
    """
    return f"[{peer.address}]:{peer.port}" if ":" in peer.address else f"{peer.address}:{peer.port}"


def target_address(name: str) -> str | None:
    """Return the address in a target's name, or nothing for any other name."""
    address, _, port = name.rpartition(":")
    bare = address.removeprefix("[").removesuffix("]")
    family = socket.AF_INET if bare == address else socket.AF_INET6
    if not port.isdigit():
        return None
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, bare))
    except (OSError, ValueError):
        return None


def _services(peers: Iterable[Peer], service: str) -> Records:
    records = []
    for peer in peers:
        data = _SRV.pack(0, 1, peer.port) + _labels(target_name(peer))
        records.append(_RECORD.pack(_QUESTION_NAME, SRV, IN, 0, len(data)) + data)
    return _fitting(records, TCP_LIMIT - HEADER - len(service) - 2 - _TYPE_AND_CLASS.size)


def _address(kind: int, address: str, ttl: int) -> bytes:
    data = socket.inet_pton(socket.AF_INET6 if kind == AAAA else socket.AF_INET, address)
    return _RECORD.pack(_QUESTION_NAME, kind, IN, ttl, len(data)) + data


def _fitting(records: list[bytes], room: int) -> Records:
    while sum(map(len, records)) > room:
        records = records[: len(records) * 9 // 10]
    return Records(len(records), b"".join(records))
