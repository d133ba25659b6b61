"""What YAML and JSON files parse to, and that no file can do harm."""

import time
from itertools import pairwise

import pytest

from painless.syntax.documents import SIZE_LIMIT, Document, Parsed
from painless.syntax.jsontext import parse_json
from painless.syntax.yaml import parse_yaml


def values(text: str) -> list[object]:
    parsed = parse_yaml(text.encode())
    assert () == parsed.faults
    return [one.value for one in parsed.documents]


def faults(parsed: Parsed) -> list[tuple[int, int, str]]:
    return [(one.line, one.column, one.says) for one in parsed.faults]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("yes", True),
        ("On", True),
        ("y", True),
        ("TRUE", True),
        ("no", False),
        ("off", False),
        ("N", False),
        ("yEs", "yEs"),
        ("", None),
        ("~", None),
        ("Null", None),
        ("0", 0),
        ("-12", -12),
        ("+12", 12),
        ("1_000", 1000),
        ("0x1F", 31),
        ("017", 15),
        ("0o17", 15),
        ("0b11", 3),
        ("08", 8.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("1.2.3", "1.2.3"),
        ("1:30", "1:30"),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
        ("-", [None]),
        ("10m", "10m"),
        ("=", "="),
        ("'yes'", "yes"),
        ('"8080"', "8080"),
        ("!!str 8080", "8080"),
        ("!!int '8080'", 8080),
        ("!!float 1", 1.0),
        ("!!null ''", None),
        ("!!bool off", False),
        ("|\n  a\n  b\n", "a\nb\n"),
        (">-\n  a\n  b\n", "a b"),
    ],
)
def test_words_mean_what_they_mean_to_kubectl(word: str, value: object) -> None:
    """YAML 1.1's truth values, Go's numbers, no times and no numbers of base 60."""
    if word == "-":
        assert [value] == values("-")
    else:
        assert [{"k": value}] == values(f"k: {word}")


@pytest.mark.parametrize(
    ("key", "text"), [("8080", "8080"), ("on", "true"), ("'on'", "on"), ("1.5", "1.5"), ("a", "a")]
)
def test_keys_are_text(key: str, text: str) -> None:
    """JSON has only text for keys, so kubectl makes text of them."""
    assert [{text: 1}] == values(f"{key}: 1")


def test_a_number_of_thousands_of_digits_is_harmless() -> None:
    """Python refuses to convert it, so it stays text."""
    assert [{"k": "9" * 5000}] == values("k: " + "9" * 5000)


def test_documents_know_their_line() -> None:
    """Lines count from 1, comments and markers left out."""
    parsed = parse_yaml(b"# hello\n---\na: 1\n---\n\nb: 2\n...\n---\n")
    assert (Document(3, {"a": 1}), Document(6, {"b": 2}), Document(9, None)) == parsed.documents


def test_aliases_and_merges() -> None:
    """Own keys win over merged ones, earlier maps over later ones."""
    text = "a: &a {p: 1, q: 2}\nb: {<<: *a, q: 3}\nc: {<<: [{p: 0}, *a]}\nd: *a\n'<<': {'<<': 1}"
    expected = {
        "a": {"p": 1, "q": 2},
        "b": {"p": 1, "q": 3},
        "c": {"p": 0, "q": 2},
        "d": {"p": 1, "q": 2},
        "<<": {"<<": 1},
    }
    assert [expected] == values(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", 4, 3, "the key 'c' is there twice"),
        ("a: &a [*a]", 1, 8, "the alias *a has no complete &a before it"),
        ("a: *b", 1, 4, "the alias *b has no complete &b before it"),
        ("a: !!python/object:os.system ls", 1, 4, "tag"),
        ("a: !mine 1", 1, 4, "the tag !mine is not allowed"),
        ("a: !!binary aGk=", 1, 4, "not allowed"),
        ("a: !!set {b}", 1, 4, "not allowed"),
        ("a: !!int x", 1, 4, "the tag !!int does not fit its value"),
        ("a: !!bool 1", 1, 4, "the tag !!bool does not fit its value"),
        ("? [a]\n: b", 1, 3, "a key is a list or a map, expected text"),
        ("~: b", 1, 1, "a key is empty"),
        ("a: &a [1]\n*a : b", 2, 1, "a key is empty, a list or a map"),
        ("<<: 1", 1, 5, "<< is not followed by a map or a list of maps"),
    ],
)
def test_a_fault_of_meaning_costs_its_document(text: str, line: int, column: int, says: str) -> None:
    """The fault has its place, and the documents before and after it are kept."""
    parsed = parse_yaml(f"{text}\n---\nok: 1\n".encode())
    assert [{"ok": 1}] == [one.value for one in parsed.documents]
    ((found_line, found_column, found_says),) = faults(parsed)
    assert (line, column) == (found_line, found_column)
    assert says in found_says


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ("a: b: c", 3, 5, "mapping values are not allowed in this context"),
        ("a: [1,\n", 5, 1, "did not find expected node content"),
        ("a:\n\t- b", 4, 1, "the line is indented with a tab, expected spaces"),
        ("a: 'b", 4, 1, "found unexpected document indicator"),
        ("a: \x00", 3, 4, "found the character U+0000"),
        ("a: ä\x07", 3, 5, "found the character U+0007"),
        ('a: "\\ud800"', 3, 7, "invalid Unicode"),
        ("- " * 101 + "x", 3, 201, "nested more than 100 deep"),
    ],
)
def test_a_fault_of_syntax_ends_the_file(text: str, line: int, column: int, says: str) -> None:
    """The documents before it are kept; nobody can tell where the next one would begin."""
    parsed = parse_yaml(f"ok: 1\n---\n{text}\n---\nlost: 1\n".encode())
    ((found_line, found_column, found_says),) = faults(parsed)
    assert says in found_says
    assert "nothing after it is read" in found_says
    assert [] == [one for one in parsed.documents if one.value == {"lost": 1}]
    assert (line, column) == (found_line, found_column)


def test_bytes_that_are_no_text_are_named_with_their_place() -> None:
    """UTF-8 is expected, with or without a byte order mark."""
    assert [(2, 5, "found the byte 0xff, expected UTF-8 text")] == faults(
        parse_yaml("ä: 1\nbä: \xff".encode("latin-1").replace(b"\xe4", "ä".encode()))
    )
    assert (Document(1, {"a": 1}),) == parse_yaml(b"\xef\xbb\xbfa: 1").documents
    assert 1 == len(parse_yaml("a: 1".encode("utf-16")).faults)


@pytest.mark.parametrize("opening", ["[", "{", "{a: ", "- ", "? ", "[{a: ", "&a [", "!!seq ["])
def test_deep_nesting_is_refused(opening: str) -> None:
    """PyYAML's composer crashes the process on this; here it is a fault within the first 1,000 columns."""
    for parse in (parse_yaml, parse_json):
        found = faults(parse((opening * 100_000).encode()))
        assert found
        assert found[0][1] < 1000


def test_an_alias_bomb_is_refused() -> None:
    """Ten lines that stand for 9^10 values cost nothing."""
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    names = "abcdefghijk"
    for before, name in pairwise(names):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    began = time.process_time()
    ((_, _, says),) = faults(parse_yaml("\n".join(lines).encode()))
    assert "aliases stand for more than 100,000 values" == says
    assert time.process_time() - began < 1


def test_a_bomb_of_merges_is_refused() -> None:
    """Merging multiplies as lists do."""
    keys = ", ".join(f"k{number}: 1" for number in range(1000))
    lines = [f"a: &a {{{keys}}}", *(f"b{number}: {{<<: *a}}" for number in range(1000))]
    ((_, _, says),) = faults(parse_yaml("\n".join(lines).encode()))
    assert "aliases stand for more than 100,000 values" == says


def test_a_file_above_the_limit_is_not_parsed() -> None:
    """17 MiB are refused before anything is read."""
    for parse in (parse_yaml, parse_json):
        assert [(1, 1, "the file is larger than 16 MiB")] == faults(parse(b"a" * (SIZE_LIMIT + 1)))


def test_json_values_follow_each_other() -> None:
    """One or many, each with its line; YAML's traps are none in JSON."""
    parsed = parse_json(b'\xef\xbb\xbf{"a": "\\ud83d\\ude00"}\n\n{"b": [1, 1.5, true, null, "yes\\/"]}\n')
    assert (
        Document(1, {"a": "\U0001f600"}),
        Document(3, {"b": [1, 1.5, True, None, "yes/"]}),
    ) == parsed.documents
    assert () == parsed.faults
    assert Parsed() == parse_json(b" \n")


@pytest.mark.parametrize(
    ("text", "line", "column", "says"),
    [
        ('{"a": 1,\n "b" 2}', 2, 6, "Expecting ':' delimiter"),
        ("nope", 1, 1, "Expecting value"),
        ('{"a": {"b": 1, "b": 2}}', 1, 1, "the key 'b' is there twice"),
        ('{"a": NaN}', 1, 1, "found NaN, which JSON does not have"),
        ('{"a": "\\ud800"}', 1, 1, "half of a pair of surrogates"),
        ('{"\\ud800": 1}', 1, 1, "half of a pair of surrogates"),
        ("[" * 101 + "]" * 101, 1, 1, "nested more than 100 deep"),
        ("9" * 5000, 1, 1, "limit"),
        ('{"a": "\n"}', 1, 8, "Invalid control character"),
    ],
)
def test_a_fault_in_json_has_a_place(text: str, line: int, column: int, says: str) -> None:
    """Values before it are kept."""
    parsed = parse_json(f'{{"ok": 1}}\n{text}'.encode())
    assert [{"ok": 1}] == [one.value for one in parsed.documents]
    ((found_line, found_column, found_says),) = faults(parsed)
    assert (line + 1, column) == (found_line, found_column)
    assert says in found_says
