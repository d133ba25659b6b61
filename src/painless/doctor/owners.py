"""Whose findings are: the objects behind the lines of a configuration that Painless made.

Pure.  What a line came of the generation knows; what somebody wants to hear nothing of their Ingress says.
"""

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from painless.controller.picture import Picture
from painless.doctor.checks import CHECKS
from painless.doctor.facts import Facts
from painless.doctor.objects import INGRESSES
from painless.doctor.rules import Silence
from painless.doctor.run import Report, Result
from painless.features import doctor_silence
from painless.features.doctor_silence import said
from painless.model.objects import Ingress, ObjectRef
from painless.nginx.generation import Generation
from painless.plan.changes import origins_of

OWN = 20
"""Ingresses that a finding may be told to: what more of them have is nobody's in particular."""
IDS = frozenset(one.id for one in CHECKS)
_PLACE = re.compile(r"(.+):(\d{1,9})")


class Owners(Struct, frozen=True):
    """The Ingresses behind places (``file:line``), and what Ingresses want to hear nothing of."""

    of: Mapping[str, tuple[str, ...]] = {}
    silences: tuple[Silence, ...] = ()


def places(report: Report) -> tuple[str, ...]:
    """Return the places of findings that name no object."""
    found = (each.where for one in report.findings if not one.objects for each in one.evidence)
    return tuple(dict.fromkeys(one for one in found if _PLACE.fullmatch(one)))


def owners(asked: Iterable[str], generation: Generation, ingresses: Iterable[Ingress]) -> Owners:
    """Return who is behind these places of a generation's files."""
    found = {one: _refs(one, generation) for one in asked if _PLACE.fullmatch(one)}
    silences = tuple(
        _silence(id_, reason, one.ref) for one in ingresses for id_, reason in doctor_silence.of(one)
    )
    return Owners({place: refs for place, refs in found.items() if refs}, silences)


def of_picture(picture: Picture, asked: Iterable[str]) -> Owners:
    """Return who is behind these places of what NGINX runs."""
    if picture.live is None:
        return Owners()
    return owners(asked, picture.live, picture.compiled.ingresses if picture.compiled else ())


def written(facts: Facts) -> tuple[Silence, ...]:
    """Return what Ingresses of a folder or a cluster want to hear nothing of."""
    found = facts.known.get(INGRESSES)
    some = (
        [(one.ref, one.annotation(doctor_silence.SILENCE.name).text) for one in found.value] if found else []
    )
    return tuple(_silence(id_, reason, ref) for ref, text in some for id_, reason in said(text))


def owned(report: Report, known: Owners) -> Report:
    """Return the report with the objects of each finding."""
    return structs.replace(report, findings=tuple(_owned(one, known) for one in report.findings))


def _silence(id_: str, reason: str, ref: ObjectRef) -> Silence:
    # Which checks there are no annotation's decoder knows; the report repeats the reason.
    says = reason if id_ in IDS else f"there is no such check, expected one such as K001 ({ref}: {reason})"
    return Silence(id_, says, object=str(ref))


def _refs(place: str, generation: Generation) -> tuple[str, ...]:
    matched = _PLACE.fullmatch(place)
    assert matched, "nobody asks for another"
    file, at = matched[1].rpartition("/")[2], int(matched[2]) - 1
    origins = generation.origins.get(file, ())
    refs = {one.ref for one in origins_of(origins[at])} if 0 <= at < len(origins) else set()
    return tuple(sorted(str(one) for one in refs if one.kind == "Ingress" and one.name))


def _owned(one: Result, known: Owners) -> Result:
    if one.objects:
        return one
    found = sorted({ref for each in one.evidence for ref in known.of.get(each.where, ())})
    return structs.replace(one, objects=tuple(found)) if 0 < len(found) <= OWN else one
