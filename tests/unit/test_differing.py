"""What each load changed, as it is told: whatever its size, in a few short parts."""

from painless.differing import LINE, PART, PARTS, parts


def test_a_difference_is_told_line_by_line() -> None:
    assert (["--- live/nginx.conf", "@@ -1 +1 @@", "-a", "+b"],) == parts(
        "--- live/nginx.conf\n@@ -1 +1 @@\n-a\n+b"
    )


def test_however_much_changed_a_few_short_parts_are_told() -> None:
    """Of many lines the first, of a long line its beginning; that there are more is said."""
    told = parts("".join(f"+{one:0500}\n" for one in range(4_000)))
    assert (PARTS, "… and more") == (len(told), told[-1][-1])
    assert all(sum(map(len, one)) <= PART + len("… and more") for one in told)
    assert [["x" * LINE]] == list(parts("x" * 1_000_000))
