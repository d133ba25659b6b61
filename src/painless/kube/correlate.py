"""Which Events are written, and which only count: as client-go does it, pure.

The same words about the same object are one Event with a count.  Its name follows from what it says, so that
a controller that starts anew, or a second one that tells the same, meets the Event that is there.  An object
that has too much said about it is told less.
"""

import hashlib
from collections import OrderedDict
from enum import StrEnum

from msgspec import Struct

from painless.model.objects import ObjectRef

BURST, REFILL = 25, 300.0
"""Events about one object at once, and seconds until one more may be told: client-go's figures."""
KNOWN = 4096
"""Events and objects that are remembered, as many as client-go does."""
LONGEST = 1024
"""Characters of a message: as much as events.k8s.io takes."""


class Kind(StrEnum):
    """The two types of Event."""

    NORMAL = "Normal"
    WARNING = "Warning"


class Note(Struct, frozen=True):
    """Something to tell about an object."""

    about: ObjectRef
    kind: Kind
    reason: str
    says: str


class Told(Struct, frozen=True):
    """An Event as it is to be written: whether we wrote it before, and how often it happened then."""

    name: str
    count: int

    @property
    def known(self) -> bool:
        return self.count > 1


class _Bucket(Struct):
    left: float
    at: float


class Correlator:
    """Remembers what was told; bounded."""

    def __init__(self) -> None:
        self._told: OrderedDict[str, int] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def tell(self, note: Note, uid: str, now: float) -> Told | None:
        """Return the Event to write, none when there are too many about this object."""
        if not self._may(uid, now):
            return None
        name = event_name(note, uid)
        return Told(name, self._told.get(name, 0) + 1)

    def written(self, name: str, count: int) -> None:
        """Note that an Event was written and has happened so often."""
        self._told[name] = count
        self._told.move_to_end(name)
        _bound(self._told)

    def forget(self, name: str) -> None:
        """Note that an Event is no more: the API server keeps them for an hour."""
        self._told.pop(name, None)

    def _may(self, uid: str, now: float) -> bool:
        bucket = self._buckets.setdefault(uid, _Bucket(BURST, now))
        self._buckets.move_to_end(uid)
        _bound(self._buckets)
        bucket.left = min(BURST, bucket.left + (now - bucket.at) / REFILL)
        bucket.at = now
        if bucket.left < 1:
            return False
        bucket.left -= 1
        return True


def event_name(note: Note, uid: str) -> str:
    """Return the name of the Event: equal for equal words about the same object."""
    said = f"{uid}\0{note.kind}\0{note.reason}\0{note.says}"
    # Names end at 253 characters; what is cut off is in the hash.
    return f"{note.about.name[:230]}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def short(says: str) -> str:
    return says if len(says) <= LONGEST else says[: LONGEST - 1] + "…"


def _bound(some: OrderedDict[str, object] | OrderedDict[str, int] | OrderedDict[str, _Bucket]) -> None:
    while len(some) > KNOWN:
        some.popitem(last=False)
