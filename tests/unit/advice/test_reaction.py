"""How long scaling takes, as Kubernetes does it; the examples are those of its documentation and 2017's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.advice.reaction import (
    DEFAULT_POLICIES,
    Policy,
    Reaction,
    Term,
    between,
    held,
    highest_target,
    readiness,
    replicas,
    rounds,
    sampling,
    survives,
)


@pytest.mark.parametrize(
    ("start", "wanted", "expected"), [(1, 10, 2), (2, 20, 3), (8, 20, 2), (10, 100, 4), (5, 5, 1), (0, 4, 1)]
)
def test_rounds_of_the_default_policies(start, wanted, expected):
    assert expected == rounds(start, wanted)


def test_the_policy_that_allows_least():
    """4 pods a minute: 16 more take four rounds, three minutes beyond the first."""
    slow = (Policy(pods=4, period=60), Policy(percent=100, period=60))
    count = rounds(4, 20, slow, largest=False)
    assert (4, 180) == (count, between(count, slow))


def test_a_policy_that_forbids_growth_ends():
    assert 64 == rounds(1, 10, [Policy()])


@given(st.integers(1, 200), st.integers(1, 200), st.integers(0, 200))
def test_farther_takes_no_fewer_rounds(start, wanted, more):
    assert 1 <= rounds(start, wanted) <= rounds(start, wanted + more)


def test_the_sum_names_its_largest_part():
    """Metrics each 15 seconds: at worst 67 seconds, of which 30 are until the load is seen."""
    found = Reaction(
        (
            Term("metrics", *sampling(15), ""),
            Term("sync", 0, 15, ""),
            Term("stabilisation", 0, 0, ""),
            Term("scheduling", 1, 1, ""),
            Term("pull", 3, 3, ""),
            Term("start", 5, 5, ""),
            Term("ready", *readiness(0, 10), ""),
            Term("endpoints", 0, 1, ""),
            Term("applied", 0, 2, ""),
        )
    )
    assert (9, 67, "metrics", ()) == (
        found.least,
        found.most,
        found.largest and found.largest.name,
        found.unknown,
    )


def test_what_was_not_measured_is_no_number():
    pull = Term("pull", None, None, "kubectl get events")
    found = Reaction((Term("sync", 0, 15, ""), pull))
    assert (15, (pull,)) == (found.most, found.unknown)


@pytest.mark.parametrize(
    ("target", "seconds", "percent"),
    [(0.5, 66, 91), (0.6, 66, 61), (0.7, 66, 39), (0.8, 66, 23), (0.7, 246, 10)],
)
def test_growth_that_a_target_survives(target, seconds, percent):
    """Percent a minute; both formulas say the same."""
    growth = percent / 100 / 60
    assert pytest.approx(target, abs=0.01) == highest_target(growth, seconds)
    assert pytest.approx(growth, rel=0.05) == survives(target, seconds)


@given(st.floats(0.01, 0.99), st.floats(1, 3600))
def test_they_are_each_others_inverse(target, seconds):
    assert pytest.approx(target) == highest_target(survives(target, seconds), seconds)


def test_replicas_and_what_waits():
    assert (15, 1, 6000, 0) == (
        replicas(1000, 0.7, 100),
        replicas(1, 0.7, 100),
        held(200, 100, 60),
        held(1, 2, 60),
    )
    assert 0 == between(1, DEFAULT_POLICIES)
