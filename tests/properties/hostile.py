"""Text that people would rather not see in a configuration file: hand-written, random, and as trees."""

import random

from hypothesis import strategies as st

from painless.nginx.tokens import Expr, Literal, Regex, Token, Var
from painless.nginx.tree import Directive

_PIECES = (
    *"${}();\"'\\ \n\r\t#~*/=?&%<>|^@:,.",
    *("$x", "${x}", "${", "}", "$host", "${host}", "$1", "${dollar}", "\\n", "\\t", "\\\\", '\\"', "\\$"),
    *("a", "b1", "é", "日本", "\u2028", "\x0b", "\x7f", "\u202e", "\U0001f4a3", "default", "off"),
    *("return 200 pwned;", "} server { listen 1; }", "# comment", "include /etc/passwd;", "\r\n\r\n"),
)

NASTIES = (
    *(
        "",
        " ",
        "\\",
        "\\\\",
        "\\\\\\",
        "$",
        "$$",
        "${",
        "${}",
        "$}",
        "${x",
        '"',
        "'",
        '\\"',
        "\\'",
        ";",
        "{",
        "}",
    ),
    *("#", "\n", "\r", "\r\n", "\t", "\\n", "\\\n", "\\t", "\\r", "\\x", "a\\", 'a\\"', "a\\'", '"a"', "'a'"),
    *(
        "$host",
        "${host}",
        "$1",
        "$12",
        "\\$host",
        "$\\host",
        "$$host",
        "$host$",
        "${dollar}",
        "$dollar",
        "a{b}c",
    ),
    *(
        ")",
        "(",
        "a)",
        '")',
        "')",
        "\\)",
        "~",
        "~*",
        "\\~",
        "!",
        "=",
        "off",
        "on",
        "default",
        "http://x/",
        "if",
    ),
    *(
        '";} return 403; #',
        "'; } }",
        '\\";}',
        "a;b",
        "a b",
        " a ",
        "\\ ",
        "\\;",
        "\\{",
        "\\#",
        "x # y",
        "x#y",
    ),
    *(
        "é",
        "日本語",
        "\U0001f4a3",
        "\u2028",
        "\u202e",
        "\ufeff",
        "\x01",
        "\x1b[31m",
        "\x7f",
        "\x0b\x0c",
        "\x85",
    ),
    *("a" * 4000, "\\" * 2000, '"' * 2000, "$" * 400, "\n" * 2000, "{" * 4000, "é" * 2000),
)


def strings(count: int, seed: int) -> list[str]:
    """Return ``count`` texts, first the nasties and then random ones, always the same for a seed."""
    chance = random.Random(seed)
    more = ("".join(chance.choices(_PIECES, k=chance.randint(1, 16))) for _ in range(count - len(NASTIES)))
    return [*NASTIES, *more]


_texts = st.one_of(
    st.sampled_from(NASTIES),
    st.lists(st.sampled_from(_PIECES), max_size=12).map("".join),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
)
_variables = st.sampled_from(("x", "host", "1", "9", "arg_a", "X_1")).map(Var)
_literals = _texts.map(Literal)


@st.composite
def _regexes(draw: st.DrawFn) -> Regex:
    return Regex(draw(_texts), draw(st.sampled_from(("", "~", "~*"))))


_tokens: st.SearchStrategy[Token] = st.one_of(
    _literals,
    _variables,
    _regexes(),
    st.lists(st.one_of(_literals, _variables), max_size=5).map(lambda parts: Expr(tuple(parts))),
)
_arguments = st.lists(_tokens, max_size=4).map(tuple)
_names = st.sampled_from(("return", "add_header", "auth_request", "set", "server_name", "default", "unknown"))
_blocks = st.sampled_from(("http", "server", "location", "map", "geo", "types", "if", "unknown"))


@st.composite
def _simple(draw: st.DrawFn) -> Directive:
    if draw(st.booleans()):
        return Directive("", (draw(_tokens), *draw(_arguments)), None, draw(_texts))
    return Directive(draw(_names), draw(_arguments), None, draw(_texts))


@st.composite
def _block(draw: st.DrawFn, inside: st.SearchStrategy[Directive]) -> Directive:
    body = tuple(draw(st.lists(inside, max_size=4)))
    return Directive(draw(_blocks), draw(_arguments), body, draw(_texts))


trees = st.lists(st.recursive(_simple(), _block, max_leaves=12), max_size=4).map(tuple)
