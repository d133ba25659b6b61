"""What whoever runs the doctor has decided: which findings are not shown, and why; other limits.

Decodes the file's tree, ``doctor: {silence: [...], limits: {...}}``.  A mistake in it is one sentence with
its place, since a silence that is misspelled would be none.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from painless.doctor.check import Check


class Silence(Struct, frozen=True):
    """Findings of a check that are not shown: all, or those about one thing or one object.

    From the day ``until`` on they are shown again.
    """

    id: str
    reason: str
    about: str = ""
    object: str = ""
    until: str = ""


class Rules(Struct, frozen=True):
    """What the file says."""

    silences: tuple[Silence, ...] = ()
    limits: Mapping[str, float] = {}


class Unclear(Exception):
    """The file is not understood; the message says where, what was found and what was expected."""


def rules(tree: object, checks: Iterable[Check]) -> Rules:
    """Return what a file has; raises ``Unclear``."""
    by_id = {one.id: one for one in checks}
    found = _mapping(_mapping(tree, "the file", ("doctor",)).get("doctor"), "doctor", ("silence", "limits"))
    silence = found.get("silence", [])
    if not isinstance(silence, list):
        raise Unclear(f"doctor.silence: found {_shown(silence)}, expected a list of id and reason")
    silences = tuple(_silence(f"doctor.silence[{at}]", one, by_id) for at, one in enumerate(silence))
    limits = _mapping(found.get("limits", {}), "doctor.limits", tuple(by_id))
    return Rules(silences, {id_: _limit(id_, one, by_id[id_]) for id_, one in limits.items()})


def _mapping(value: object, where: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Unclear(f"{where}: found {_shown(value)}, expected a mapping")
    for one in value:
        if one not in keys:
            expected = (
                " or ".join(keys) if len(keys) < len(_FIELDS) + 1 else "the id of a check, such as K001"
            )
            raise Unclear(f"{where}: found {_shown(one)}, expected {expected}")
    return value


_FIELDS = ("id", "reason", "about", "object", "until")


def _silence(where: str, one: object, by_id: Mapping[str, Check]) -> Silence:
    found = _mapping(one, where, _FIELDS)
    for name, value in found.items():
        if not isinstance(value, str):
            raise Unclear(f"{where}.{name}: found {_shown(value)}, expected a text")
    if found.get("id") not in by_id:
        raise Unclear(
            f"{where}.id: found {_shown(found.get('id'))}, expected the id of a check, such as K001"
        )
    if not found.get("reason", "").strip():
        raise Unclear(
            f"{where}.reason: found {_shown(found.get('reason'))}, expected why nobody wants to see it"
        )
    if "until" in found and not _is_date(found["until"]):
        raise Unclear(f"{where}.until: found {_shown(found['until'])}, expected a day such as 2030-12-31")
    return Silence(**found)


def _limit(id_: str, value: object, check: Check) -> float:
    where = f"doctor.limits.{id_}"
    if check.limit is None:
        raise Unclear(f"{where}: {id_} has no limit; docs/reference/checks says which checks have one")
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise Unclear(f"{where}: found {_shown(value)}, expected a number: {check.limit.counts}")
    return float(value)


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _shown(value: object) -> str:
    return repr(value)[:60]
