"""What a file of manifests parses to, in whatever syntax: documents, and faults with line and column."""

from msgspec import Struct

SIZE_LIMIT = 16 * 1024 * 1024
"""The largest file that is read: ten times what etcd could hold of one object; it takes seconds to parse."""

DEPTH_LIMIT = 100
"""How deep values may be nested: no object we read passes 12, and a stack of 100 harms nobody."""

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
"""A tree of builtin values, as JSON could hold it; parts may be shared and must not be changed."""


class Document(Struct, frozen=True):
    """One value of a file and the line it begins in."""

    line: int
    value: Value


class Fault(Struct, frozen=True):
    """Why a file, or one document of it, could not be read, and where; both numbers count from 1."""

    line: int
    column: int
    says: str


class Parsed(Struct, frozen=True):
    """The documents that could be read, and the faults of the others.

    A fault of syntax is the last: nobody can tell where the next document would begin.
    """

    documents: tuple[Document, ...] = ()
    faults: tuple[Fault, ...] = ()


def too_large() -> Parsed:
    """Return what is to be said about a file above the limit."""
    return Parsed(faults=(Fault(1, 1, f"the file is larger than {SIZE_LIMIT // 1024**2} MiB"),))


def text_of(data: bytes) -> str | Parsed:
    """Return the text of a file, or the fault that keeps it from being text."""
    if len(data) > SIZE_LIMIT:
        return too_large()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].rpartition(b"\n")
        line = data.count(b"\n", 0, error.start) + 1
        column = len(before[2].decode(errors="replace")) + 1
        says = f"found the byte 0x{data[error.start]:02x}, expected UTF-8 text"
        return Parsed(faults=(Fault(line, column, says),))
