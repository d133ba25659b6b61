"""Whoever takes connections out of a pool gives up an idle one first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.advice.keepalive import (
    APPLICATIONS,
    LOAD_BALANCERS,
    across_reloads,
    clients,
    probes,
    upstreams,
    within_flow,
)


@pytest.mark.parametrize(
    ("now", "balancer", "expected"),
    [
        (75, LOAD_BALANCERS["aws-alb"], (True, 75)),
        (75, LOAD_BALANCERS["google-alb"], (False, 630)),
        (75, 75, (False, 80)),
    ],
)
def test_behind_a_load_balancer(now, balancer, expected):
    found = clients(now, balancer)
    assert expected == (found.holds, found.advised)


@pytest.mark.parametrize(
    ("now", "application", "expected"),
    [
        (60, APPLICATIONS["node"], (False, 4)),
        (60, APPLICATIONS["gunicorn"], (False, 1)),
        (60, APPLICATIONS["waitress"], (True, 60)),
        (4, 5, (True, 4)),
        (1, 1, (False, 0.5)),
    ],
)
def test_before_an_application(now, application, expected):
    found = upstreams(now, application)
    assert expected == (found.holds, found.advised)


@given(st.floats(0.1, 3600), st.floats(0.1, 3600))
def test_what_is_advised_holds(now, other):
    """And is nothing new where it held before."""
    first, second, third = clients(now, other), upstreams(now, other), within_flow(now, other)
    assert within_flow(third.advised, other).holds
    assert third.advised < other
    assert clients(first.advised, other).holds
    assert upstreams(second.advised, other).holds
    assert (first.holds, second.holds) == (first.advised == now, second.advised == now)


def test_idle_peers_are_asked_before_anybody_forgets_them():
    assert (175, 5, 7, 10) == (probes(350), across_reloads(1), across_reloads(7), across_reloads(60))
