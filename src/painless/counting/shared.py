"""What the counting process and the controller agree on: names of files, and three questions over a socket.

A question is a line.  The answer is a text in Prometheus' format, for ``HOSTS`` a line of JSON for each host.
It ends with the line ``END``; without it the answer is not whole.  What exists is a file, so that whoever is
started next knows it at once.
"""

from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from painless.nginxd.files import write_whole
from painless.observe.requests import Shown
from painless.observe.tally import Known

SOCKET, KNOWN = ".sock", ".known"
"""In the folder of the log, which ``nginxd.disk`` makes.  Names that begin with a dot are no logs."""

REOPEN, CLOSED = ".reopen", ".closed"
"""Where no holes can be made, the log is renamed: the process asks that NGINX opens a new one, and is told
that nobody has the old one open."""

PAGE, HOSTS, ALIVE = b"page\n", b"hosts\n", b"alive\n"
END = b"# END\n"


class Orders(Struct, frozen=True):
    """What a counting process is started with."""

    folder: str
    parent: int
    shown: Shown


def write_known(folder: Path, known: Known) -> None:
    """Tell what exists."""
    write_whole(folder / KNOWN, msgspec.json.encode(known))


def read_known(folder: Path) -> Known:
    """Return what exists; nothing while nobody has told."""
    with suppress(OSError, msgspec.DecodeError):
        return msgspec.json.decode((folder / KNOWN).read_bytes(), type=Known)
    return Known()


def stamp(folder: Path) -> tuple[int, int]:
    """Return what changes when what exists is told anew."""
    with suppress(OSError):
        found = (folder / KNOWN).stat()
        return found.st_ino, found.st_mtime_ns
    return 0, 0
