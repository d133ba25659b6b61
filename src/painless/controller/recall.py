"""What a controller leaves to the next one: the objects that NGINX took, and those it refuses.

Values in, bytes out; the disk writes them.  Without them a restart would not know what was good of an object
that is refused, and would try again what is known to be refused.  Secrets are not in it.
"""

import msgspec
from msgspec import Struct

from painless.controller.quarantine import Held, Objects, Quarantine, around_of
from painless.model.objects import ConfigMap, Ingress, IngressClass, Object, ObjectRef, Secret, Service

FORMAT = 1
"""Raised when an object's fields change their meaning; what another version wrote is as good as nothing."""


class _Objects(Struct, frozen=True):
    """Objects by kind, so that the reader need not guess which one it is."""

    ingresses: tuple[Ingress, ...]
    classes: tuple[IngressClass, ...]
    services: tuple[Service, ...]
    configmaps: tuple[ConfigMap, ...]

    def all(self) -> dict[ObjectRef, Object]:
        found: tuple[Object, ...] = self.ingresses
        found += (*self.classes, *self.services, *self.configmaps)
        return {one.ref: one for one in found}


class _Held(Struct, frozen=True):
    """What is known of a held object besides its two versions."""

    ref: ObjectRef
    says: str
    field: str
    tries: int
    left_out: bool


class _Recalled(Struct, frozen=True):
    format: int
    good: _Objects
    refused: _Objects
    held: tuple[_Held, ...]


def encoded(good: Objects, held: Quarantine) -> bytes:
    """Return the objects that NGINX took, and what is held."""
    refused = {ref: one.refused for ref, one in held.items() if one.refused is not None}
    about = (
        _Held(ref, one.says, one.field, one.tries, one.good is None)
        for ref, one in sorted(held.items())
        if ref in refused and not isinstance(one.refused, Secret)
    )
    return msgspec.msgpack.encode(_Recalled(FORMAT, _kinds(good), _kinds(refused), tuple(about)))


def recalled(content: bytes, objects: Objects, now: float) -> tuple[Objects, Quarantine]:
    """Return what was encoded, given the objects of today; nothing if it cannot be read.

    Secrets count as good: there is nothing to compare them with.
    """
    try:
        found = msgspec.msgpack.decode(content, type=_Recalled)
    except msgspec.MsgspecError:
        return {}, {}
    if found.format != FORMAT:
        return {}, {}
    good = found.good.all() | {ref: one for ref, one in objects.items() if isinstance(one, Secret)}
    refused = found.refused.all()
    held = {
        one.ref: Held(
            refused=refused.get(one.ref),
            good=None if one.left_out else good.get(one.ref),
            says=one.says,
            field=one.field,
            around=around_of(one.ref, objects),
            tries=one.tries,
            at=now,
        )
        for one in found.held
    }
    return good, held


def _kinds(objects: Objects) -> _Objects:
    some = objects.values()
    return _Objects(
        ingresses=tuple(one for one in some if isinstance(one, Ingress)),
        classes=tuple(one for one in some if isinstance(one, IngressClass)),
        services=tuple(one for one in some if isinstance(one, Service)),
        configmaps=tuple(one for one in some if isinstance(one, ConfigMap)),
    )
