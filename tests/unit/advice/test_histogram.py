"""Quantiles are bounds from above, and none is made of too few values."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.advice.histogram import Histogram, needed, quantile, since, tail, together

ENDS = (0.1, 1.0, 10.0, inf)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((990, 999, 1000, 1000), (0.99, 0.1)),
        ((900, 999, 1000, 1000), (0.99, 1.0)),
        # Beyond the last bucket it could be anything.
        ((0, 0, 900, 1000), (0.99, inf)),
        ((9_990, 10_000, 10_000, 10_000), (0.999, 0.1)),
        ((9_980, 10_000, 10_000, 10_000), (0.999, 1.0)),
        ((999, 999, 999, 999), None),
        ((0, 0, 0, 0), None),
    ],
)
def test_the_best_tail_that_there_are_values_for(counts, expected):
    found = tail(Histogram(ENDS, counts))
    assert expected == (found and (found.q, found.value))


@given(st.lists(st.floats(0, 50), min_size=1, max_size=20))
def test_a_quantile_is_never_below_what_was_seen(few):
    """So a time-out made of it does not cut what was measured."""
    values = few * 1000
    histogram = Histogram(ENDS, tuple(sum(one <= end for one in values) for end in ENDS))
    found = quantile(histogram, 0.99)
    assert found is not None
    assert sorted(values)[round(0.99 * len(values)) - 1] <= found.value


def test_each_quantile_says_how_many_it_takes():
    assert [20, 1000, 10_000] == [needed(q) for q in (0.5, 0.99, 0.999)]


def test_histograms_with_other_buckets_do_not_add_up():
    one, other = Histogram((1.0, inf), (2, 3)), Histogram((2.0, inf), (5, 5))
    assert Histogram((1.0, inf), (4, 6)) == together([one, other, one])


def test_between_two_looks():
    before, now = Histogram((1.0, inf), (2, 3)), Histogram((1.0, inf), (2, 7))
    assert (Histogram((1.0, inf), (0, 4)), now) == (
        since(before, now),
        since(Histogram((1.0, inf), (9, 9)), now),
    )
