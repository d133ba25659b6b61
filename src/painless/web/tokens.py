"""Tokens in a file that somebody else renews, one a line: several, so that an old one may go on for a while.

Looked at for each token that comes, so there is nothing to watch.  A file that cannot be used lets nobody
in: a token that was taken back must not go on.
"""

import hmac
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

LEAST = 16
"""Characters of a token: fewer can be guessed."""
LONGEST = 4096
"""Characters of a token: browsers keep no cookie that is longer."""
MOST = 16
"""Tokens of one file."""
_LARGEST = MOST * (LONGEST + 2)  # Bytes of the file.


class TokenFile:
    """The tokens; ``told`` hears of a file that changed: what is wrong with it, or nothing."""

    def __init__(self, path: Path, told: Callable[[str], None]) -> None:
        self._path = path
        self._told = told
        self._seen: tuple[int, ...] | None = None
        self._digests: tuple[bytes, ...] = ()
        self.has("")

    def has(self, token: str) -> bool:
        """Whether a token is one of them; how long it takes says nothing about them."""
        self._look()
        shown = sha256(token.encode()).digest()
        return any(hmac.compare_digest(shown, one) for one in self._digests)

    def _look(self) -> None:
        try:
            about = self._path.stat()
            stamp = (about.st_ino, about.st_mtime_ns, about.st_size)
            if stamp == self._seen:
                return
            # Before the reading: what changes meanwhile is read again.
            self._seen = stamp
            with self._path.open("rb") as file:
                self._digests, problem = _read(file.read(_LARGEST + 1))
        except OSError as cause:
            if self._seen == ():
                return
            self._seen, self._digests, problem = (), (), f"cannot be read: {cause.strerror}"
        self._told(f"the tokens of {self._path}: {problem}" if problem else "")


def _read(content: bytes) -> tuple[tuple[bytes, ...], str]:
    """Return the digests of the tokens, and what is wrong; of a wrong file none counts."""
    lines = [line for raw in content.splitlines() if (line := raw.strip())]
    if len(content) > _LARGEST or not 0 < len(lines) <= MOST:
        return (
            (),
            f"found {len(lines)} lines in {len(content)} bytes, expected 1 to {MOST} tokens, one a line",
        )
    for number, line in enumerate(lines, 1):
        if not LEAST <= len(line) <= LONGEST or not all(0x21 <= byte <= 0x7E for byte in line):
            return (), (
                f"found {len(line)} bytes in line {number}, "
                f"expected {LEAST} to {LONGEST} characters of ASCII without spaces"
            )
    return tuple(sha256(line).digest() for line in lines), ""
