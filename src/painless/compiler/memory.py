"""What a compile keeps for the next one, so that a changed object costs what it touches.

Nothing here decides: with an empty memory the result is the same, only later.  Each result stands beside
everything it was made of, and is used while that is unchanged; what a compile did not use is dropped.
"""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from painless.compiler.block import Block
from painless.compiler.host import Claims, Hosted, host
from painless.compiler.lookup import Asked, Lookup
from painless.compiler.options import Options
from painless.compiler.site import Server
from painless.nginx.printer import Printed
from painless.nginx.tree import Directive

K = TypeVar("K")
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Results by key, of one compile and the one before it."""

    def __init__(self) -> None:
        self._before: dict[K, tuple[object, V]] = {}
        self._now: dict[K, tuple[object, V]] = {}

    def turn(self) -> None:
        """Begin a compile: what the last one did not use is forgotten."""
        self._before, self._now = self._now, {}

    def branch(self) -> "Kept[K, V]":
        """Return a copy that starts from the same results; neither notices what the other compiles."""
        one: Kept[K, V] = Kept()
        # Nobody but the compile under way writes to one of them, and then the other is the full one.
        one._now = max(self._before, self._now, key=len)
        return one

    def get(self, key: K, made_of: object, make: Callable[[], V]) -> V:
        """Return the result for ``key``, made anew unless it was made of the same before."""
        known = self._before.get(key)
        # Tuples of the very same objects are compared at once.
        value = known[1] if known is not None and known[0] == made_of else make()
        self._now[key] = made_of, value
        return value


class Hosts:
    """What hosts come to: kept while nobody says anything new and what they looked up is the same."""

    def __init__(self) -> None:
        self._before: dict[str, tuple[Claims, Asked, Hosted]] = {}
        self._now: dict[str, tuple[Claims, Asked, Hosted]] = {}

    def turn(self) -> None:
        self._before, self._now = self._now, {}

    def branch(self) -> "Hosts":
        one = Hosts()
        one._now = max(self._before, self._now, key=len)
        return one

    def get(self, name: str, claims: Claims, lookup: Lookup, options: Options) -> Hosted:
        known = self._before.get(name)
        if known is None or known[0] != claims or not lookup.still(known[1]):
            found = host(name, claims, lookup, options)
            known = claims, lookup.asked(), found
        self._now[name] = known
        return known[2]


class Memory:
    """All that is kept, for one set of options and one ConfigMap."""

    def __init__(self) -> None:
        self._of: object = None
        self._clear()

    def begin(self, of: object) -> None:
        """Begin a compile; with other options or settings for all, nothing of the last one counts."""
        if self._of != of:
            self._clear()
            self._of = of
        for one in (self.hosts, self.servers, self.routes, self.blocks, self.upstreams, self.printed):
            one.turn()

    def branch(self) -> "Memory":
        """Return what a compile of something else starts from, at any time; this memory stays as it is."""
        one = Memory()
        one._of, one.hosts, one.servers = self._of, self.hosts.branch(), self.servers.branch()
        one.routes, one.blocks = self.routes.branch(), self.blocks.branch()
        one.upstreams, one.printed = self.upstreams.branch(), self.printed.branch()
        return one

    def keep(self, one: Directive, make: Callable[[], Printed]) -> Printed:
        """Return what a block is printed as."""
        return self.printed.get(id(one), (one,), make)

    def _clear(self) -> None:
        self.hosts = Hosts()
        self.servers: Kept[tuple[str, bool], Server] = Kept()
        self.routes: Kept[tuple[str, bool], Mapping[str, frozenset[str]]] = Kept()
        self.blocks: Kept[object, Block] = Kept()
        self.upstreams: Kept[str, Directive] = Kept()
        self.printed: Kept[int, Printed] = Kept()
