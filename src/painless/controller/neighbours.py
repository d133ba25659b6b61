"""Which Ingresses name the same hosts: an index that each change of one of them brings up to date."""

from collections.abc import Iterable

from painless.compiler.admission import names_of
from painless.model.objects import Ingress, ObjectRef


class Neighbours:
    """Ingresses by the names they have to share."""

    def __init__(self) -> None:
        self._by_name: dict[str, set[ObjectRef]] = {}

    def add(self, one: Ingress) -> None:
        for name in names_of(one):
            self._by_name.setdefault(name, set()).add(one.ref)

    def drop(self, one: Ingress) -> None:
        """Forget an Ingress, as it was added."""
        for name in names_of(one):
            left = self._by_name[name]
            left.discard(one.ref)
            if not left:
                del self._by_name[name]

    def of(self, names: Iterable[str]) -> frozenset[ObjectRef]:
        """Return every Ingress that has one of these names."""
        return frozenset(ref for name in names for ref in self._by_name.get(name, ()))
