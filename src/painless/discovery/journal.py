"""What the responder was told, kept on disk so that it survives being killed at any moment.

A file of records, each with its length and checksum, appended to as changes come and written anew when it
has grown far beyond its content.  A record that was cut off ends the file: it was not confirmed to anybody.
Nothing is flushed to the device, since what must be survived is the end of a process, not of a machine: the
state directory goes with the Pod.
"""

import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from painless.discovery.control import Put, Remove, Replace

_HEAD = struct.Struct("!II")  # length and CRC-32 of what follows
_SLACK = 1 << 20  # bytes a journal may grow beyond twice its content before it is written anew
_MODE = 0o600


class Resolved(Struct, frozen=True, tag=True):
    """What an outside name stood for when it was last resolved with success."""

    hostname: str
    addresses: tuple[str, ...]


Record = Replace | Put | Remove | Resolved

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)


def framed(record: Record) -> bytes:
    payload = _encoder.encode(record)
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def records(data: bytes) -> tuple[tuple[Record, ...], int]:
    """Return the whole records at the start of ``data`` and how many bytes they take."""
    found: list[Record] = []
    at = 0
    while at + _HEAD.size <= len(data):
        size, checksum = _HEAD.unpack_from(data, at)
        payload = data[at + _HEAD.size : at + _HEAD.size + size]
        if len(payload) < size or zlib.crc32(payload) != checksum:
            break
        try:
            found.append(_decoder.decode(payload))
        except msgspec.MsgspecError:  # written by another release; the controller will tell us again
            break
        at += _HEAD.size + size
    return tuple(found), at


class Journal:
    """The journal at one path; ``saved`` is false while the disk does not take what it is given."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
        self._size = 0
        self._content = 0
        self.saved = True

    def read(self) -> tuple[Record, ...]:
        """Return the records and cut off what is not one."""
        found, self._size = records(os.pread(self._file, os.fstat(self._file).st_size, 0))
        os.ftruncate(self._file, self._size)
        return found

    @property
    def bulky(self) -> bool:
        """Whether it is time to write it anew."""
        return not self.saved or self._size > 2 * self._content + _SLACK

    def append(self, record: Record) -> None:
        """Keep one more record; raise ``OSError`` when the disk does not take it."""
        data = framed(record)
        self._write(self._file, data, self._size)
        self._size += len(data)

    def rewrite(self, content: Iterable[Record]) -> None:
        """Keep these records and no others, in one atomic move; raise ``OSError`` when that fails."""
        data = b"".join(map(framed, content))
        beside = self._path.with_suffix(".new")
        file = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
        try:
            self._write(file, data, 0)
            beside.replace(self._path)
        except OSError:
            os.close(file)
            raise
        os.close(self._file)
        self._file, self._size, self._content = file, len(data), len(data)
        self.saved = True

    def close(self) -> None:
        os.close(self._file)

    def _write(self, file: int, data: bytes, at: int) -> None:
        # Written at the end that is known to be good: a record that a full disk cut off is overwritten.
        try:
            written = os.pwrite(file, data, at)
        except OSError:
            self.saved = False
            raise
        if written < len(data):
            self.saved = False
            raise OSError(f"{self._path} took {written} of {len(data)} bytes: the disk is full")
