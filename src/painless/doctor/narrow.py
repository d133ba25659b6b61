"""What of a report is left out on purpose: what a baseline has already, and what somebody silenced."""

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import structs

from painless.doctor.rules import Silence
from painless.doctor.run import Report, Result, Silenced


def silenced(report: Report, some: Sequence[Silence], today: str) -> Report:
    """Leave out what is silenced, and count it; ``today`` as 2030-12-31."""
    asleep = [one for one in some if not one.until or today < one.until]
    by = {one.key: _hiding(one, asleep) for one in report.findings}
    counts = Counter(silence for hiding in by.values() for silence in hiding)
    told = tuple(
        Silenced(one.id, counts[one], one.reason, "" if one in asleep else one.until) for one in some
    )
    kept = tuple(one for one in report.findings if not by[one.key])
    return structs.replace(report, findings=kept, silenced=(*report.silenced, *told))


def _hiding(finding: Result, some: Iterable[Silence]) -> list[Silence]:
    """Return what hides a finding; one of several objects is hidden when it is silenced for each."""
    meant = [one for one in some if one.id == finding.id and one.about in {"", finding.about}]
    if whole := [one for one in meant if not one.object]:
        return whole
    named = [one for one in meant if one.object in finding.objects]
    return named if finding.objects and {one.object for one in named} == set(finding.objects) else []


def against(report: Report, baseline: Report) -> Report:
    """Leave out what an earlier report has."""
    before = {one.key for one in baseline.findings}
    kept = tuple(one for one in report.findings if one.key not in before)
    return structs.replace(report, findings=kept, known=len(report.findings) - len(kept))
