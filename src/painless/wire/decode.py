"""From one tree to one object, by its kind; also what to say of kinds that nobody reads."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from painless.model.diagnostics import Diagnostic
from painless.model.objects import Object


class Decoded(Struct, frozen=True):
    """An object, or ``None`` when nothing of it can be used, and what was wrong with it."""

    object: Object | None
    diagnostics: tuple[Diagnostic, ...] = ()


def decode_object(raw: Mapping[str, Any]) -> Decoded:
    """Decode one object that is not a list."""
    raise NotImplementedError


def decode_all(raw: Mapping[str, Any]) -> tuple[Decoded, ...]:
    """Decode one object, or each item of a ``List``."""
    raise NotImplementedError
