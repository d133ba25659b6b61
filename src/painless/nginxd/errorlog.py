"""NGINX's error log from a place on: the only way a running master says why it refused a generation."""

import re
from pathlib import Path

MOST = 1 << 20
"""Bytes read at once: a refusal is a few lines, and a flooded log must not fill our memory."""

_LINE = re.compile(r"^\S+ \S+ \[emerg\] (\d+)#\d+: (.*)$", re.MULTILINE)


class ErrorLog:
    """The error log, remembered up to where it was when this was made."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = self._size()

    def fatal(self, pid: int | None = None) -> tuple[str, ...]:
        """Return why NGINX (``pid``, or any of its processes) gave up since, each reason once."""
        found = _LINE.findall(self._text())
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
