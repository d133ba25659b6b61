"""What is silenced is not shown until its day, and counted; limits move; a mistake is a sentence."""

from typing import Any

import pytest
from tests.doctor.given import facts_of

from painless.doctor.checks import CHECKS
from painless.doctor.facts import CONF
from painless.doctor.narrow import silenced
from painless.doctor.rules import Silence, Unclear, rules
from painless.doctor.run import Report, Result, run
from painless.syntax.yaml import parse_yaml

TODAY = "2026-06-15"


def tree(text: str) -> Any:
    return parse_yaml(text.encode()).documents[0].value


def finding(about: str, *objects: str) -> Result:
    severity = next(one.severity for one in CHECKS if one.id == "V016")
    return Result("V016", severity, "gzip works hard", about, "", "", "", "", (), "", objects)


SHOP, ALL = "Ingress shop/web", "http gzip_comp_level"


def test_several_objects_have_to_agree() -> None:
    report = Report((finding("a", SHOP, "Ingress shop/api"),), (), ())
    both = [Silence("V016", "idle", object=one) for one in (SHOP, "Ingress shop/api")]
    assert [1, 0] == [len(silenced(report, some, TODAY).findings) for some in (both[:1], both)]


@pytest.mark.parametrize(
    ("silence", "left"),
    [
        (Silence("V016", "idle"), []),
        (Silence("V016", "idle", about=ALL), ["a", "b"]),
        (Silence("V016", "idle", object=SHOP), [ALL, "b"]),
        (Silence("V010", "idle"), [ALL, "a", "b"]),
        (Silence("V016", "idle", until="2026-06-16"), []),
        (Silence("V016", "idle", until=TODAY), [ALL, "a", "b"]),
    ],
)
def test_what_is_silenced(silence: Silence, left: list[str]) -> None:
    """One object's silence does not hide a finding that another one has, too."""
    report = Report((finding(ALL), finding("a", SHOP), finding("b", SHOP, "Ingress shop/api")), (), ())
    after = silenced(report, [silence], TODAY)
    assert left == [one.about for one in after.findings]
    ((count, reason, ended),) = [(one.count, one.reason, one.ended) for one in after.silenced]
    assert (3 - len(left), "idle", TODAY if silence.until == TODAY else "") == (count, reason, ended)


def test_a_limit_moves(tmp_path) -> None:
    """A check begins to find where the file says."""
    facts = facts_of(tmp_path, {CONF: "events {} http { gzip_comp_level 8; }"})
    found = rules(tree("doctor: {limits: {V016: 8}}"), CHECKS)
    ids = [{one.id for one in run(CHECKS, facts, limits).findings} for limits in ({}, found.limits)]
    assert [True, False] == ["V016" in one for one in ids]


def test_a_whole_file() -> None:
    found = rules(
        tree(
            "doctor:\n  silence:\n    - {id: V016, reason: idle, about: x, object: Ingress a/b, "
            "until: 2030-01-31}\n  limits: {U005: 10}\n"
        ),
        CHECKS,
    )
    assert (Silence("V016", "idle", "x", "Ingress a/b", "2030-01-31"),) == found.silences
    assert {"U005": 10.0} == found.limits


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[]", "the file: found [], expected a mapping"),
        ("doctors: {}", "the file: found 'doctors', expected doctor"),
        ("doctor: x", "doctor: found 'x', expected a mapping"),
        ("doctor: {silence: x}", "doctor.silence: found 'x', expected a list of id and reason"),
        (
            "doctor: {silence: [{id: V999, reason: x}]}",
            "doctor.silence[0].id: found 'V999', expected the id of a check, such as K001",
        ),
        (
            "doctor: {silence: [{id: [], reason: x}]}",
            "doctor.silence[0].id: found [], expected a text",
        ),
        (
            "doctor: {silence: [{id: V016, reason: ' '}]}",
            "doctor.silence[0].reason: found ' ', expected why nobody wants to see it",
        ),
        (
            "doctor: {silence: [{id: V016, reason: x, because: y}]}",
            "doctor.silence[0]: found 'because', expected id or reason or about or object or until",
        ),
        (
            "doctor: {silence: [{id: V016, reason: x, until: soon}]}",
            "doctor.silence[0].until: found 'soon', expected a day such as 2030-12-31",
        ),
        (
            "doctor: {silence: [{id: V016, reason: x, about: [1]}]}",
            "doctor.silence[0].about: found [1], expected a text",
        ),
        ("doctor: {limits: {X1: 1}}", "doctor.limits: found 'X1', expected the id of a check, such as K001"),
        (
            "doctor: {limits: {V001: 1}}",
            "doctor.limits.V001: V001 has no limit; docs/reference/checks says which checks have one",
        ),
        (
            "doctor: {limits: {V016: six}}",
            "doctor.limits.V016: found 'six', expected a number: the highest level of gzip",
        ),
    ],
)
def test_a_mistake_is_a_sentence(text: str, says: str) -> None:
    with pytest.raises(Unclear) as problem:
        rules(tree(text), CHECKS)
    assert says == str(problem.value)
