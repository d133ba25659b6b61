"""Time-outs follow what was measured, within the client's budget and the slots that there are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.advice.histogram import Quantile
from painless.advice.timeouts import (
    ONE_SYN,
    TWO_SYNS,
    Budget,
    Load,
    begin_within,
    connect,
    factor,
    read,
    streaming,
    tries,
    worth_changing,
)


def of(value: float, samples: int = 10_000) -> Quantile:
    return Quantile(0.999, value, samples, 10.0)


@pytest.mark.parametrize(("measured", "expected"), [(0.005, 1.2), (0.5, 1.5), (1.0, 3.0), (5.0, 3.5)])
def test_connecting_survives_a_lost_syn_and_no_more(measured, expected):
    assert expected == connect(of(measured))


@pytest.mark.parametrize(
    ("measured", "samples", "budget", "load", "expected"),
    [
        (0.05, 10_000, None, None, (1.0, "floor")),
        (2.5, 10_000, None, None, (6.0, "latency")),
        (2.5, 1_000, None, None, (8.0, "latency")),
        (2.5, 100_000, None, None, (5.0, "latency")),
        # (10 - 1) / 3 less 1.2 for connecting.
        (2.5, 10_000, Budget(10, 3), None, (1.8, "budget")),
        (2.5, 10_000, Budget(60, 3), None, (6.0, "latency")),
        # A quarter of 4,096 slots, two for each of 200 requests a second.
        (2.5, 10_000, None, Load(200, 4096), (2.56, "slots")),
        (2.5, 10_000, Budget(10, 3), Load(2000, 4096), (1.0, "slots")),
        (2.5, 10_000, None, Load(0, 4096), (6.0, "latency")),
    ],
)
def test_reading(measured, samples, budget, load, expected):
    found = read(of(measured, samples), 1.2, budget, load)
    seconds, bound = expected
    assert pytest.approx(seconds) == found.seconds
    assert (bound, bound in {"floor", "latency"}) == (found.bound, found.fits)


@given(st.floats(0.001, 100), st.floats(1, 2), st.integers(1_000, 10**7))
def test_more_latency_never_means_less_time(measured, more, samples):
    """And what was measured always fits, unless something else binds."""
    first, second = read(of(measured, samples), 1.2), read(of(measured * more, samples), 1.2)
    assert measured < first.seconds <= second.seconds
    assert ONE_SYN <= connect(of(measured)) <= connect(of(measured * more)) <= TWO_SYNS


@given(st.integers(1, 10**7), st.integers(0, 10**7))
def test_more_requests_need_less_room_for_chance(samples, more):
    assert 1.5 <= factor(samples + more) <= factor(samples) <= 3


@given(st.floats(1, 600), st.floats(0.1, 5), st.floats(0.1, 100))
def test_all_tries_fit_the_budget(budget, connecting, reading):
    """The last one begins in time, and one more would not."""
    found = tries(budget, connecting, reading)
    each = connecting + reading
    assert found == 1 or found * each <= budget * (1 + 1e-9)
    assert 1 <= begin_within(connecting, reading, found) <= max(1, budget)
    assert begin_within(connecting, reading, found) < max(1.001, found * each)


@pytest.mark.parametrize(
    ("now", "advised", "expected"),
    [(60, 6, True), (5, 6, False), (60, 46, False), (60, 44, True), (0, 1, True)],
)
def test_small_changes_are_noise(now, advised, expected):
    assert expected is worth_changing(now, advised)


def test_a_ping_may_be_lost():
    assert 75 == streaming(30)
