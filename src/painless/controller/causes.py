"""Whose changes NGINX has to load, since when they wait, and whether one of them restores service.

Pure, but for ``Arrivals``, which keeps the moments at which changes came.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from painless.controller.quarantine import changed
from painless.controller.search import Refs
from painless.controller.want import Standing, Want
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef
from painless.plan.pace import Waiting

_UNANSWERED = frozenset({Reason.SERVICE_NOT_FOUND, Reason.PORT_NOT_FOUND})
"""Findings of which the path answers an error, beside those whose object is not served."""


class Causes(Struct, frozen=True):
    """The namespaces of what changed, each with one of its objects, and those where service is restored."""

    objects: Mapping[str, ObjectRef]
    urgent: frozenset[str] = frozenset()

    def waiting(self, since: Mapping[str, float], now: float) -> Waiting:
        return Waiting({name: since.get(name, now) for name in self.objects}, self.urgent)


def causes(want: Want, standing: Standing, trial: Refs = frozenset()) -> Causes:
    """Return why ``want`` is to be loaded; ``trial`` are held objects that NGINX takes now."""
    refs = {*changed(want.objects, standing.good), *trial, *_moved(want, standing.confirmed)}
    objects: dict[str, ObjectRef] = {}
    for ref in sorted(refs):
        objects.setdefault(ref.namespace, ref)
    urgent = {ref.namespace for ref in (*trial, *_mended(want, standing.confirmed))}
    # Without a change of anybody's it is one of ours: another release writes another text.
    return Causes(objects or {"": ObjectRef("Painless", "", "configuration")}, frozenset(urgent))


def _moved(want: Want, before: Want | None) -> Iterator[ObjectRef]:
    """Yield the Services whose pods use other port numbers than before."""
    if before is None:
        return
    old, new = before.taken.port_numbers, want.taken.port_numbers
    for name in old.keys() | new.keys():
        if old.get(name) != new.get(name):
            yield ObjectRef("Service", *name)


def _mended(want: Want, before: Want | None) -> Iterator[ObjectRef]:
    """Yield the objects of which something answered an error that is not wrong any more."""
    if before is None or before.compiled.diagnostics == want.compiled.diagnostics:
        return
    still = frozenset(_closing(want.compiled.diagnostics))
    mended = (ref for ref in _closing(before.compiled.diagnostics) if ref not in still)
    yield from (ref for ref in mended if ref in want.objects)


def _closing(diagnostics: Iterable[Diagnostic]) -> Iterator[ObjectRef]:
    return (
        one.about for one in diagnostics if one.severity is Severity.REJECTED or one.reason in _UNANSWERED
    )


class Arrivals:
    """Since when the oldest change of each namespace waits, as far as it is not served."""

    def __init__(self) -> None:
        self._new: dict[str, float] = {}
        self.since: Mapping[str, float] = {}

    def came(self, namespaces: Iterable[str], now: float) -> None:
        for name in namespaces:
            self._new.setdefault(name, now)

    def take(self) -> None:
        """Count what came until now to what is compiled next."""
        self.since, self._new = {**self._new, **self.since}, {}

    def served(self) -> None:
        """Forget what was taken."""
        self.since = {}
