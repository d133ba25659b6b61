"""What we know of the server's objects, and what of it was not handed on yet.  Pure.

Lists, events and single answers come in, in any order between kinds; ``take`` gives the difference to what
was taken before, so that an object that comes again unchanged is no work.  Of Secrets and ConfigMaps only
those are kept that somebody refers to; an object that refers to one that is still being asked for waits for
it, so that nothing is served half.
"""

from collections.abc import Callable, Iterable

from painless.kube.decode import decode, head_of
from painless.kube.kinds import BY_REFERENCE, Feed, Kind
from painless.kube.references import Referring
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Object, ObjectRef


class Known:
    """All objects that count: those that ``accepts`` lets in."""

    def __init__(self, referring: Referring, fixed: Iterable[ObjectRef] = ()) -> None:
        self.accepts: Callable[[ObjectRef], bool] = lambda _: True
        self.objects: dict[ObjectRef, Object] = {}
        self._findings: dict[ObjectRef, tuple[Diagnostic, ...]] = {}
        self._told: tuple[Diagnostic, ...] | None = ()
        self._taken: dict[ObjectRef, Object] = {}
        self._dirty: dict[ObjectRef, None] = {}
        self._referring = referring
        self._needs: dict[ObjectRef, tuple[ObjectRef, ...]] = {}
        self._wanted: dict[ObjectRef, int] = dict.fromkeys(fixed, 1)
        self._listed_kinds: set[str] = set()
        self._asks = Asks()

    def put(self, kind: Kind, raw: bytes) -> ObjectRef:
        """Take an object as it is now, and return which one it is."""
        ref = head_of(kind, raw).ref
        self._asks.settle(ref)
        if self.accepts(ref) and self._wants(ref):
            self._keep(kind, ref, raw)
        else:
            self._forget(ref)
        return ref

    def gone(self, ref: ObjectRef) -> None:
        """Take note that an object is no more."""
        self._asks.settle(ref)
        self._forget(ref)

    def listed(self, feed: Feed, refs: set[ObjectRef]) -> None:
        """Take note that a list is complete: of what it covers, only ``refs`` exist."""
        self._listed_kinds.add(feed.kind.name)
        for ref in [ref for ref in (*self.objects, *self._findings) if feed.covers(ref)]:
            if ref not in refs:
                self.gone(ref)
        for ref in self._wanted:
            if feed.covers(ref):
                if ref not in refs:
                    self._asks.settle(ref)
                elif not self._is_known(ref) and self.accepts(ref):
                    # It came by before anybody referred to it.
                    self._asks.need(ref)

    def asks(self) -> dict[ObjectRef, int]:
        """Return what has to be asked for by name, each with the number that its answer has to bring."""
        return self._asks.begin()

    def answered(self, ref: ObjectRef, number: int, raw: bytes | None) -> None:
        """Take the answer to an ask, ``None`` when there is no such object; an old one counts nothing.

        Whatever the watch brought meanwhile counts instead: it is as new, or something newer will follow.
        """
        if self._asks.is_open(ref, number):
            self._asks.settle(ref)
            if raw is not None and self.accepts(ref):
                self._keep(BY_REFERENCE[ref.kind], ref, raw)

    def failed(self, ref: ObjectRef, number: int) -> None:
        """Take note that nobody answers for now: what refers to it waits no longer."""
        if self._asks.is_open(ref, number):
            self._asks.awaited.discard(ref)

    def is_open(self, ref: ObjectRef, number: int) -> bool:
        """Whether that ask still needs an answer."""
        return self._asks.is_open(ref, number)

    def sift(self) -> None:
        """Forget what is not accepted any more."""
        for ref in [ref for ref in (*self.objects, *self._findings) if not self.accepts(ref)]:
            self.gone(ref)

    @property
    def due(self) -> bool:
        """Whether ``asks`` would return anything."""
        return self._asks.due

    @property
    def waits(self) -> bool:
        """Whether something is asked for that others wait for."""
        return bool(self._asks.awaited)

    def take(self) -> tuple[tuple[Object, ...], tuple[ObjectRef, ...]]:
        """Return what became of the objects since this was last called: those that are new, those gone."""
        upserts: list[Object] = []
        removals: list[ObjectRef] = []
        held: dict[ObjectRef, None] = {}
        for ref in self._dirty:
            one, before = self.objects.get(ref), self._taken.get(ref)
            if one is None:
                if self._taken.pop(ref, None) is not None:
                    removals.append(ref)
            elif self._is_held(ref):
                held[ref] = None
            elif one == before:
                self.objects[ref] = before
            else:
                self._taken[ref] = one
                upserts.append(one)
        self._dirty = held
        return tuple(upserts), tuple(removals)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Everything there is to say; the very same value while nothing of it changes."""
        if self._told is None:
            self._told = tuple(sorted(one for some in self._findings.values() for one in some))
        return self._told

    def _wants(self, ref: ObjectRef) -> bool:
        return ref.kind not in BY_REFERENCE or ref in self._wanted

    def _is_known(self, ref: ObjectRef) -> bool:
        return ref in self.objects or ref in self._findings

    def _is_held(self, ref: ObjectRef) -> bool:
        awaited = self._asks.awaited
        return bool(awaited) and not awaited.isdisjoint(self._needs.get(ref, ()))

    def _keep(self, kind: Kind, ref: ObjectRef, raw: bytes) -> None:
        found = decode(kind, ref, raw)
        self._say(ref, found.diagnostics)
        if found.object is None:
            self._remove(ref)
        elif self.objects.get(ref) != found.object:
            self.objects[ref] = found.object
            self._dirty[ref] = None
            self._refer(ref, self._referring.references(found.object))

    def _forget(self, ref: ObjectRef) -> None:
        self._say(ref, ())
        self._remove(ref)

    def _remove(self, ref: ObjectRef) -> None:
        if self.objects.pop(ref, None) is not None:
            self._dirty[ref] = None
            self._refer(ref, ())

    def _say(self, ref: ObjectRef, found: tuple[Diagnostic, ...]) -> None:
        if self._findings.get(ref, ()) != found:
            self._told = None
            if found:
                self._findings[ref] = found
            else:
                del self._findings[ref]

    def _refer(self, ref: ObjectRef, now: tuple[ObjectRef, ...]) -> None:
        before = self._needs.pop(ref, ())
        if now:
            self._needs[ref] = now
        # First what is wanted now, so that what stays wanted is not forgotten in between.
        for one in now:
            self._wanted[one] = self._wanted.get(one, 0) + 1
            if self._wanted[one] == 1 and one.kind in self._listed_kinds and self.accepts(one):
                self._asks.need(one)
        for one in before:
            self._wanted[one] -= 1
            if not self._wanted[one]:
                del self._wanted[one]
                self.gone(one)


class Asks:
    """Objects that were passed by when nobody referred to them, and have to be asked for by name.

    One is open until it is settled: by its answer, or by a list or watch that has it.
    """

    def __init__(self) -> None:
        self.awaited: set[ObjectRef] = set()
        self._open: dict[ObjectRef, int] = {}
        self._due: dict[ObjectRef, None] = {}
        self._count = 0

    @property
    def due(self) -> bool:
        return bool(self._due)

    def need(self, ref: ObjectRef) -> None:
        if ref not in self._open:
            self._due[ref] = None
            self.awaited.add(ref)

    def begin(self) -> dict[ObjectRef, int]:
        begun = {}
        for ref in self._due:
            self._count += 1
            self._open[ref] = begun[ref] = self._count
        self._due.clear()
        return begun

    def settle(self, ref: ObjectRef) -> None:
        self._open.pop(ref, None)
        self._due.pop(ref, None)
        self.awaited.discard(ref)

    def is_open(self, ref: ObjectRef, number: int) -> bool:
        return self._open.get(ref) == number
