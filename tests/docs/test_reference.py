"""The reference pages hold what they promise: everything declared, and links that lead somewhere."""

import re
from functools import lru_cache
from pathlib import Path

import pytest

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.docs import compatibility, differs, pages
from painless.docs.effects import Declared, effect
from painless.docs.markdown import anchor, code, table
from painless.explain.names import expected
from painless.features import FEATURES, KEYS, Feature
from painless.flags import FLAGS
from painless.migrate import differences
from painless.model.diagnostics import Reason

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]*)#([^)\s]+)\)")
TARGET = re.compile(r"\[[^\]]*\]\(([^)#\s]*)(?:#[^)\s]+)?\)")
PAGES = (
    *(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md")),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "deploy").rglob("*.md"),
)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


made = lru_cache(pages)


def headings(page: str) -> set[str]:
    """The headings of a page, as fragments."""
    found = re.findall(r"^#+ (.+)$", FENCE.sub("", page), re.MULTILINE)
    return {anchor(one) for one in found}


def test_every_name_is_listed_once():
    """Whoever migrates finds each name of theirs, with its state."""
    rows = re.findall(r"^\| `([^`]+)` \| \[?(\w[^|\]]*)", made()["compatibility.md"], re.MULTILINE)
    names = (*sorted(ANNOTATIONS), *sorted(CONFIG_KEYS), *(f"--{name}" for name in FLAGS))
    assert (138, 196, 85, list(names), set()) == (
        len(ANNOTATIONS),
        len(CONFIG_KEYS),
        len(FLAGS),
        [name for name, _ in rows],
        {state.strip() for _, state in rows} - set(compatibility.State),
    )


@pytest.mark.parametrize(
    ("lines", "least"),
    # What was reached once: more is better, less is a loss for whoever has come already.
    [(compatibility.annotations(), 133), (compatibility.config_keys(), 181), (compatibility.flags(), 40)],
    ids=["annotations", "keys", "flags"],
)
def test_as_many_are_honoured_as_once_were(lines, least):
    """Names only join."""
    honoured = {compatibility.State.HONOURED, compatibility.State.DIFFERS}
    assert least <= sum(one.state in honoured for one in lines)


def test_what_is_not_honoured_says_why():
    """A reason, or what to use instead; what is only missing yet says so by its state."""
    lines = (*compatibility.annotations(), *compatibility.config_keys(), *compatibility.flags())
    bare = {compatibility.State.NO_EFFECT, compatibility.State.UNSUPPORTED}
    assert [] == [one.name for one in lines if one.state in bare and not one.note]


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("annotations.md", {key.name for feature in FEATURES for key in feature.KEYS}),
        ("configmap.md", {one.name for feature in FEATURES for one in feature.SETTINGS}),
        ("flags.md", {f"--{name}" for name in FLAGS}),
    ],
)
def test_every_key_has_its_section(page, names):
    """What is honoured or accepted has a section of its own."""
    assert {anchor(one) for one in names} - headings(made()[page]) - {"--v"} == set()


@pytest.mark.parametrize(
    ("name", "writes", "reloads"),
    [
        ("proxy-read-timeout", "proxy_read_timeout", True),
        ("temporal-redirect", "return", True),
        ("auth-method", "proxy_method", True),
        ("canary-weight", None, False),
        ("keep-alive", "keepalive_timeout", True),
    ],
)
def test_what_a_key_writes_is_the_compiler_s_word(name, writes, reloads):
    """Its own directives; also those of a key that means something beside another one only."""
    declared: list[tuple[Feature, Declared]] = [(one, key) for one in FEATURES for key in one.KEYS]
    declared += [(one, setting) for one in FEATURES for setting in one.SETTINGS]
    feature, key = next(pair for pair in declared if pair[1].name == name)
    found = effect(feature, key)
    assert found is not None
    assert (writes is None or writes in found.writes, reloads) == (True, found.reloads)


@pytest.mark.parametrize(
    ("row", "about"),
    [
        ("`affinity: x`, `/` and `error` | `--http-port` | so", {"affinity"}),
        ("`X-A` | `proxy-cookie-*` | `affinity`", {"proxy-cookie-domain", "proxy-cookie-path"}),
        ("a | b | c <!-- @habit canary=x config:hsts! -->", {"canary", "hsts"}),
        ("a `--http-port=1` | b | c", {"--http-port"}),
    ],
)
def test_a_difference_is_about_the_names_it_has(row, about):
    """As code, whole or with a star, and in its comment; other words are no names."""
    (one,) = differences.read(f"## Here\n| ingress-nginx | Painless | why |\n|---|---|---|\n| {row} |\n")
    assert ("Here", about) == (one.section, differs.names(one))


def test_every_name_in_a_comment_is_one():
    """What nobody has would be looked up by nobody."""
    known = {*ANNOTATIONS, *CONFIG_KEYS, *KEYS, *(f"--{name}" for name in FLAGS)}
    assert [] == [row.theirs for row in differs.differences() if differs.names(row) - known]


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
    texts = {one: one.read_text(encoding="utf-8") for one in PAGES}
    dead = [
        f"{page.relative_to(ROOT)}: {target}#{fragment}"
        for page, text in texts.items()
        for target, fragment in LINK.findall(FENCE.sub("", text))
        if "://" not in target
        and fragment not in headings(texts.get((page.parent / target).resolve() if target else page, ""))
    ]
    assert dead == []


def test_links_lead_to_files():
    """A link names a file of the repository."""
    texts = {one: one.read_text(encoding="utf-8") for one in PAGES}
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page, text in texts.items()
        for target in TARGET.findall(FENCE.sub("", text))
        if "://" not in target and target and not (page.parent / target).exists()
    ]
    assert dead == []


def test_a_bar_does_not_end_a_cell():
    """A value with a bar stays in its cell, and one with a backtick stays code."""
    assert "| `a\\|b` |" in table(("value",), [(code("a|b"),)])
    assert "`` a`b ``" == code("a`b")
