"""Ending takes as long as requests do, within what memory and the Pod allow."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.advice.stopping import Room, drain, generations, grace


@pytest.mark.parametrize(
    ("slowest", "room", "grace", "expected"),
    [
        (2.0, None, None, (10, "the shortest")),
        (30.0, None, None, (36, "requests")),
        (30.0, Room(60, 4), None, (36, "requests")),
        # 60 reloads an hour and 0.5 generations: 30 seconds, and requests take 36.
        (30.0, Room(60, 0.5), None, (None, "memory")),
        (30.0, Room(0, 4), 30.0, (None, "the Pod")),
        (30.0, None, 300.0, (36, "requests")),
    ],
)
def test_draining(slowest, room, grace, expected):
    found = drain(slowest, room, grace)
    assert expected == (found.seconds, found.bound)


@given(st.floats(0.1, 600), st.floats(0.1, 600), st.floats(0.1, 100), st.floats(20, 3600), st.floats(0, 60))
def test_what_is_advised_has_room(slowest, reloads, room, pod, pre_stop):
    """Requests end, memory lasts, and the kubelet waits for it; or there is no number."""
    found = drain(slowest, Room(reloads, room), pod, pre_stop)
    if found.seconds is None:
        assert found.most is not None
        assert found.most < found.least
    else:
        assert slowest <= found.seconds
        # Whole seconds, rounded up.
        assert generations(reloads, found.seconds - 1) <= room
        assert grace(pre_stop, found.seconds - 1) <= pod + 1


def test_the_kubelet_waits_for_both():
    assert (255, 300) == (grace(10, 240), grace(54.5, 240))
