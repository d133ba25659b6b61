"""Every check fires on what it is about, keeps quiet beside it, and says what a reader needs."""

import inspect
from pathlib import Path

import pytest
from tests.doctor.cases import CASES
from tests.doctor.given import facts_of

from painless.doctor.check import FAMILIES, Check, page
from painless.doctor.checks import CHECKS
from painless.doctor.facts import Facts
from painless.doctor.run import run

BY_ID = {one.id: one for one in CHECKS}


def test_every_check_has_a_case() -> None:
    """Ids are stable names: none stands for two checks."""
    assert sorted(one.id for one in CHECKS) == sorted(CASES)


@pytest.mark.parametrize("id_", CASES)
def test_fires(id_: str, tmp_path: Path) -> None:
    """A finding has its evidence with a place, and something to paste."""
    bad, _ = CASES[id_]
    report = run([BY_ID[id_]], facts_of(tmp_path, bad))
    told = [
        all((one.about, one.says, one.expected, one.why, one.fix, one.evidence)) for one in report.findings
    ]
    places = [all(each.where and each.says for each in one.evidence) for one in report.findings]
    assert (told, places) == ([True] * len(told), [True] * len(told))
    assert [one.id for one in report.findings[:1]] == [id_]


@pytest.mark.parametrize("id_", CASES)
def test_keeps_quiet(id_: str, tmp_path: Path) -> None:
    """What is nearly the same, and well, is a pass, which is not unknown."""
    _, good = CASES[id_]
    report = run([BY_ID[id_]], facts_of(tmp_path, good))
    assert (report.findings, report.passed) == ((), (id_,))


def test_nothing_known_is_no_pass() -> None:
    """Without facts every check is unknown, and says what it lacks."""
    report = run(CHECKS, Facts())
    assert (report.findings, report.passed) == ((), ())
    assert [one.id for one in report.unknown if one.why] == [one.id for one in CHECKS]


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one.id)
def test_has_a_page(check: Check) -> None:
    """A page says why, how to see it by hand, what to do and where that is from."""
    found = page(check)
    assert all((found.why, found.verify, found.fix, found.sources, check.id[0] in FAMILIES))


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one.id)
def test_takes_what_it_names(check: Check) -> None:
    """A check has an argument for each fact that it needs or would like."""
    named = [*check.needs, *check.wants, *(["limit"] if check.limit else [])]
    assert len(inspect.signature(check.find).parameters) == len(named)


def test_no_case_is_given_in_vain() -> None:
    """A case has the facts that its check takes, and no others."""
    extra: dict[str, set[str]] = {}
    for id_, both in CASES.items():
        named = {
            "configuration" if one.endswith("configuration") else one
            for one in (*BY_ID[id_].needs, *BY_ID[id_].wants)
        }
        for given in both:
            extra[id_] = extra.get(id_, set()) | (set(given) - named)
    assert {id_: some for id_, some in extra.items() if some} == {}
