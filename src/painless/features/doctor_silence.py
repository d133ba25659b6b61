"""Say that a finding of the doctor about an Ingress is known.

``painless.dev/doctor-silence: "V014 it pings itself; S013 behind our own proxy"`` silences checks of
[the doctor](../how-to/run-the-doctor.md) for this Ingress, each with its reason, which the report repeats.
What other Ingresses have, too, is silenced when all of them say so.  Nothing of what is served depends on it.
"""

import re

from painless.annotations.base import OURS, Key, Values
from painless.annotations.decode import Rejected
from painless.model.objects import Ingress

_ONE = re.compile(r"([A-Z][0-9]{3})\s+(\S.*)")

Silences = tuple[tuple[str, str], ...]
"""Ids of checks, each with the reason."""


def _silences(text: str) -> Silences | Rejected:
    found = [_ONE.fullmatch(one.strip()) for one in text.split(";") if one.strip()]
    named = tuple((one[1], one[2]) for one in found if one is not None)
    if not named or len(named) < len(found) or not text.isprintable():
        return Rejected("ids of checks, each with a reason, separated by semicolons")
    return named


SILENCE: Key[Silences] = Key(
    f"{OURS}doctor-silence",
    _silences,
    default=(),
    doc="Checks of the doctor that say nothing of this Ingress, each with the reason.",
    example="V014 it pings itself",
    instead="nothing is silenced",
)

KEYS = (SILENCE,)
SETTINGS = ()


def check(values: Values) -> None:
    """Tell what is wrong with the value; nothing of what is served is made of it."""
    values.get(SILENCE)


def of(ingress: Ingress) -> Silences:
    """Return what an Ingress silences."""
    return said(next((value for name, value in ingress.annotations if name == SILENCE.name), ""))


def said(text: str) -> Silences:
    """Return what a value silences; a wrong one nothing."""
    found = _silences(text) if text else ()
    return () if isinstance(found, Rejected) else found
