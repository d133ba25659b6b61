"""Objects that NGINX refuses, and what is compiled in their place until they are mended.

Pure: objects in, objects out.  The compiler does not know of it: it gets the earlier good version of a held
object, or none.  Who is to be held is found by ``search``.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from painless.controller.search import Found
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, Object, ObjectRef, ServiceBackend
from painless.plan.changes import Differ, Kind

AGAIN = (60.0, 3600.0)
"""Seconds until what did not change is tried again, doubling: it may have met something that is gone."""
MENDED = (1.0, 60.0)
"""Seconds from the second refusal until a further version is tried, doubling: the first is tried at once."""
AWAY = 3600.0
"""Seconds for which it is known of an object that is gone that it was refused."""
_DOUBLED = 10  # Times; both have come to their longest by then.

Objects = Mapping[ObjectRef, Object]


class Held(Struct, frozen=True):
    """One object that is held back: which version is refused, and which one is compiled in its place.

    ``refused`` is ``None`` when that the object is gone is what NGINX refuses.  ``around`` is what it refers
    to.  ``tries`` counts refusals in a row, the last of which was at ``at``.
    """

    refused: Object | None
    good: Object | None
    says: str
    field: str
    around: tuple[Object | None, ...] = ()
    tries: int = 1
    at: float = 0.0

    def due(self, ref: ObjectRef, objects: Objects) -> float:
        """Return when it is to be tried again."""
        doubled = 2.0 ** min(self.tries - 1, _DOUBLED)
        if self.refused == objects.get(ref) and self.around == around_of(ref, objects):
            return self.at + min(AGAIN[0] * doubled, AGAIN[1])
        return self.at + (min(MENDED[0] * doubled / 2, MENDED[1]) if self.tries > 1 else 0.0)


Quarantine = Mapping[ObjectRef, Held]


def compiled_of(objects: Objects, instead: Mapping[ObjectRef, Object | None]) -> dict[ObjectRef, Object]:
    """Return the objects that are compiled: in place of held ones their earlier good versions, or none."""
    kept = dict(objects)
    for ref, one in instead.items():
        if one is not None:
            kept[ref] = one
        else:
            kept.pop(ref, None)
    return kept


def present(
    held: Quarantine, away: Quarantine, objects: Objects, now: float
) -> tuple[Quarantine, Quarantine]:
    """Return what is held of the objects there are, and what is known of those that are away.

    Nobody serves on what its owner has removed.  What comes back is held as it was, without an earlier state:
    to come and go again and again must not be a way to be tried again and again.
    """
    gone = {ref: one for ref, one in held.items() if ref not in objects and one.refused is not None}
    back = {ref: one for ref, one in away.items() if ref in objects and ref not in held}
    if not gone and not back:
        return held, away
    kept = {ref: one for ref, one in held.items() if ref not in gone}
    kept |= {ref: structs.replace(one, good=None) for ref, one in back.items()}
    still = {ref: one for ref, one in {**away, **gone}.items() if ref not in kept and now - one.at < AWAY}
    return kept, still


def due(held: Quarantine, objects: Objects, now: float) -> frozenset[ObjectRef]:
    """Return what is to be tried again: because it changed, what it refers to did, or it waited enough."""
    return frozenset(ref for ref, one in held.items() if one.due(ref, objects) <= now)


def next_due(held: Quarantine, objects: Objects) -> float:
    """Return when the next one is to be tried again."""
    return min((one.due(ref, objects) for ref, one in held.items()), default=float("inf"))


def changed(objects: Objects, good: Objects) -> frozenset[ObjectRef]:
    """Return what differs from what NGINX took; identity first, since thousands are the same."""
    new = (ref for ref, one in objects.items() if (old := good.get(ref)) is not one and old != one)
    return frozenset(new) | (good.keys() - objects.keys())


def differ(objects: Objects, good: Objects) -> Differ | None:
    """Return what happened to which objects since NGINX took ``good``; ``None`` when that is not known."""
    if not good:
        return None
    return {
        ref: Kind.ADDED if ref not in good else Kind.CHANGED if ref in objects else Kind.REMOVED
        for ref in changed(objects, good)
    }


def hold(held: Quarantine, found: Found, objects: Objects, good: Objects, now: float) -> Quarantine:
    """Return ``held`` with what a search has found."""
    new = {}
    for ref, blame in found.refused.items():
        version = objects.get(ref)
        kept = None if ref in found.left_out else good.get(ref)
        one = Held(version, kept, blame.says, blame.field(ref), around=around_of(ref, objects), at=now)
        new[ref] = _again(held[ref], one) if ref in held else one
    return {**held, **new}


def _again(before: Held, one: Held) -> Held:
    """Return the state of what was refused before, too."""
    tries = before.tries + 1
    if before.refused != one.refused:
        return structs.replace(one, tries=tries)
    # In the words of the first time: the line's number says nothing, and a finding should not flicker.
    return structs.replace(one, tries=tries, says=before.says, field=before.field)


def refers_to(ref: ObjectRef, objects: Objects) -> tuple[ObjectRef, ...]:
    """Return what an Ingress may mean by the names in it: Services, Secrets and ConfigMaps beside it."""
    one = objects.get(ref)
    if not isinstance(one, Ingress):
        return ()
    backends = (path.backend for rule in one.rules for path in rule.paths)
    named = (*backends, one.default_backend)
    names = {backend.name for backend in named if isinstance(backend, ServiceBackend)}
    names |= {tls.secret for tls in one.tls}
    names |= {value.rpartition("/")[2] for _, value in one.annotations}
    kinds = ("ConfigMap", "Secret", "Service")
    return tuple(ObjectRef(kind, ref.namespace, name) for name in sorted(names) for kind in kinds)


def around_of(ref: ObjectRef, objects: Objects) -> tuple[Object | None, ...]:
    return tuple(objects.get(one) for one in refers_to(ref, objects))


def around(refs: Iterable[ObjectRef], objects: Objects) -> frozenset[ObjectRef]:
    """Return what these objects refer to, and the settings that all Ingresses share."""
    shared = {ref for ref in objects if ref.kind in {"ConfigMap", "IngressClass"}}
    return frozenset({one for ref in refs for one in refers_to(ref, objects)} | shared)


def findings(held: Quarantine) -> tuple[Diagnostic, ...]:
    """Return what the owners of held objects are told."""
    return tuple(sorted(_finding(ref, one) for ref, one in held.items()))


def _finding(ref: ObjectRef, one: Held) -> Diagnostic:
    says = f"NGINX refuses it: {one.says}"
    severity, hint = (
        (Severity.REJECTED, "it is left out until it is mended")
        if one.good is None
        else (Severity.ERROR, "its state from before is served on until it is mended")
    )
    return Diagnostic(ref, one.field, Reason.CONFIGURATION_REFUSED, severity, says, hint)
