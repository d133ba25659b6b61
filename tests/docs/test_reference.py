"""The reference pages hold what they promise: everything declared, and links that lead somewhere."""

import re
from pathlib import Path

import pytest

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.docs import pages
from painless.docs.keys import expected
from painless.docs.markdown import anchor, code, table
from painless.features import FEATURES
from painless.model.diagnostics import Reason

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)#([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def headings(page: str) -> set[str]:
    """The headings of a page, as fragments."""
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.MULTILINE)
    return {anchor(one) for one in found}


def test_every_name_is_listed_once():
    """Whoever migrates finds each name of theirs, with its state."""
    made = pages()
    rows = [
        re.findall(r"^\| `([^`]+)` \|", made[name], re.MULTILINE)
        for name in ("annotations.md", "configmap.md")
    ]
    assert [sorted(ANNOTATIONS), sorted(CONFIG_KEYS)] == rows


def test_every_key_has_its_section():
    """A key that is honoured has a section of its own."""
    sections = headings(pages()["annotations.md"])
    assert {anchor(key.name) for feature in FEATURES for key in feature.KEYS} - sections == set()


def test_every_feature_says_what_it_means():
    """A module's docstring is the user's page, so it is more than a title."""
    silent = [one for one in FEATURES if "\n\n" not in (one.__doc__ or "")]
    assert silent == []


@pytest.mark.parametrize(
    "key",
    [one for feature in FEATURES for one in (*feature.KEYS, *feature.SETTINGS)],
    ids=lambda one: one.name,
)
def test_a_key_says_what_it_takes(key):
    """No key takes any text, and its example is one that it takes."""
    assert expected(key.decode) not in {"", "any text"}
    assert not hasattr(key.decode(key.example), "expected"), key.example


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_whole_sentences(reason):
    """What it means and how to mend it end with a period, and begin with a word."""
    assert [True, True] == [
        text[0].isalpha() and text.endswith(".") for text in (reason.meaning, reason.mend)
    ]


def test_fragments_lead_to_headings():
    """A link into a page names one of its headings."""
    files = [
        ROOT / "README.md",
        ROOT / "ARCHITECTURE.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "deploy").rglob("*.md"),
    ]
    texts = {one.resolve(): one.read_text(encoding="utf-8") for one in files}
    dead = [
        f"{page.relative_to(ROOT)}: {target}#{fragment}"
        for page, text in texts.items()
        for target, fragment in LINK.findall(FENCE.sub("", text))
        if "://" not in target
        and fragment not in headings(texts.get((page.parent / target).resolve() if target else page, ""))
    ]
    assert dead == []


def test_a_bar_does_not_end_a_cell():
    """A value with a bar stays in its cell, and one with a backtick stays code."""
    assert "| `a\\|b` |" in table(("value",), [(code("a|b"),)])
    assert "`` a`b ``" == code("a`b")
