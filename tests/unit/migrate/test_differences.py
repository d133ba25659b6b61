"""The rows of the page as data: what each is about exists, and is found by the settings it is about."""

import re

import pytest

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.features import KEYS
from painless.migrate.differences import Difference, differences, read
from painless.migrate.titles import TITLES

WORD = re.compile(r"(?P<config>config:)?(?P<name>@?[a-z0-9-]+)(?P<how>=.+|~.+|!)?")


def words():
    return sorted({one for row in differences() for one in row.about})


@pytest.mark.parametrize("word", words())
def test_a_row_is_about_something_that_exists(word):
    """A name that nobody reads would keep a difference from whoever has it."""
    found = WORD.fullmatch(word)
    assert found, word
    known = CONFIG_KEYS if found["config"] else ANNOTATIONS | set(KEYS)
    assert found["name"].removeprefix("@") in (TITLES if found["name"].startswith("@") else known)
    if (found["how"] or "").startswith("~"):
        re.compile(found["how"][1:])


PAGE = (
    "## Here\n\n| ingress-nginx | Painless | why |\n|---|---|---|\n"
    "| a | b | c <!-- one two=x three~^(a\\|b)$ four! config:five @six --> |\n| d \\| e | f | g |\n"
)


def test_a_comment_says_what_a_row_is_about():
    """It is no part of what people read; bars are written as in every table."""
    assert [
        Difference("Here", "a", "b", "c", ("one", "two=x", "three~^(a|b)$", "four!", "config:five", "@six")),
        Difference("Here", "d \\| e", "f", "g"),
    ] == list(read(PAGE))


@pytest.mark.parametrize(
    ("name", "value", "faulty", "expected"),
    [
        ("one", "anything", False, True),
        ("one-more", "anything", False, False),
        ("on", "anything", False, False),
        ("two", " X ", False, True),
        ("two", "y", False, False),
        ("three", "b", False, True),
        ("three", "ab", False, False),
        ("four", "x", False, False),
        ("four", "x", True, True),
        ("five", "x", False, False),
        ("config:five", "x", False, True),
    ],
)
def test_a_row_concerns_settings_by_name_and_value(name, value, faulty, expected):
    """As the comment says: always, with a value, with a value of a kind, or with one that is wrong."""
    row = next(iter(read(PAGE)))
    assert expected == row.concerns(name, value, faulty=faulty)
