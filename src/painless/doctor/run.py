"""Checks over facts: what each found, and which could not be decided.

A check without a fact it needs is *unknown*, with the reason.  Who silences a check says why, and the report
counts what was silenced.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from painless.doctor.check import ORDER, Check, Evidence, Severity, link, page
from painless.doctor.facts import Facts


class Result(Struct, frozen=True, rename="camel"):
    """A finding with all that its check says of it."""

    id: str
    severity: Severity
    title: str
    about: str
    says: str
    expected: str
    why: str
    fix: str
    evidence: tuple[Evidence, ...]
    page: str
    objects: tuple[str, ...] = ()
    """The objects that it is about, such as ``Ingress shop/cart``."""

    @property
    def key(self) -> str:
        """What stays the same from one look to the next."""
        return f"{self.id} {self.about}"


class Undecided(Struct, frozen=True, rename="camel"):
    """A check that could not be made, and why."""

    id: str
    title: str
    why: str


class Silenced(Struct, frozen=True, rename="camel"):
    """Findings of a check that nobody wants to see, and why; ``ended`` is since when they are shown again."""

    id: str
    count: int
    reason: str
    ended: str = ""


class Report(Struct, frozen=True, rename="camel"):
    """What there is to tell, the worst first."""

    findings: tuple[Result, ...]
    unknown: tuple[Undecided, ...]
    passed: tuple[str, ...]
    made: int = 0
    """Checks that could be made."""
    silenced: tuple[Silenced, ...] = ()
    known: int = 0
    """Findings of the baseline that are left out."""
    looked_at: Mapping[str, str] = {}
    """Where each fact is from."""
    problems: tuple[str, ...] = ()
    """What of what was asked for could not be read."""

    @property
    def worst(self) -> Severity | None:
        return self.findings[0].severity if self.findings else None


def run(checks: Iterable[Check], facts: Facts, limits: Mapping[str, float] = {}) -> Report:
    """Make every check; ``limits`` has those that are other ones, by the check's id."""
    findings: list[Result] = []
    made = 0
    unknown: list[Undecided] = []
    passed: list[str] = []
    for one in checks:
        lacking = [name for name in one.needs if name not in facts.known]
        if lacking:
            unknown.append(Undecided(one.id, one.title, "; ".join(dict.fromkeys(map(facts.lack, lacking)))))
            continue
        found = list(_results(one, facts, limits))
        made += 1
        findings += found
        if not found:
            passed.append(one.id)
    findings.sort(key=lambda one: (ORDER[one.severity], one.id))
    looked_at = {name: one.source for name, one in sorted(facts.known.items())}
    return Report(tuple(findings), tuple(unknown), tuple(passed), made, looked_at=looked_at)


def _results(check: Check, facts: Facts, limits: Mapping[str, float]) -> Iterator[Result]:
    why = page(check).why.replace("``", "")
    arguments: list[object] = [facts.known[name] for name in check.needs]
    arguments += [facts.known.get(name) for name in check.wants]
    limit = {"limit": limits.get(check.id, check.limit.value)} if check.limit else {}
    for one in check.find(*arguments, **limit):
        yield Result(
            id=check.id,
            severity=one.severity or check.severity,
            title=check.title,
            about=one.about,
            says=one.says,
            expected=one.expected,
            why=why,
            fix=one.fix,
            evidence=one.evidence,
            page=link(check),
            objects=_objects(one.about),
        )


def _objects(about: str) -> tuple[str, ...]:
    """Return the object that a finding begins with; what is no object's begins with a small letter."""
    kind, _, rest = about.partition(" ")
    name = rest.partition(" ")[0]
    return (f"{kind} {name}",) if kind[:1].isupper() and "/" in name else ()
