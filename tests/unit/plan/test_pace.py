"""When NGINX may load again: a burst costs few loads, nothing waits long, and nobody for somebody else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.plan.pace import GAPS, MENDS, URGENT, Pace, Waiting


def loads(changes: list[tuple[float, str]], pace: Pace | None = None) -> list[float]:
    """Return the times of the loads that changes of namespaces cost, each load taking no time."""
    state, times, at, now = pace or Pace(), [], 0, 0.0
    waiting: dict[str, float] = {}
    while at < len(changes) or waiting:
        if not waiting:
            now = max(now, changes[at][0])
        while at < len(changes) and changes[at][0] <= now:
            waiting.setdefault(changes[at][1], changes[at][0])
            at += 1
        due = state.turn(Waiting(waiting), now).due
        if due <= now:
            state = state.loaded(Waiting(waiting), now)
            times.append(now)
            waiting = {}
        else:
            now = min(due, changes[at][0]) if at < len(changes) else due
    return times


def test_the_first_change_is_at_once() -> None:
    """After a quiet time nobody waits."""
    assert [7.0] == loads([(7.0, "a")])


def test_twenty_changes_in_two_seconds_are_three_loads() -> None:
    """The last of them is served within two seconds."""
    changes = [(at * 0.1, "a") for at in range(21)]
    found = loads(changes)
    assert 3 == len(found)
    assert found[-1] - changes[-1][0] <= 2.0


def test_two_lone_changes_do_not_wait() -> None:
    """A burst is over after a while."""
    assert [0.0, 10.0] == loads([(0.0, "a"), (10.0, "a")])


@pytest.mark.parametrize("namespaces", [1, 50, 1000])
def test_a_storm_costs_few_loads(namespaces: int) -> None:
    """A thousand changes in 100 s, whoever makes them."""
    assert len(loads([(at / 10, f"n{at % namespaces}") for at in range(1000)])) <= 20


def test_who_was_quiet_does_not_wait_for_who_is_not() -> None:
    """A change in the middle of another namespace's storm is applied as if there were none."""
    noise = [(at / 10, "wild") for at in range(1000)]
    found = loads(sorted([*noise, (33.03, "quiet")]))
    after = min(one for one in found if one >= 33.03)
    assert after - 33.03 <= URGENT


def test_what_restores_service_is_loaded_soon() -> None:
    """Though its namespace changes all the time."""
    pace = Pace()
    for at in range(20):
        pace = pace.loaded(Waiting({"a": float(at)}), float(at))
    turn = pace.turn(Waiting({"a": 19.5}, frozenset({"a"})), 19.5)
    assert (19 + URGENT, 19.5) == (turn.due, turn.urgent)


def test_who_mends_again_and_again_waits_for_its_turn() -> None:
    """To break and mend something is no way to have NGINX load every second."""
    pace = Pace()
    for at in range(MENDS):
        mend = Waiting({"a": float(at)}, frozenset({"a"}))
        assert (False, at) == (pace.turn(mend, at).shared, pace.turn(mend, at).urgent)
        pace = pace.loaded(mend, float(at))
    turn = pace.turn(Waiting({"a": 6.0}, frozenset({"a"})), 6.0)
    assert (True, None) == (turn.shared, turn.urgent)


ROUNDED = 1e-6  # Seconds: times are sums of others.
CHANGES = st.lists(
    st.tuples(st.floats(0, 100), st.sampled_from(("a", "b", "c"))), min_size=1, max_size=200
).map(sorted)


@given(CHANGES)
def test_no_change_waits_longer_than_the_ceiling(changes: list[tuple[float, str]]) -> None:
    """However busy it is, each change is loaded within the longest gap."""
    times = loads(changes)
    for change, _ in changes:
        assert min(one for one in times if one >= change) - change <= GAPS[-1] + ROUNDED


@given(CHANGES)
def test_two_loads_are_never_at_the_same_time(changes: list[tuple[float, str]]) -> None:
    """Whoever asks: NGINX has time to come to rest."""
    times = loads(changes)
    assert all(after - before >= URGENT - ROUNDED for before, after in itertools.pairwise(times))


@given(CHANGES)
def test_shares_that_are_whole_again_are_forgotten(changes: list[tuple[float, str]]) -> None:
    """Memory is bounded by the namespaces of the last minute."""
    pace = Pace()
    for at, name in changes:
        pace = pace.loaded(Waiting({name: at}), at)
    pace = pace.loaded(Waiting({"last": 1000.0}), 1000.0)
    assert {"last"} == set(pace.loads.used)
