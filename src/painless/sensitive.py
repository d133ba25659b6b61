"""Bytes that no person and no log may see.

Private keys and password files have this type from the moment they are decoded until they are written
to disk, so that redaction follows from the type and not from remembering.  It lies below every other
package since both languages, Kubernetes' and NGINX's, need it.
"""

from typing import Never


class Sensitive:
    """Content that prints as its length only; ``reveal`` is the one door.

    No ``Struct``, whose fields any encoder of JSON writes: this type, encoders refuse.
    """

    __slots__ = ("_content",)

    _content: bytes

    def __init__(self, content: bytes) -> None:
        object.__setattr__(self, "_content", content)

    def reveal(self) -> bytes:
        """Return the content: for writing it to a file or parsing it, never for showing it."""
        return self._content

    def __len__(self) -> int:
        return len(self._content)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sensitive) and self._content == other._content

    def __hash__(self) -> int:
        return hash(self._content)

    def __setattr__(self, name: str, value: object) -> Never:
        raise AttributeError(f"{name} of what is sensitive cannot be changed")

    def __reduce__(self) -> Never:
        raise TypeError("what is sensitive cannot be pickled or copied")

    def __repr__(self) -> str:
        return f"<sensitive, {len(self._content)} bytes>"

    def __str__(self) -> str:
        return repr(self)
