"""What NGINX's error log says that checks ask for: lines by kind, as far as they are recent."""

import re
from collections.abc import Iterable
from datetime import datetime

from painless.doctor.facts import Told

LONGEST = 300  # Characters of a line that are shown.
KINDS = {
    "files": "(24: Too many open files)",
    "connections": "worker_connections are not enough",
    "ports": "(99: ",
    "hash": "could not build optimal",
    "killed": "exited on signal 9",
    "crashed": "exited on signal ",
    "premature": "upstream prematurely closed connection",
    "connecting": "upstream timed out (110: Connection timed out) while connecting",
    "reading": "upstream timed out (110: Connection timed out) while reading",
    "nobody": "no live upstreams",
    "large answer": "upstream sent too big header",
    "to disk": "upstream response is buffered to a temporary file",
    "large request": "client sent too large",
    "conflict": "conflicting server name",
}
"""The words that only lines of a kind have; a line is of the first that fits."""

_AT = re.compile(r"(\d{4})/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d) ")


def kinds(lines: Iterable[str], since: datetime) -> dict[str, Told]:
    """Count the lines of each kind since a moment, which is local time as the log's."""
    first = since.strftime("%Y/%m/%d %H:%M:%S")
    found: dict[str, Told] = {}
    for line in lines:
        # Times of this form are in the order of their text.
        if _AT.match(line) and line[:19] >= first and (kind := _kind(line)):
            found[kind] = Told(found[kind].count + 1 if kind in found else 1, line[:LONGEST])
    return found


def _kind(line: str) -> str:
    return next((name for name, words in KINDS.items() if words in line), "")
