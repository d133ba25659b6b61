"""What of a report is left out on purpose: what a baseline has already, and what somebody silenced.

A silence names a check, maybe what it is about, and always its reason.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from painless.doctor.run import Report, Silenced


class Silence(Struct, frozen=True):
    """An entry of the file: of a check, all of its findings or those about one thing are not shown."""

    id: str
    reason: str
    about: str = ""


class Unclear(Exception):
    """The file is not understood; the message says where, what was found and what was expected."""


def silences(tree: object, known: frozenset[str]) -> tuple[Silence, ...]:
    """Return the entries of a file ``doctor: {silence: [...]}``."""
    doctor = tree.get("doctor") if isinstance(tree, dict) else None
    found = doctor.get("silence") if isinstance(doctor, dict) else None
    if not isinstance(found, list):
        raise Unclear("found no list doctor.silence, expected one of entries with id and reason")
    return tuple(_silence(at, one, known) for at, one in enumerate(found))


def _silence(at: int, one: object, known: frozenset[str]) -> Silence:
    where = f"doctor.silence[{at}]"
    if not isinstance(one, dict) or set(one) - {"id", "reason", "about"}:
        raise Unclear(f"{where}: found {_shown(one)}, expected id, reason and perhaps about")
    if one.get("id") not in known:
        raise Unclear(f"{where}.id: found {_shown(one.get('id'))}, expected the id of a check, such as K001")
    reason, about = one.get("reason"), one.get("about", "")
    if not isinstance(reason, str) or not reason.strip() or not isinstance(about, str):
        raise Unclear(f"{where}.reason: found {_shown(reason)}, expected why nobody wants to see it")
    return Silence(str(one["id"]), reason.strip(), about)


def _shown(value: object) -> str:
    return repr(value)[:60]


def silenced(report: Report, some: Sequence[Silence]) -> Report:
    """Leave out what is silenced, and count it."""
    hidden = {
        one: [each for each in report.findings if each.id == one.id and one.about in {"", each.about}]
        for one in some
    }
    gone = {each.key for found in hidden.values() for each in found}
    counted = tuple(Silenced(one.id, len(found), one.reason) for one, found in hidden.items())
    kept = tuple(one for one in report.findings if one.key not in gone)
    return structs.replace(report, findings=kept, silenced=counted)


def against(report: Report, baseline: Report) -> Report:
    """Leave out what an earlier report has."""
    before = {one.key for one in baseline.findings}
    kept = tuple(one for one in report.findings if one.key not in before)
    return structs.replace(report, findings=kept, known=len(report.findings) - len(kept))
