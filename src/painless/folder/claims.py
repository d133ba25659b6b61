"""Which file each object comes from: the first by name, and the next one when that goes.

Work is proportional to the files that changed, not to those that are there.
"""

from collections.abc import Iterator, Mapping

from painless.folder.manifest import Entry, Manifest
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Object, ObjectRef


class Claims:
    """All manifests of a folder, the object that each reference stands for, and what there is to say."""

    def __init__(self) -> None:
        self.objects: dict[ObjectRef, Object] = {}
        self._manifests: dict[str, Manifest] = {}
        # In tuples, since nearly all have one, and a set takes four times the memory.
        self._claimants: dict[ObjectRef, tuple[str, ...]] = {}
        self._duplicates: dict[ObjectRef, tuple[Diagnostic, ...]] = {}
        self._talkative: set[str] = set()

    def put(self, manifests: Mapping[str, Manifest | None]) -> tuple[list[Object], list[ObjectRef]]:
        """Take files that changed (``None`` for one that went) and return what became of the objects."""
        touched: set[ObjectRef] = set()
        for name, manifest in manifests.items():
            touched |= self._replace(name, manifest)
        upserts: list[Object] = []
        removals: list[ObjectRef] = []
        for ref in sorted(touched):
            claims = self._ranked(ref)
            self._note_duplicates(ref, claims)
            if not claims:
                if self.objects.pop(ref, None) is not None:
                    removals.append(ref)
            elif self.objects.get(ref) != (winner := claims[0][1].object):
                self.objects[ref] = winner
                upserts.append(winner)
        return upserts, removals

    def diagnostics(self) -> Iterator[Diagnostic]:
        """Yield everything there is to say, of kinds that nobody reads once for each kind."""
        ignored: dict[tuple[str, str], Diagnostic] = {}
        for name in sorted(self._talkative):
            yield from self._manifests[name].diagnostics
            ignored = {**self._manifests[name].ignored, **ignored}
        yield from ignored.values()
        for some in self._duplicates.values():
            yield from some

    def _replace(self, name: str, manifest: Manifest | None) -> set[ObjectRef]:
        before = self._manifests.pop(name, None)
        self._talkative.discard(name)
        touched = set(before.entries) if before else set()
        for ref in touched:
            self._claimants[ref] = tuple(one for one in self._claimants[ref] if one != name)
        if manifest is None:
            return touched
        self._manifests[name] = manifest
        if manifest.diagnostics or manifest.ignored:
            self._talkative.add(name)
        for ref in manifest.entries:
            self._claimants[ref] = (*self._claimants.get(ref, ()), name)
        return touched | set(manifest.entries)

    def _ranked(self, ref: ObjectRef) -> list[tuple[str, Entry]]:
        names = self._claimants[ref]
        if not names:
            del self._claimants[ref]
        manifests = [self._manifests[name] for name in sorted(names)]
        return [(one.name, entry) for one in manifests for entry in one.entries[ref]]

    def _note_duplicates(self, ref: ObjectRef, claims: list[tuple[str, Entry]]) -> None:
        self._duplicates.pop(ref, None)
        if len(claims) > 1:
            name, winner = claims[0]
            says = f"defined before in {name}:{winner.line}, which is used"
            self._duplicates[ref] = tuple(
                Diagnostic(ref, f"{other}:{entry.line}", Reason.DUPLICATE_OBJECT, Severity.ERROR, says)
                for other, entry in claims[1:]
            )
