"""How Ingresses stand at the API server: identity, version and the addresses in their status.

What is served does not depend on it, so it is no part of the objects: a status that changes, by us or by
others, starts no work but that of whoever writes statuses.
"""

from collections.abc import Callable

import msgspec
from msgspec import Struct

from painless.model.snapshot import Name


class Address(Struct, frozen=True, order=True, gc=False, omit_defaults=True):
    """Where clients find us: an IP address or a name."""

    ip: str = ""
    hostname: str = ""


Addresses = frozenset[Address]


class Standing(Struct, frozen=True, gc=False):
    """One Ingress, as far as an answer to its owner needs it."""

    uid: str
    version: str
    addresses: Addresses


class _LoadBalancer(Struct, gc=False):
    ingress: tuple[Address, ...] | None = None


class _Status(Struct, gc=False, rename="camel"):
    load_balancer: _LoadBalancer | None = None


class _Metadata(Struct, gc=False, rename="camel"):
    name: str
    namespace: str
    uid: str = ""
    resource_version: str = ""


class _Ingress(Struct, gc=False):
    metadata: _Metadata
    status: _Status | None = None


_DECODER = msgspec.json.Decoder(_Ingress)


class Standings:
    """All Ingresses that the API server has told of; ``changed`` hears whose addresses are others."""

    def __init__(self, changed: Callable[[Name, Addresses, Addresses], None]) -> None:
        self._changed = changed
        self._known: dict[Name, Standing] = {}

    def take(self, raw: bytes) -> Name | None:
        """Take an Ingress as a list, a watch or the answer to a write has it; return whose that is."""
        try:
            one = _DECODER.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None  # The source of objects tells its owner; nothing of it is served.
        name = one.metadata.namespace, one.metadata.name
        balancer = one.status.load_balancer if one.status else None
        addresses = frozenset((balancer.ingress if balancer else None) or ())
        new = Standing(one.metadata.uid, one.metadata.resource_version, addresses)
        old = self._known.get(name)
        if old is not None and _older(new, old):
            return name
        self._known[name] = new
        before: Addresses = old.addresses if old and old.uid == new.uid else frozenset()
        if old is None or before != addresses:
            self._changed(name, before, addresses)
        return name

    def drop(self, name: Name) -> None:
        self._known.pop(name, None)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, name: Name) -> Standing | None:
        return self._known.get(name)


class Watched:
    """A sink of one feed of Ingresses: what its lists no longer have is gone."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings
        self._mine: set[Name] = set()
        self._listed: set[Name] = set()

    def begin(self) -> None:
        self._listed = set()

    def listed(self, raw: bytes) -> None:
        if name := self._standings.take(raw):
            self._listed.add(name)

    def end(self) -> None:
        for name in self._mine - self._listed:
            self._standings.drop(name)
        self._mine, self._listed = self._listed, set()

    def event(self, kind: str, raw: bytes) -> None:
        name = self._standings.take(raw)
        if name and kind == "DELETED":
            self._standings.drop(name)
            self._mine.discard(name)
        elif name:
            self._mine.add(name)


def _older(new: Standing, old: Standing) -> bool:
    """Whether ``new`` is from before what is known: a watch lags behind the answers to our own writes."""
    if new.uid != old.uid or not (new.version.isdecimal() and old.version.isdecimal()):
        return False
    return int(new.version) < int(old.version)
