"""When NGINX may load again: a burst costs few loads, and nothing waits long."""

from hypothesis import given
from hypothesis import strategies as st

from painless.controller.holdoff import NEXT, HoldOff


def loads(changes: list[float]) -> list[float]:
    """Return the times of the loads that changes at these times cost, each load taking no time."""
    state, times, at = HoldOff(), [], 0
    while at < len(changes):
        now = changes[at]
        now += state.wait(now)
        state = state.loaded(now)
        times.append(now)
        at = next((index for index, one in enumerate(changes) if one > now), len(changes))
    return times


def test_the_first_change_is_at_once() -> None:
    """After a quiet time nobody waits."""
    assert [7.0] == loads([7.0])


def test_twenty_changes_in_two_seconds_are_three_loads() -> None:
    """The last of them is served within two seconds."""
    changes = [at * 0.1 for at in range(21)]
    found = loads(changes)
    assert 3 == len(found)
    assert found[-1] - changes[-1] <= 2.0


def test_two_lone_changes_do_not_wait() -> None:
    """A burst is over after a while."""
    assert [0.0, 10.0] == loads([0.0, 10.0])


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200).map(sorted))
def test_no_change_waits_longer_than_the_ceiling(changes: list[float]) -> None:
    """However busy it is, each change is loaded within the longest gap."""
    times = loads(changes)
    for change in changes:
        assert min(one for one in times if one >= change) - change <= NEXT
