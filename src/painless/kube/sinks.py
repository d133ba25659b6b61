"""Where a reflector's objects go: to what we know, or to the set of namespaces that count."""

import asyncio
from collections.abc import Callable

from painless.kube.decode import head_of
from painless.kube.kinds import NAMESPACE, Feed
from painless.kube.known import Known
from painless.model.objects import ObjectRef


class Objects:
    """Takes what one feed brings of the objects that count."""

    def __init__(self, feed: Feed, known: Known, rang: Callable[[], None]) -> None:
        self.done = asyncio.Event()
        self._feed = feed
        self._known = known
        self._rang = rang
        self._listed: set[ObjectRef] = set()

    def begin(self) -> None:
        self._listed = set()

    def listed(self, raw: bytes) -> None:
        self._listed.add(self._known.put(self._feed.kind, raw))

    def end(self) -> None:
        self._known.listed(self._feed, self._listed)
        self._listed = set()
        self.done.set()
        self._rang()

    def event(self, kind: str, raw: bytes) -> None:
        if kind == "DELETED":
            self._known.gone(head_of(self._feed.kind, raw).ref)
        else:
            self._known.put(self._feed.kind, raw)
        self._rang()


class Names:
    """Takes the namespaces that the selector matches."""

    def __init__(self, select: Callable[[frozenset[str]], None]) -> None:
        self.done = asyncio.Event()
        self._select = select
        self._names: set[str] = set()
        self._listed: set[str] = set()

    def begin(self) -> None:
        self._listed = set()

    def listed(self, raw: bytes) -> None:
        self._listed.add(_name(raw))

    def end(self) -> None:
        self._names = self._listed
        self._select(frozenset(self._names))
        self.done.set()

    def event(self, kind: str, raw: bytes) -> None:
        change = self._names.discard if kind == "DELETED" else self._names.add
        change(_name(raw))
        self._select(frozenset(self._names))


def _name(raw: bytes) -> str:
    return head_of(NAMESPACE, raw).ref.name
