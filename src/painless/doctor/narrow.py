"""What of a report is left out on purpose: what a baseline has already, and what somebody silenced."""

from collections.abc import Iterable, Sequence

from msgspec import structs

from painless.doctor.rules import Silence
from painless.doctor.run import Report, Result, Silenced


def silenced(report: Report, some: Sequence[Silence], today: str) -> Report:
    """Leave out what is silenced, and count it; ``today`` as 2030-12-31."""
    asleep = [one for one in some if not one.until or today < one.until]
    hidden = {one: [each for each in report.findings if _hides(one, each)] for one in asleep}
    gone = {each.key for found in hidden.values() for each in found}
    counted = tuple(
        Silenced(one.id, len(hidden.get(one, ())), one.reason, _ended(one, hidden)) for one in some
    )
    kept = tuple(one for one in report.findings if one.key not in gone)
    return structs.replace(report, findings=kept, silenced=(*report.silenced, *counted))


def _hides(silence: Silence, finding: Result) -> bool:
    """Whether it is meant; a finding of several objects is only silenced for all of them at once."""
    return (
        silence.id == finding.id
        and silence.about in {"", finding.about}
        and (not silence.object or {silence.object} == set(finding.objects))
    )


def _ended(silence: Silence, asleep: Iterable[Silence]) -> str:
    return "" if silence in asleep else silence.until


def against(report: Report, baseline: Report) -> Report:
    """Leave out what an earlier report has."""
    before = {one.key for one in baseline.findings}
    kept = tuple(one for one in report.findings if one.key not in before)
    return structs.replace(report, findings=kept, known=len(report.findings) - len(kept))
