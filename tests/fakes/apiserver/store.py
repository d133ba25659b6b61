"""What is kept: objects, one counter of versions, and the changes of late that watches are fed from.

Objects are dicts that nobody changes after they were stored; each is encoded once, whoever asks for it.
Where objects come from and whether they are right is for ``writes``.
"""

from asyncio import Event
from bisect import bisect_right
from collections.abc import Iterable, Iterator

import msgspec
from msgspec import Struct
from tests.fakes.apiserver.events import as_events_v1
from tests.fakes.apiserver.kinds import KINDS, Json, Kind, storage_of
from tests.fakes.apiserver.refusals import expired
from tests.fakes.apiserver.selectors import Test, everything

HISTORY = 50_000
"""How many changes of a kind are remembered; a real server remembers some minutes."""

SNAPSHOTS = 64
"""How many lists that were begun in pages can be continued."""

Key = tuple[str, str]


class Stored(Struct, frozen=True, eq=False):
    """An object as it was at one version."""

    object: Json
    body: bytes
    version: int

    def body_as(self, kind: Kind) -> bytes:
        return msgspec.json.encode(as_events_v1(self.object)) if kind.shown_as else self.body

    def as_kind(self, kind: Kind) -> Json:
        return as_events_v1(self.object) if kind.shown_as else self.object


class Change(Struct, frozen=True, eq=False):
    """One step of one object; ``now`` of a deletion carries the version of the deletion."""

    version: int
    before: Stored | None
    now: Stored
    deleted: bool = False

    def seen_by(self, test: Test) -> str:
        """Return the type of the event for a watch with this selector, ``""`` if it sees nothing."""
        was = self.before is not None and test(self.before.object)
        now = not self.deleted and test(self.now.object)
        if now:
            return "MODIFIED" if was else "ADDED"
        return "DELETED" if was else ""


class Store:
    """All objects of one server."""

    def __init__(self) -> None:
        self.version = 1
        self._objects: dict[Kind, dict[Key, Stored]] = {kind: {} for kind in KINDS}
        self._log: dict[Kind, list[Change]] = {kind: [] for kind in KINDS}
        self._forgotten: dict[Kind, int] = dict.fromkeys(KINDS, 0)
        self._waiting: dict[Kind, set[Event]] = {kind: set() for kind in KINDS}
        self._pages: dict[int, list[Stored]] = {}
        self._tickets = 0

    def get(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        return self._objects[storage_of(kind)].get((namespace, name))

    def all(self, kind: Kind, namespace: str = "", test: Test = everything) -> list[Stored]:
        """Return what is there now, in the order of a real server: by namespace and name."""
        found = self._objects[storage_of(kind)]
        return [
            one
            for key, one in sorted(found.items())
            if (not namespace or key[0] == namespace) and test(one.object)
        ]

    def put(self, kind: Kind, found: Json) -> Stored:
        """Keep an object under the next version, whatever it looks like."""
        kind = storage_of(kind)
        key = key_of(found)
        before = self._objects[kind].get(key)
        now = self._stamped(found)
        self._objects[kind][key] = now
        self._tell(kind, Change(now.version, before, now))
        return now

    def remove(self, kind: Kind, key: Key) -> Stored:
        kind = storage_of(kind)
        before = self._objects[kind].pop(key)
        last = self._stamped(before.object)
        self._tell(kind, Change(last.version, before, last, deleted=True))
        return last

    def since(self, kind: Kind, version: int) -> list[Change]:
        """Return the changes after a version; raise ``Refusal`` when they are forgotten."""
        kind = storage_of(kind)
        if version < self._forgotten[kind]:
            raise expired(f"too old resource version: {version} ({self._forgotten[kind]})")
        log = self._log[kind]
        return log[bisect_right(log, version, key=lambda one: one.version) :]

    def latest(self, kind: Kind, count: int) -> list[Change]:
        return self._log[storage_of(kind)][-count:]

    def compact(self) -> None:
        """Forget all changes, and the lists that somebody reads in pages."""
        for kind in KINDS:
            self._log[kind].clear()
            self._forgotten[kind] = self.version
        self._pages.clear()

    def keep_pages(self, found: list[Stored]) -> int:
        """Keep a list as it is now; return the number that ``pages`` wants."""
        self._tickets += 1
        self._pages[self._tickets] = found
        if len(self._pages) > SNAPSHOTS:
            del self._pages[min(self._pages)]
        return self._tickets

    def pages(self, ticket: int) -> list[Stored]:
        if ticket not in self._pages:
            raise expired(
                "The provided continue parameter is too old to display a consistent list result. You can "
                "start a new list without the continue parameter."
            )
        return self._pages[ticket]

    def listen(self, kind: Kind, bell: Event) -> None:
        """Have an event set at each change of a kind."""
        self._waiting[storage_of(kind)].add(bell)

    def leave(self, kind: Kind, bell: Event) -> None:
        self._waiting[storage_of(kind)].discard(bell)

    def ring(self, kinds: Iterable[Kind] = KINDS) -> None:
        for kind in kinds:
            for bell in self._waiting[kind]:
                bell.set()

    def __iter__(self) -> Iterator[Stored]:
        for found in self._objects.values():
            yield from found.values()

    def _stamped(self, found: Json) -> Stored:
        self.version += 1
        stamped = {**found, "metadata": {**found["metadata"], "resourceVersion": str(self.version)}}
        return Stored(stamped, msgspec.json.encode(stamped), self.version)

    def _tell(self, kind: Kind, change: Change) -> None:
        log = self._log[kind]
        log.append(change)
        if len(log) >= 2 * HISTORY:
            self._forgotten[kind] = log[HISTORY - 1].version
            del log[:HISTORY]
        self.ring([kind])


def key_of(found: Json) -> Key:
    return found["metadata"].get("namespace") or "", found["metadata"]["name"]
