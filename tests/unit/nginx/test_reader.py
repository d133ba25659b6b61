"""The way back from text: exact about words, tolerant of style, clear about mistakes."""

import pytest

from painless.nginx.reader import Node, ReadError, Word, read, shape

STYLES = r"""
user  nobody; # comment; with { grammar }
events{}
http { server { listen 80;location ~ \.php$ { return 200 'it''s' ; } } }
"""


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (r"a\;b", r"a\;b"),
        (r"'a\'b'", "a'b"),
        (r'"a\tb\n\r\\\""', 'a\tb\n\r\\"'),
        (r'"\d\ \$"', r"\d\ \$"),
        ('"a\nb"', "a\nb"),
        ("a'b", "a'b"),
        ("a#b", "a#b"),
        ("${x}y", "${x}y"),
        (r"\#", r"\#"),
        ("''", ""),
        ("}x"[1:] + "}", "x}"),
    ],
)
def test_a_word_is_decoded_as_nginx_does(text: str, word: str):
    """The same pairs, in quotes and without."""
    assert ((("x", word), None),) == shape(read(f"x {text};"))


def test_style_does_not_matter():
    """Spaces, comments and brackets may stand as people like."""
    text = STYLES.replace("'it''s'", "'it' s")
    inner = (("location", "~", r"\.php$"), ((("return", "200", "it", "s"), None),))
    server = (("server",), ((("listen", "80"), None), inner))
    assert ((("user", "nobody"), None), (("events",), ()), (("http",), (server,))) == shape(read(text))


def test_nodes_know_their_lines_and_quotes():
    """A finding about foreign text can say where."""
    text = 'a {\n  b "c"\n d;\n}\n'
    inner = Node("b", (Word("c", 2, quoted=True), Word("d", 3)), None, 2)
    assert (Node("a", (), (inner,), 1),) == read(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a", 'f, line 1, column 2: the file ends; expected ";" or "{"'),
        ("a;\n}", 'f, line 2, column 1: unexpected "}"; expected a directive'),
        ("a {\n b; ", 'f, line 2, column 5: the file ends; expected "}" for "a" of line 1'),
        ("a }", 'f, line 1, column 3: unexpected "}"; expected ";" or "{"'),
        (";", 'f, line 1, column 1: unexpected ";"; expected a directive'),
        (
            "\n a 'b;",
            "f, line 2, column 7: the file ends; expected ' after the word in ' of line 2, column 4",
        ),
        (
            "a 'b'c;",
            (
                'f, line 1, column 6: unexpected "c" right after the word in \' of line 1, column 3; '
                'expected a space, ";" or "{"'
            ),
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, says: str):
    """File, line, column and what was expected, in one sentence."""
    with pytest.raises(ReadError) as raised:
        read(text, "f")
    assert says == str(raised.value)


def test_depth_is_no_danger():
    """Text from elsewhere may have any number of open brackets."""
    with pytest.raises(ReadError):
        read("a{" * 100_000)
