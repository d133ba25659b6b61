"""What goes through an old worker's connection tells an answer from what stays."""

import os
import socket

import pytest

from painless.kernel.sockdiag import Traffic
from painless.nginxd import procfs
from painless.nginxd.clients import ANYWAY, STILL, Old
from painless.plan.workers import Connections

SOCKET, ANOTHER = 7, 8
BEFORE = Traffic(sent=0, received=100, since_sent=9.0, since_received=9.0, unsent=0)


def kind(*seen: Traffic, stream: bool = False) -> Connections | None:
    """Return what an old worker's one connection counts as, after its traffic was seen to be so."""
    old = Old(1)
    old.sockets = frozenset({SOCKET})
    for one in seen:
        old.follow({SOCKET: one})
    open_, none = {SOCKET, ANOTHER}, set[int]()
    old.count(*((none, open_) if stream else (open_, none)))
    return old.connections


@pytest.mark.parametrize(
    "seen",
    [
        [BEFORE],
        # A body that is long, and its answer.
        [BEFORE, Traffic(0, 900, 9.0, 0.1, 0), Traffic(50, 900, 0.1, 0.5, 0)],
        # An answer that is long, to a client that is slow.
        [BEFORE, Traffic(500, 100, STILL, 9.0, unsent=100)],
        # A question that waits for its answer, on a connection that had answers before.
        [Traffic(500, 200, 9.0, 8.0, 0)],
        # An answer that has just begun.
        [BEFORE, Traffic(50, 100, 0.1, 9.0, 0)],
    ],
    ids=["waits", "uploads", "downloads", "asks again", "begins"],
)
def test_a_request(seen: list[Traffic]) -> None:
    """As long as it may be one, it is."""
    assert Connections(http=1) == kind(*seen)


@pytest.mark.parametrize(
    "seen",
    [
        [BEFORE, Traffic(50, 100, 0.1, 9.0, 0), Traffic(50, 120, 0.5, 0.1, 0)],
        [Traffic(50, 100, STILL, STILL + 1, 0)],
        [Traffic(50, 100, STILL, STILL + 1, 0), Traffic(50, 120, 9.0, 0.1, 0)],
    ],
    ids=["its client goes on", "nothing moves any more", "it did once"],
)
def test_what_stays(seen: list[Traffic]) -> None:
    """It went on after its answer began, or stood still: from then on it counts as upgraded."""
    assert Connections(upgraded=1) == kind(*seen)


def test_what_is_passed_on() -> None:
    """Its port tells, whatever goes through it."""
    assert Connections(stream=1) == kind(Traffic(50, 100, STILL, STILL, 0), stream=True)


def test_files_that_were_not_read() -> None:
    """Nothing known is not nothing."""
    old = Old(1)
    old.count({SOCKET}, set())

    assert old.connections is None


def test_files_that_are_others_are_read_again() -> None:
    """One more or one less is seen at once, one in place of another after a while."""
    old = Old(os.getpid())
    old.read(0.0)
    if procfs.files(old.pid) is None:
        pytest.skip("this kernel does not say how many files a process has (before 6.2)")

    assert not old.stirred(ANYWAY - 1)
    with socket.socket():
        assert old.stirred(ANYWAY - 1)
    assert old.stirred(ANYWAY)
