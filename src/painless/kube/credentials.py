"""Who we are to the API server: a token, a file with one that is replaced, or a client certificate.

Each is asked before every request and answers from memory while what it has is good.  ``forget`` is called
after a 401: what is in memory is not good, whatever it says.  Programs that hand out credentials have a
module of their own, ``execplugin``.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from painless.kube.errors import BadAccess
from painless.sensitive import Sensitive

TOKEN_AGE = 10.0
"""Seconds for which a token's file is not read again: the kubelet replaces it minutes before it ends."""


class Credential(Struct, frozen=True):
    """What to show: a bearer token, a client certificate with its key (PEM), both, or nothing."""

    token: Sensitive = Sensitive(b"")
    certificate: bytes = b""
    key: Sensitive = Sensitive(b"")


class Credentials(Protocol):
    """Where credentials come from."""

    async def current(self) -> Credential:
        """Return what to show now; raises ``BadAccess`` when there is nothing."""

    def forget(self) -> None:
        """Have the next ``current`` ask anew."""


class Fixed:
    """Credentials that never change."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential

    async def current(self) -> Credential:
        return self._credential

    def forget(self) -> None:
        """Have nothing else to show."""


class TokenFile:
    """A token in a file that somebody replaces; one that cannot be read any more leaves the last in use."""

    def __init__(self, path: Path, now: Callable[[], float], beside: Credential | None = None) -> None:
        self._path = path
        self._now = now
        self._credential = beside or Credential()
        self._read_at = float("-inf")

    async def current(self) -> Credential:
        if self._now() - self._read_at >= TOKEN_AGE:
            token = await asyncio.to_thread(self._read)
            self._credential = Credential(token, self._credential.certificate, self._credential.key)
            self._read_at = self._now()
        return self._credential

    def forget(self) -> None:
        self._read_at = float("-inf")

    def _read(self) -> Sensitive:
        try:
            found = self._path.read_bytes()
        except OSError as problem:
            if not len(self._credential.token):
                raise BadAccess(f"the token {self._path} cannot be read: {problem.strerror}") from problem
            return self._credential.token
        return checked_token(found, f"the token {self._path}")


def checked_token(found: bytes, what: str) -> Sensitive:
    """Return a token that fits into a header; ``what`` names it in the sentence when it does not."""
    token = found.strip()
    if not token or not all(0x21 <= byte <= 0x7E for byte in token):
        raise BadAccess(f"{what} is {'no token' if token else 'empty'}, expected one line of text")
    return Sensitive(token)
