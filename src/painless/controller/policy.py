"""Ingresses that the operator's policy does not take, and what is served in their place: their state before.

Pure.  Which ones those are is the compiler's to say (``refusals``), which leaves them out where nothing is
known of before.
"""

from collections.abc import Mapping

from msgspec import Struct, structs

from painless.compiler import Compiled, refusals, settings_for_all
from painless.compiler.claim import is_ours
from painless.compiler.options import Options
from painless.controller.quarantine import Objects
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Ingress, Object, ObjectRef
from painless.model.snapshot import Snapshot


class TurnedAway(Struct, frozen=True):
    """Versions that are not taken, the ones in their place, and what their owners are told."""

    refused: Mapping[ObjectRef, Object] = {}
    earlier: Mapping[ObjectRef, Object] = {}
    why: tuple[Diagnostic, ...] = ()

    def of(self, objects: Objects) -> Mapping[ObjectRef, Object]:
        """Return what stands in the place of objects of which these are still the versions."""
        return {ref: one for ref, one in self.earlier.items() if objects.get(ref) == self.refused[ref]}

    def told(self, compiled: Compiled) -> Compiled:
        """Return what was compiled with what is told of those that are not in it."""
        if not self.why:
            return compiled
        return structs.replace(compiled, diagnostics=tuple(sorted({*compiled.diagnostics, *self.why})))


def turned_away(snapshot: Snapshot, good: Objects, options: Options) -> TurnedAway:
    """Return the Ingresses of the snapshot that are not taken and were served before, as in ``good``."""
    changed = [one for one in snapshot.ingresses if good.get(one.ref, one) is not one]
    changed = [one for one in changed if one != good[one.ref] and is_ours(one, snapshot, options)]
    if not changed:
        return TurnedAway()
    config, _ = settings_for_all(snapshot, options)
    found = refusals(changed, options, config)
    before = [one for one in (good[ref] for ref in found) if isinstance(one, Ingress)]
    # What was served before may be refused as well, when the policy has changed.
    kept = {one.ref: one for one in before if one.ref not in refusals(before, options, config)}
    new = {one.ref: one for one in changed if one.ref in kept}
    return TurnedAway(new, kept, tuple(found[ref] for ref in kept))
