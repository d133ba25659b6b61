"""Bytes that no person and no log may see.

Private keys and password files have this type from the moment they are decoded until they are written
to disk, so that redaction follows from the type and not from remembering.  It lies below every other
package since both languages, Kubernetes' and NGINX's, need it.
"""

from msgspec import Struct


class Sensitive(Struct, frozen=True):
    """Content that prints as its length only; ``reveal`` is the one door."""

    _content: bytes

    def reveal(self) -> bytes:
        """Return the content: for writing it to a file or parsing it, never for showing it."""
        return self._content

    def __len__(self) -> int:
        return len(self._content)

    def __repr__(self) -> str:
        return f"<sensitive, {len(self._content)} bytes>"

    def __str__(self) -> str:
        return repr(self)
