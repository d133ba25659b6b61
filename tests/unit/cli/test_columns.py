"""Quantities for eyes."""

import pytest

from painless.cli.columns import counted, size, span, table


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, ""),
        (0, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (310, "5m10s"),
        (10920, "3h2m"),
        (90000, "1d1h"),
        (86401, "1d"),
    ],
)
def test_a_time(seconds, expected):
    assert expected == span(seconds)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(None, "?"), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (15_077_376, "15 MB"), (3.2e12, "3200 GB")],
)
def test_a_size(count, expected):
    assert expected == size(count)


def test_columns_are_as_wide_as_what_is_in_them():
    assert ["A    B", "aaa  b", "a"] == list(table(("A", "B"), [("aaa", "b"), ("a", "")]))


def test_one_is_not_many():
    assert ("1 Ingress", "2 Ingresses", "2 servers") == (
        counted(1, "Ingress", "Ingresses"),
        counted(2, "Ingress", "Ingresses"),
        counted(2, "server"),
    )
