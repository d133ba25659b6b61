"""Why NGINX refused: from what a call of it printed, or from its error log from a place on.

The log is the only way a running master says so.  A reason is NGINX's sentence without time, level and
process, so that the same one is equal wherever it was read.  The log is kept within bounds here as well.
"""

import re
from contextlib import suppress
from pathlib import Path

from painless.nginxd.files import write_whole

MOST = 1 << 20
"""Bytes read at once: a refusal is a few lines, and a flooded log must not fill our memory."""

LOG_MOST = 64 << 20
"""Bytes of the log: a pod that is away under load is some MB a minute, and volumes are small."""
LOG_KEPT = 8 << 20
"""Bytes of it that stay to be read when it is cut."""

_LOGGED = re.compile(r"^\S+ \S+ \[emerg\] (\d+)#\d+: (.*)$", re.MULTILINE)
_PRINTED = re.compile(r"^(?:nginx:|\S+ \S+) \[emerg\] (?:\d+#\d+: )?(.*)$", re.MULTILINE)
# ENOSPC and EDQUOT, as NGINX puts them behind the name of a file.
_NO_ROOM = re.compile(r"\"([^\"\n]+)\" failed \((?:28|122): ")


def reasons(output: str) -> str:
    """Return why a call of NGINX failed, each reason once, or all it said; never nothing."""
    return "\n".join(dict.fromkeys(_PRINTED.findall(output))) or output.strip() or "NGINX gave no reason"


def lacks_room(said: str) -> Path | None:
    """Return the file NGINX had no room for, if that is why it refused: the objects are not to blame."""
    found = _NO_ROOM.search(said)
    return Path(found[1]) if found else None


def trim_log(log: Path) -> None:
    """Empty the log once it is large; the latest of it stays beside it.

    NGINX appends to it, so it needs no signal: its next line is the first.
    """
    size = log.stat().st_size if log.exists() else 0
    if size <= LOG_MOST:
        return
    with log.open("r+b") as file:
        file.seek(size - LOG_KEPT)
        # A disk that has no room for the copy needs the room of the log all the more.
        with suppress(OSError):
            write_whole(log.with_name(f"{log.name}.1"), file.read(LOG_KEPT))
        file.truncate(0)


class ErrorLog:
    """The error log, remembered up to where it was when this was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = self._size()

    def fatal(self, pid: int | None = None) -> tuple[str, ...]:
        """Return why NGINX (``pid``, or any of its processes) gave up since, each reason once."""
        found = _LOGGED.findall(self._text())
        return tuple(dict.fromkeys(says for who, says in found if pid is None or int(who) == pid))

    def _text(self) -> str:
        try:
            with self._path.open("rb") as file:
                # Somebody truncated or replaced it: all of it is new.
                file.seek(self._offset if self._offset <= self._size() else 0)
                return file.read(MOST).decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except FileNotFoundError:
            return 0
