"""Whose ``server-snippet`` a host has, and what of it gives way to the host's paths.

As in ingress-nginx the oldest Ingress with one has its way.  What others wrote is told; where that would keep
somebody out, their own paths are closed.
"""

from collections.abc import Iterable

from msgspec import Struct, structs

from painless.annotations.snippet import Snippet, every
from painless.annotations.snippet_policy import closes
from painless.compiler.lower_snippets import key_of
from painless.compiler.site import Denied, Location, Modifier
from painless.features import Parsed
from painless.features.snippets import SERVER
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef, Origin
from painless.nginx.tree import Directive, block

_CLOSED = "the paths answer 503 until this is mended: it may keep somebody out"


class Had(Struct, frozen=True):
    """The snippet of a host and whose it is."""

    snippet: Snippet
    origin: Origin


class Heard:
    """The snippet that a host has; collects what is told about those that it has not."""

    def __init__(self, rules: Iterable[tuple[Ingress, Parsed, int]], prefix: str) -> None:
        self._field = f"metadata.annotations[{prefix}/{SERVER.name}]"
        self.had: Had | None = None
        self.diagnostics: list[Diagnostic] = []
        self._closed: dict[ObjectRef, str] = {}
        for ingress, settings, _ in rules:
            if settings.server_snippet is None:
                continue
            if self.had is None:
                self.had = Had(settings.server_snippet, Origin(ingress.ref, self._field))
            elif settings.server_snippet != self.had.snippet:
                self._lose(ingress.ref, settings.server_snippet, self.had.origin.ref)

    def _lose(self, ref: ObjectRef, snippet: Snippet, winner: ObjectRef) -> None:
        says = f"a host of it has the {SERVER.name} of {winner}"
        if snippet.closes:
            self._closed[ref] = says
        hint = _CLOSED if snippet.closes else "the older Ingress has its way"
        self._say(ref, says, hint, closed=snippet.closes)

    def closed(self, ref: ObjectRef) -> str:
        """Return why the paths of an Ingress are closed, if they are."""
        return self._closed.get(ref, "")

    def beside(self, locations: tuple[Location, ...]) -> tuple[Location, ...]:
        """Leave out of the snippet what the host's paths have, and return these; some may be closed by it."""
        if self.had is None:
            return locations
        ours = {key_of(_as_directive(one)): one for one in locations}
        taken = {
            key_of(one): one
            for one in self.had.snippet.tree
            if one.name == "location" and key_of(one) in ours
        }
        if not taken:
            return locations
        shut: dict[tuple[str, str], str] = {}
        for key, one in taken.items():
            closed = any(closes(each.name) for each in every(one.block or ()))
            says = f"found a location for {ours[key].pattern}, which {ours[key].route.origin.ref} serves"
            self._say(self.had.origin.ref, says, _CLOSED if closed else "the path stays", closed=closed)
            shut |= {key: says} if closed else {}
        tree = tuple(one for one in self.had.snippet.tree if one not in taken.values())
        self.had = structs.replace(self.had, snippet=structs.replace(self.had.snippet, tree=tree))
        return tuple(_shut(one, shut.get(key_of(_as_directive(one)), "")) for one in locations)

    def _say(self, ref: ObjectRef, says: str, hint: str, *, closed: bool) -> None:
        reason = Reason.LOCATION_DENIED if closed else Reason.SNIPPET_DIRECTIVE
        severity = Severity.REJECTED if closed else Severity.ERROR
        self.diagnostics.append(Diagnostic(ref, self._field, reason, severity, says, hint))


def _as_directive(one: Location) -> Directive:
    words = (one.modifier.value, one.pattern) if one.modifier is not Modifier.PREFIX else (one.pattern,)
    return block("location", *words, body=())


def _shut(one: Location, why: str) -> Location:
    return structs.replace(one, route=structs.replace(one.route, answer=Denied(why))) if why else one
