"""The lines that two generations do not share."""

import difflib
import re

from hypothesis import given
from hypothesis import strategies as st

from painless.nginx.generation import Generation
from painless.plan.difference import difference

TEXTS = st.lists(st.sampled_from(["a", "b", "c", "", "}"]), max_size=300).map(
    lambda some: [f"{one}\n" for one in some]
)
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def generation(*lines: str) -> Generation:
    return Generation("id", {"nginx.conf": "".join(lines)})


def applied(before: list[str], diff: list[str]) -> list[str]:
    """Apply a diff as patch does; every line has to be where its hunk says."""
    result: list[str] = []
    at = 0
    for line in diff[2:]:
        if found := HUNK.match(line):
            start = int(found[1]) - (found[2] != "0")
            result += before[at:start]
            at = start
            assert int(found[3]) - (found[4] != "0") == len(result)
        elif line[0] == "+":
            result.append(line[1:])
        else:
            assert before[at] == line[1:]
            result += [line[1:]] if line[0] == " " else []
            at += 1
    return result + before[at:]


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_it_leads_from_one_to_the_other(head, old, new, tail) -> None:
    """Whatever the two have in common before and after."""
    before, after = [*head, *old, *tail], [*head, *new, *tail]
    assert after == applied(before, list(difference(generation(*before), generation(*after))) or ["", ""])


def test_it_is_what_everybody_knows() -> None:
    """As difflib and diff -u have it."""
    before = [f"{at}\n" for at in range(200)]
    after = [*before[:100], "new\n", *before[101:]]
    seen = "".join(difference(generation(*before), generation(*after))).splitlines(keepends=True)
    assert list(difflib.unified_diff(before, after, "live/nginx.conf", "want/nginx.conf")) == seen
