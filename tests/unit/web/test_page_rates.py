"""Rates of requests: of the last seconds, and honest about what is not known."""

import pytest

from painless.observe.tally import Answered
from painless.web.page.rates import FORGOTTEN, WINDOW, Rates
from painless.web.page.searching import address_in
from painless.web.page.seen import Rate


def test_a_rate_needs_two_counts() -> None:
    rates = Rates()
    first = rates.take(0.0, {"a": Answered(10, 0, 0)})
    second = rates.take(2.0, {"a": Answered(30, 5, 10), "b": Answered(4)})
    assert (None, {"a": Rate(10.0, 0.5, 0.25), "b": Rate(2.0, 0.0, 0.0)}) == (first, second)
    assert (Rate(12.0, 10 / 24, 5 / 24),) == rates.trend


def test_it_is_of_the_last_seconds() -> None:
    rates = Rates()
    found = [rates.take(float(at), {"a": Answered(100 * min(at, 20))}) for at in range(41)]
    assert [Rate(100.0, 0.0, 0.0), Rate(0.0, 0.0, 0.0)] == [(found[at] or {})["a"] for at in (15, 40)]


def test_for_a_moment_nobody_can_say() -> None:
    """The last rates stand, and then they are unknown; none of it looks like a burst."""
    rates = Rates()
    rates.take(0.0, {"a": Answered(0)})
    known = rates.take(1.0, {"a": Answered(50)})
    assert [known, None] == [rates.take(2.0, None), rates.take(1.0 + WINDOW, None)]
    assert {"a": Rate(50.0, 0.0, 0.0)} == rates.take(2.0 + WINDOW, {"a": Answered(50 * 12)})


def test_who_counts_begins_anew() -> None:
    """After a restart its counts are smaller: they are what came since."""
    rates = Rates()
    rates.take(0.0, {"a": Answered(1_000)})
    assert {"a": Rate(5.0, 0.0, 0.0)} == rates.take(2.0, {"a": Answered(10)})


def test_what_is_long_ago_says_nothing() -> None:
    rates = Rates()
    rates.take(0.0, {"a": Answered(0)})
    rates.take(1.0, {"a": Answered(9)})
    assert (None, ()) == (rates.take(2.0 + FORGOTTEN, {"a": Answered(9_000)}), rates.trend)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("10.1.0.1:8080", "10.1.0.1"),
        (" 10.1.0.1 ", "10.1.0.1"),
        ("[fd00::1]:80", "fd00::1"),
        ("fd00::1", "fd00::1"),
        ("FD00:0::1", "fd00::1"),
        ("10.1.0.1:x", ""),
        ("app-0012", ""),
        ("", ""),
    ],
)
def test_addresses_as_logs_have_them(text: str, address: str) -> None:
    assert address == address_in(text)
