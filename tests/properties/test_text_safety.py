"""No text can become syntax: what was built is what is read, by our reader and by a running NGINX."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from tests.properties.hostile import NASTIES, strings, trees
from tests.unit.nginx.real import Client, running, says

from painless.nginx.printer import printed
from painless.nginx.quoting import MAX_BYTES
from painless.nginx.reader import read, shape, shape_of
from painless.nginx.tokens import Regex, Var
from painless.nginx.tree import Directive, block, directive, entry, when

COUNT = 8000  # One location for each; all together take NGINX and us about a second.
SAMPLE = 400  # For the ways that are like the first.
MAP_WORDS = (
    "default",
    "hostnames",
    "include",
    "volatile",
    "~a",
    "~*a",
    "\\a",
    "\\\\a",
    "\\~a",
    "\\default",
    "~",
)
NO_HEADER = re.compile("[\0-\x1f\x7f]|^ | $|^$")  # What a header cannot hold, or a client would trim.


@settings(max_examples=400, deadline=None, derandomize=True, database=None)
@given(trees)
def test_any_tree_reads_back_as_it_was_built(tree: tuple[Directive, ...]):
    """Words, nesting and order survive, whatever the text in tokens and comments."""
    assert shape_of(tree) == shape(read(printed(tree).text))


@pytest.mark.parametrize("name", ["return", "server_name"])
def test_thousands_of_texts_read_back(name: str):
    """Where variables are expanded, and where they are not."""
    tree = tuple(directive(name, text, "end") for text in strings(COUNT, seed=3))
    assert shape_of(tree) == shape(read(printed(tree).text))


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(trees)
def test_each_line_has_an_origin(tree: tuple[Directive, ...]):
    """Otherwise NGINX's complaint about a line would be told to the wrong author."""
    made = printed(tree)
    assert made.text.count("\n") == len(made.origins)


@pytest.mark.parametrize(
    "text", ["\\" * 100_000, "$" * 100_000, 'a"' * 50_000, "x" * 100_000, "\n" * 100_000]
)
def test_long_text_reads_back(text: str):
    """Length changes nothing in how text is spelled."""
    tree = (directive("return", 200, text),)
    assert shape_of(tree) == shape(read(printed(tree).text))


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_what_nginx_cannot_hold_is_refused(text: str):
    """A decoder that let it through is our mistake and must not reach a file."""
    with pytest.raises(AssertionError, match="NGINX cannot hold"):
        printed((directive("return", 200, text),))


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """One NGINX for all that follows."""
    folder: Path = tmp_path_factory.mktemp("hostile")
    socket = folder / "s"
    with running(printed(_configuration(socket)).text, folder), Client(socket) as client:
        yield client


def _configuration(socket: Path) -> Iterable[Directive]:
    texts = strings(COUNT, seed=1)
    body = [directive("listen", f"unix:{socket}"), directive("keepalive_requests", 100_000)]
    body += [_at(f"/return/{n}", directive("return", 200, text)) for n, text in enumerate(texts)]
    for n, text in enumerate(texts[:SAMPLE]):
        body.append(_at(f"/set/{n}", directive("set", Var("v"), text), directive("return", 200, Var("v"))))
        body.append(
            _at(f"/if/{n}", when(Var("http_a"), "=", text, body=(directive("return", 200, "equal"),)))
        )
        if not NO_HEADER.search(text):
            answer = directive("return", 200, "")
            body.append(_at(f"/header/{n}", directive("add_header", "X-Text", text), answer))
    body += [_at("/map", directive("return", 200, Var("mapped")))]
    body += [_at("/key", directive("return", 200, Var("key")))]
    body += [
        _at(
            f"/regex/{n}", when(Var("http_a"), "~", Regex(pattern), body=(directive("return", 200, "match"),))
        )
        for n, (pattern, _) in enumerate(REGEXES)
    ]
    values = [entry(f"v{n}", text) for n, text in enumerate(texts[:SAMPLE])]
    keys = [directive("default", "none"), *(entry(key, f"key {n}") for n, key in enumerate(MAP_WORDS))]
    yield directive("error_log", "stderr", "notice")
    yield block("events", body=())
    yield block(
        "http",
        body=(
            block("geo", Var("dollar"), body=(directive("default", "$"),)),
            directive("access_log", "off"),
            block("map", Var("http_a"), Var("mapped"), body=values),
            block("map", Var("http_a"), Var("key"), body=keys),
            block("server", body=body),
        ),
    )


REGEXES = (
    (r"^\d{2}$", ("12", "1")),
    (r"^a\\b$", ("a\\b", "a\b")),
    (r"^\{x;y\}$", ("{x;y}", "x;y")),
    (r'^"q" \'r\'$', ("\"q\" 'r'", "q r")),
    (r"^\$host$", ("$host", "x")),
    (r"^a\tb$", ("a\tb", "atb")),
    (r"^\\t$", ("\\t", "\t")),
    (r"^\\\\$", ("\\\\", "\\")),
    (r"^[^\"\\]+$", ("a", 'a"')),
    (r"^a#b$", ("a#b", "a")),
    (r"^(\n|x)$", ("x", "nx")),
)
"""A pattern, and what it matches and does not."""


def _at(path: str, *body: Directive) -> Directive:
    return block("location", "=", path, body=body)


def test_thousands_of_texts_come_back_byte_for_byte(client: Client):
    """What a user wrote is what NGINX answers, with no variable expanded and no byte changed."""
    texts = strings(COUNT, seed=1)
    wrong = [text for n, text in enumerate(texts) if client.get(f"/return/{n}")[1] != text.encode()]
    assert ([], True) == (wrong, len(texts) >= 3000)


@pytest.mark.parametrize("way", ["set", "map"])
def test_text_comes_back_through_variables(client: Client, way: str):
    """A variable's value is as safe as an argument."""
    texts = strings(COUNT, seed=1)[:SAMPLE]
    paths = [(f"/set/{n}", ()) if way == "set" else ("/map", (f"A: v{n}".encode(),)) for n in range(SAMPLE)]
    wrong = [
        text
        for text, (path, head) in zip(texts, paths, strict=True)
        if client.get(path, *head)[1] != text.encode()
    ]
    assert wrong == []


def test_text_comes_back_as_a_header(client: Client):
    """Likewise; what a header cannot hold at all is for decoders to refuse."""
    texts = [
        (n, text) for n, text in enumerate(strings(COUNT, seed=1)[:SAMPLE]) if not NO_HEADER.search(text)
    ]
    wrong = [text for n, text in texts if client.get(f"/header/{n}")[0]["x-text"] != text.encode()]
    assert ([], True) == (wrong, len(texts) > 100)


def test_conditions_compare_with_the_very_text(client: Client):
    """The value in an ``if`` is text as well, and may end in the bracket that closes it."""
    texts = [
        (n, text) for n, text in enumerate(strings(COUNT, seed=1)[:SAMPLE]) if not NO_HEADER.search(text)
    ]
    wrong = [text for n, text in texts if client.get(f"/if/{n}", b"A: " + text.encode())[1] != b"equal"]
    assert ([], True) == (wrong, len(texts) > 100)


@pytest.mark.parametrize(("n", "key"), list(enumerate(MAP_WORDS)))
def test_words_of_map_are_text_as_keys(client: Client, n: int, key: str):
    """A user's text cannot become the default of a map, nor a regular expression."""
    assert f"key {n}".encode() == client.get("/key", f"A: {key}".encode())[1]


@pytest.mark.parametrize(("n", "texts"), [(n, texts) for n, (_, texts) in enumerate(REGEXES)])
def test_patterns_reach_pcre_unchanged(client: Client, n: int, texts: tuple[str, str]):
    """A backslash more or less would match something else."""
    answers = [client.get(f"/regex/{n}", b"A: " + text.encode())[1] == b"match" for text in texts]
    assert [True, False] == answers


def test_nginx_refuses_a_word_above_our_limit_and_takes_one_below(tmp_path: Path):
    """``check`` must warn before NGINX does."""
    at = [says(f'env "{"x" * size}"; events {{}}', tmp_path) == "" for size in (MAX_BYTES, MAX_BYTES + 1)]
    assert [True, False] == at


def test_comments_cannot_break_out(tmp_path: Path):
    """A comment may quote what a user wrote; NGINX must not see it."""
    tree = tuple(directive("env", "A", comment=text) for text in strings(500, seed=2) if text.strip())
    assert says(printed((*tree, block("events", body=()))).text, tmp_path) == ""


def test_nasties_are_worth_their_name():
    """Each piece of grammar is among the hand-written texts."""
    assert set() == set("${}();\"'\\ \n\r\t#~") - set("".join(NASTIES))
