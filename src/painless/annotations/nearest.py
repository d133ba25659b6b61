"""Suggests the known name that an author may have meant."""

import difflib
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=1024)
def _closest(name: str, known: frozenset[str]) -> str:
    found = difflib.get_close_matches(name[:100], sorted(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the closest known name; empty when none is near."""
    found = _closest(name, frozenset(known))
    return f"did you mean {found}?" if found else ""
