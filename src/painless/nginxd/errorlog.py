"""Why NGINX refused: from what a call of it printed, or from its error log from a place on.

The log is the only way a running master says so.  A reason is NGINX's sentence without time, level and
process, so that the same one is equal wherever it was read.
"""

import re
from pathlib import Path

MOST = 1 << 20
"""Bytes read at once: a refusal is a few lines, and a flooded log must not fill our memory."""

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
