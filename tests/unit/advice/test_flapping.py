"""Going back and forth is told from going with the day."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.advice.flapping import Verdict, flapping, kept, tolerance, window

MINUTE = 60.0


def sawtooth(period: float, hours: float = 2, low: int = 2, high: int = 6) -> list[tuple[float, int]]:
    """Replicas each half minute, high for half of each period."""
    return [(at, high if at % period < period / 2 else low) for at in range(0, int(hours * 3600), 30)]


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ([(at * 30, 3) for at in range(200)], Verdict.CALM),
        ([(at * 30, 3 + at // 20) for at in range(200)], Verdict.CALM),
        (sawtooth(4 * MINUTE), Verdict.FLAPS),
        (sawtooth(8 * MINUTE), Verdict.FLAPS),
        (sawtooth(20 * MINUTE), Verdict.FLAPS),
        (sawtooth(24 * 3600, hours=72), Verdict.CALM),
        ([(0, 2), (1000, 5), (1200, 2), (4000, 2)], Verdict.RESTLESS),
        ([(0, 2), (1000, 5), (1600, 2), (4000, 2)], Verdict.CALM),
    ],
)
def test_verdict(series, expected):
    found = flapping(series)
    assert found is not None
    assert expected is found.verdict


def test_what_was_seen():
    """Six moves in the hour, each but the first taking four pods back; 20 minutes between two of a kind."""
    found = flapping(sawtooth(20 * MINUTE, hours=1))
    assert found is not None
    assert (5, 4, 600.0, 1200.0, 16) == (
        found.moves,
        found.reversals,
        found.soonest,
        found.period,
        found.wasted,
    )
    assert 2400 == window(1200)
    assert pytest.approx(16 * 2400 / 3600 * 24 * 3600 / found.seconds) == kept(found, 2400)


def test_slow_pods_make_a_move_dearer():
    """What takes ten minutes to be ready has hardly worked when it goes."""
    series = [(0.0, 2), (1000.0, 5), (1600.0, 2), (4000.0, 2)]
    assert [Verdict.CALM, Verdict.RESTLESS] == [
        found.verdict for ready in (0, 400) if (found := flapping(series, ready)) is not None
    ]


@pytest.mark.parametrize("series", [[], [(0, 2)], [(0, 2), (599, 9)]])
def test_a_glance_shows_nothing(series):
    assert None is flapping(series)


@given(
    st.lists(st.tuples(st.integers(0, 10**5), st.integers(0, 50)), unique_by=lambda one: one[0], max_size=60)
)
def test_order_does_not_matter_and_time_does_not_either(series):
    """It is the same an hour later, and whatever order it is read in."""
    found = flapping(series)
    later = flapping([(at + 3600, count) for at, count in reversed(series)])
    assert (found and (found.moves, found.reversals, found.wasted)) == (
        later and (later.moves, later.reversals, later.wasted)
    )
    assert found is None or found.reversals < max(found.moves, 1)


@given(st.floats(0, 10**6), st.floats(0, 10**6))
def test_windows_are_kubernetes(period, more):
    assert 300 <= window(period) <= window(period + more) <= 3600


def test_noise_is_left_alone():
    assert pytest.approx(0.1) == tolerance(0.05)
    assert 0.3 == tolerance(0.9)
