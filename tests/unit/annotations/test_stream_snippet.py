"""Stream snippets: each item is had whole or not at all, and names no machine that is NGINX's own."""

import itertools

import pytest
from tests.properties.hostile import NASTIES, strings

from painless.annotations.snippet import Around
from painless.annotations.snippet_policy import Author
from painless.annotations.stream_snippet import Port, Target, port_of, read_stream, target_of
from painless.nginx.catalog import check
from painless.nginx.printer import printed
from painless.nginx.reader import read, shape, shape_of
from painless.nginx.tokens import Literal, Var, expr
from painless.nginx.tree import directive

FORMS = (
    "server { listen %s; proxy_pass 10.0.0.1:1; }",
    "server { listen 9000; proxy_pass %s; }",
    "server { listen 9000; server_name %s; return %s; }",
    "upstream %s { server 10.0.0.1:1; } server { listen 9000; proxy_pass %s; }",
    "upstream u { server %s; }",
    "map %s $m { %s %s; }",
    "%s",
)


def texts(author: Author, text: str):
    return read_stream(text, Around(author, "stream"))


@pytest.mark.parametrize("author", Author)
def test_no_text_breaks_out(author: Author):
    """Whatever is read is a tree that NGINX would have there, and reads back as the same."""
    for text, form in zip((*NASTIES, *strings(2000, seed=7)), itertools.cycle(FORMS), strict=False):
        found = texts(author, form.replace("%s", text))
        assert () == check(found.snippet.tree, "stream")
        assert shape_of(found.snippet.tree) == shape(read(printed(found.snippet.tree).text))


def test_what_is_left_of_a_tenant_s_reaches_other_machines_only():
    """Ports without an address, and answers that are text, a group's, a name's or another machine's."""
    near = ("127.0.0.1:80", "0.0.0.0:80", "0.1.2.3:80", "[::1]:80", "[::ffff:127.0.0.1]:80", "localhost:80")
    nearer = (
        "a.localhost:80",
        "LOCALHOST.:80",
        "169.254.169.254:80",
        "[fe80::1]:80",
        "224.0.0.1:80",
        "unix:/x",
    )
    texts_of = (f"server {{ listen 9000; proxy_pass {one}; }}" for one in (*near, *nearer, "$remote_addr"))
    groups = (f"upstream u {{ server {one}; }}" for one in (*near, *nearer))
    assert [] == [one for one in (*texts_of, *groups) if texts(Author.TENANT, one).snippet.tree]


def test_a_server_that_lacks_a_line_is_none():
    """The others are there, wherever what they name stands."""
    good, lacking = "server { listen 1; proxy_pass u; }", "server { listen 2; deny a b; return x; }"
    found = texts(Author.TENANT, f"{good} {lacking} upstream u {{ server 10.0.0.1:1; }}")
    assert (["upstream", "server"], 1) == ([one.name for one in found.snippet.tree], len(found.problems))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("9000",), Port(9000, udp=False, address="", words=())),
        (("[::]:9000", "udp", "ipv6only=on"), Port(9000, udp=True, address="", words=())),
        (("*:1", "ssl"), Port(1, udp=False, address="", words=("ssl",))),
        (("10.0.0.9:1",), Port(1, udp=False, address="10.0.0.9", words=())),
    ],
)
def test_a_port_is_read(words, expected):
    """With its protocol; addresses that mean wherever NGINX listens are none."""
    assert expected == port_of(directive("listen", *words))


@pytest.mark.parametrize("text", ["0", "65536", "a", "1-2", "unix:/x", "10.0.0.1", "", "1:2:3"])
def test_what_is_no_port_is_refused(text: str):
    """Ranges and sockets, too."""
    assert not isinstance(port_of(directive("listen", text)), Port)


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (Literal("A.b.SVC.:1"), Target("a.b.svc", 1)),
        (Literal("10.0.0.1:1"), None),
        (Literal("[::1]:1"), None),
        (Literal("a.test"), None),
        (Literal("a.test:0"), None),
        (Literal("a..test:1"), None),
        (Var("a"), None),
        (expr("a.test:", Var("server_port")), None),
    ],
)
def test_a_name_is_told_from_an_address(token, expected):
    """Only a name has to be asked for."""
    assert expected == target_of(token)
