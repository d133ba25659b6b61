"""Queues and tables hold what comes, and no more than makes sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.advice.kernel import backlog, conntrack, files, ports, table_memory, too_long, workers


@pytest.mark.parametrize(
    ("rate", "stall", "queues", "expected"),
    [
        (0, 0.2, 1, 1024),
        (2_000, 0.2, 1, 1024),
        (5_000, 0.2, 1, 2048),
        (5_000, 2, 1, 32_768),
        (5_000, 2, 4, 8192),
    ],
)
def test_backlog(rate, stall, queues, expected):
    assert expected == backlog(rate, stall, queues)


def test_a_queue_may_be_too_long():
    assert [False, True, False] == [too_long(1000, 2000), too_long(4096, 2000), too_long(4096, 0)]


def test_conntrack_holds_closed_connections_for_two_minutes():
    """2,000 a second are 240,000 entries, as was measured; a table of 262,144 is 82 MiB."""
    found = conntrack(2_000, 0, flows=1)
    assert (240_000, 524_288, 131_072) == (found.used, found.size, found.buckets)
    assert (262_144, 524_288) == tuple(conntrack(0, 0, seen=at).size for at in (150_000, 200_000))
    assert 84_410_368 == table_memory(262_144, 65_536)


@given(st.floats(0, 10**5), st.floats(0, 10**5), st.integers(0, 10**7))
def test_tables_grow_with_what_they_hold(rate, more, long_lived):
    first, second = conntrack(rate, long_lived), conntrack(rate + more, long_lived)
    assert first.used <= first.size * 0.75 + 1
    assert first.used <= second.used
    assert first.memory <= second.memory
    assert first.size == 4 * first.buckets
    assert backlog(rate) <= backlog(rate + more)
    assert rate * 0.2 <= backlog(rate)


def test_local_ports():
    """Those that were closed keep theirs for a minute."""
    usual = (32_768, 60_999)
    assert [(1_000, True), (31_000, False)] == [
        (one.used, one.enough) for one in (ports(1_000, 0, *usual), ports(1_000, 500, *usual))
    ]
    assert ports(31_000, 0, 1024, 65_535).enough


def test_files_and_workers():
    assert (32_834, 1, 2, 4) == (files(16_384, 2), workers(8, 0.5), workers(8, 1.5), workers(4, None))
