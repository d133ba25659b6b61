"""A certificate and its key, as files that somebody else renews.

They are looked at when a client comes, so there is nothing to watch: a pair that changed is read, and one
that cannot be used leaves the pair before it in use.
"""

import ssl
from collections.abc import Callable
from pathlib import Path

from painless.compiler.tls import CERTIFICATE_KEY, PRIVATE_KEY, BadCertificate, read_certificate
from painless.controller.ports import WorldError

Stamp = tuple[tuple[int, int, int], ...]
"""What changes when a file does: its inode, its time, its size."""


class BadPair(WorldError):
    """The files hold no certificate with its key; the message is a sentence."""


class KeyPair:
    """What TLS clients are met with; ``told`` hears of files that changed, and of what is wrong with them.

    ``whose`` they are is said in sentences, as in "the webhook's".
    """

    def __init__(self, certificate: Path, key: Path, told: Callable[[str], None], whose: str) -> None:
        """Read the files; raise ``BadPair`` when they cannot be used."""
        self._whose = whose
        self._certificate, self._key = certificate, key
        self._told = told
        self._problem = ""
        self._seen = self._stamp()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """Return what the next client is met with."""
        try:
            stamp = self._stamp()
            if stamp != self._seen:
                # Before the reading: what changes meanwhile is read again.
                self._seen = stamp
                self._context = self._read()
                self._say("")
        except BadPair as problem:
            # Once, and not for each client that comes meanwhile: they may be strangers.
            if str(problem) != self._problem:
                self._say(str(problem))
        return self._context

    def _say(self, problem: str) -> None:
        self._problem = problem
        self._told(problem)

    def _stamp(self) -> Stamp:
        return tuple(self._stamp_of(path) for path in (self._certificate, self._key))

    def _stamp_of(self, path: Path) -> tuple[int, int, int]:
        try:
            about = path.stat()
        except OSError as cause:
            raise self._unreadable(path, cause) from cause
        return about.st_ino, about.st_mtime_ns, about.st_size

    def _read(self) -> ssl.SSLContext:
        found = read_certificate(self._content(self._certificate), self._content(self._key))
        if isinstance(found, BadCertificate):
            says = found.found.replace(f"a {CERTIFICATE_KEY}", f"{self._certificate}")
            says = says.replace(f"a {PRIVATE_KEY}", f"{self._key}")
            raise BadPair(f"{self._whose} certificate: found {says}, expected a certificate and its key")
        # A new one each time: half a change must not end in a context that serves.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            # Never ask for a password on the terminal.
            context.load_cert_chain(self._certificate, self._key, password="")
        except (OSError, ValueError) as cause:
            raise BadPair(f"{self._whose} certificate {self._certificate} cannot be used: {cause}") from cause
        return context

    def _content(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as cause:
            raise self._unreadable(path, cause) from cause

    def _unreadable(self, path: Path, cause: OSError) -> BadPair:
        return BadPair(f"{self._whose} certificate: {path} cannot be read: {cause.strerror}")
