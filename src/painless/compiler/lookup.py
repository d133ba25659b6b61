"""A snapshot that remembers what it was asked: so that a result is kept while the answers stay the same."""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from painless.model.objects import Secret, Service
from painless.model.snapshot import Name, PortNumbers, Snapshot

T = TypeVar("T")

NO_NUMBERS: PortNumbers = frozenset()

Asked = tuple[tuple[str, Name, object], ...]
"""What was looked up: the table, the name, and what was found there."""


class Table(Generic[T]):
    """The objects of one kind by name."""

    def __init__(self, objects: Mapping[Name, T]) -> None:
        self._objects = objects
        self.asked: dict[Name, T | None] = {}

    def get(self, name: Name) -> T | None:
        found = self._objects.get(name)
        self.asked[name] = found
        return found

    def still(self, name: Name, value: object) -> bool:
        """Whether ``get`` would return ``value`` again."""
        found = self._objects.get(name)
        # Nearly all objects are the very same ones, and comparing them takes time.
        return found is value or found == value


class Lookup:
    """The objects that rules refer to by name."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.services: Table[Service] = Table(snapshot.services)
        self.port_numbers: Table[PortNumbers] = Table(snapshot.port_numbers)
        self.secrets: Table[Secret] = Table(snapshot.secrets)
        self._tables: Mapping[str, Table[Any]] = {
            "services": self.services,
            "port_numbers": self.port_numbers,
            "secrets": self.secrets,
        }

    def asked(self) -> Asked:
        """Return what was looked up since this was last called."""
        return tuple(self._taken())

    def still(self, asked: Asked) -> bool:
        """Whether these answers would be given again."""
        tables = self._tables
        return all(tables[table].still(name, value) for table, name, value in asked)

    def _taken(self) -> Iterable[tuple[str, Name, object]]:
        for table, objects in self._tables.items():
            for name, value in objects.asked.items():
                yield table, name, value
            objects.asked = {}
