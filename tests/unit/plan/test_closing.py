"""Whose turn it is to be closed: those that reached their age, at moments of their own."""

from hypothesis import given
from hypothesis import strategies as st

from painless.plan.closing import SPREAD, Upgraded, due, ends

AGE = 100.0
POD = "10.0.0.1"


def chat(inode: int, since: float = 0.0, address: str = POD) -> Upgraded:
    return Upgraded(inode, address, since)


@given(st.integers(0, 2**32 - 1), st.floats(0, 1e6), st.floats(1, 1e6))
def test_the_moment_is_within_the_spread(inode: int, since: float, age: float) -> None:
    """Nobody lives longer than the limit, or much less."""
    assert since + age * (1 - SPREAD) - 1e-3 <= ends(chat(inode, since), age) <= since + age


def test_who_began_together_does_not_end_together() -> None:
    """The moments of a thousand neighbours fill the spread evenly: a tenth of them in each tenth."""
    moments = [ends(chat(inode), AGE) for inode in range(5_000, 6_000)]

    tenths = [int((AGE - one) / (AGE * SPREAD) * 10) for one in moments]
    counts = [tenths.count(tenth) for tenth in range(10)]
    assert counts == [one for one in counts if 80 <= one <= 120]


def test_who_is_overdue_longest_comes_first() -> None:
    """No more than there may be, and nobody without a limit or before their time."""
    some = [chat(1, 30.0), chat(2, 0.0), chat(3, 15.0), chat(4, 150.0), chat(5, 0.0, "10.0.0.9")]

    assert (chat(2, 0.0), chat(3, 15.0)) == due(some, {POD: AGE}, 150.0, 2)
    assert (chat(2, 0.0), chat(3, 15.0), chat(1, 30.0)) == due(some, {POD: AGE}, 150.0, 10)
    assert () == due(some, {POD: AGE}, 80.0, 10)
