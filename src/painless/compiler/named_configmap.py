"""The ConfigMap that an annotation names: what an Ingress means is complete once it has been read.

Pure, and before ``merge``.  Each reader says what is asked, reads, and puts the result in place; here is what
all of them share: that an equal question is answered once, whoever asks, and told to each.
"""

from collections.abc import Callable, Hashable, Mapping
from functools import lru_cache
from typing import Generic, TypeVar

from msgspec import structs

from painless.annotations.decode import REQUEST_VARIABLES, Decoder, Rejected, matching, with_variables
from painless.features import Parsed
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ConfigMap, ObjectRef
from painless.model.snapshot import Name
from painless.nginx.tokens import Expr

More = TypeVar("More", bound=Hashable)

ConfigMaps = Mapping[Name, ConfigMap]

ANY = ObjectRef("Ingress", "", "")
"""Stands for each of the Ingresses that share what their annotations mean."""


one_line = matching(r"[^\x00-\x1f\x7f\ud800-\udfff]*", "a value without control characters")
"""Decodes a value as text."""


def expression(allowed: frozenset[str] = REQUEST_VARIABLES) -> Decoder[Expr]:
    """Return a decoder of values that name the ``allowed`` variables."""

    def decode(text: str) -> Expr | Rejected:
        found = one_line(text)
        return found if isinstance(found, Rejected) else with_variables(found, allowed=allowed)

    return decode


class Reader(Generic[More]):
    """Completes what annotations mean, with the ConfigMap that ``names`` says they name, if any.

    ``read`` gets the settings of any Ingress with these annotations, the ConfigMap, and what more it needs to
    know; in what it finds, ``ANY`` stands for the Ingress.
    """

    def __init__(
        self,
        names: Callable[[Parsed], Name | None],
        read: Callable[[Parsed, ConfigMap | None, More], Parsed],
    ) -> None:
        self._names = names
        self._read = read
        # As many as there are results of parsing; Ingresses with the same annotations share theirs.
        self._remembered = lru_cache(maxsize=16_384)(read)

    def __call__(
        self, settings: Parsed, ref: ObjectRef, configmaps: ConfigMaps, more: More, *, remember: bool = True
    ) -> Parsed:
        """Return the settings of ``ref``; what strangers send to be looked at is not remembered."""
        name = self._names(settings)
        if name is None:
            return settings
        read = self._remembered if remember else self._read
        found = read(settings, configmaps.get(name), more)
        said = found.diagnostics[len(settings.diagnostics) :]
        if not said:
            return found
        about = tuple(structs.replace(one, about=ref) for one in said)
        return structs.replace(found, diagnostics=(*settings.diagnostics, *about))


def closing(field: str, says: str, reason: Reason = Reason.LOCATION_DENIED) -> Diagnostic:
    """Return what is said where a location is closed, since what it names cannot be had."""
    hint = "the location answers 503 until this is mended"
    return Diagnostic(ANY, field, reason, Severity.REJECTED, says, hint)
