"""What the printed file looks like: it is read by people."""

import pytest

from painless.nginx.printer import printed
from painless.nginx.tokens import Literal, Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, entry, when

PAGE = r"""worker_processes 2;

events {}

# Everything web.
http {
    map $uri $kind {
        default "";
        hostnames;
        \default 1;
        \~x 2;
        "~^/a b" $uri;
    }

    server {
        listen 80;

        # shop/web
        location /cart {
            if ($kind = "a;b") {
                return 403;
            }

            if ($https) {
                return 308 https://$host$request_uri;
            }

            proxy_set_header Host $host;
            proxy_pass http://up;
        }
    }
}
"""


def test_a_file_is_a_pleasure_to_read():
    """Four spaces, a blank line around each block, comments above what they are about."""
    kind = block(
        "map",
        Var("uri"),
        Var("kind"),
        body=(
            directive("default", ""),
            directive("hostnames"),
            entry("default", 1),
            entry("~x", 2),
            entry(Regex("^/a b", "~"), Var("uri")),
        ),
    )
    refuse = when(Var("kind"), "=", "a;b", body=(directive("return", 403),))
    move = directive("return", 308, expr("https://", Var("host"), Var("request_uri")))
    host = directive("proxy_set_header", "Host", Var("host"))
    inside = (refuse, when(Var("https"), body=(move,)), host, directive("proxy_pass", "http://up"))
    cart = block("location", "/cart", body=inside, comment="shop/web")
    web = block("server", body=(directive("listen", 80), cart))
    http = block("http", body=(kind, web), comment="Everything web.")
    tree = (directive("worker_processes", 2), block("events", body=()), http)
    assert PAGE == printed(tree).text


@pytest.mark.parametrize(
    ("token", "word"),
    [
        (Literal("plain-text/1.0"), "plain-text/1.0"),
        (Literal(""), '""'),
        (Literal("a b"), '"a b"'),
        (Literal("a;b{c}"), '"a;b{c}"'),
        (Literal('"'), r'"\""'),
        (Literal("'"), '"\'"'),
        (Literal("#"), '"#"'),
        (Literal("é"), '"é"'),
        (Literal("a\nb\tc\rd"), r"a\nb\tc\rd"),
        (Literal(r"\n"), r"\\n"),
        (Literal("\\"), r"\\"),
        (Literal(r"\d\\"), r"\d\\\\"),
        (Literal("$x"), "${dollar}x"),
        (Literal("${x}"), '"${dollar}{x}"'),
        (Literal(r"\$"), r'"\${dollar}"'),
        (Regex(r"^\d+\.$", "~*"), r"~*^\d+\.$"),
        (Regex(r"^\d{2}$"), r'"^\d{2}$"'),
        (Var("host"), "$host"),
        (expr("a", Var("x"), "b"), "a${x}b"),
        (expr(Var("x"), ".b"), "$x.b"),
        (expr(Var("x"), "[b]"), "${x}[b]"),
        (expr(Var("x"), "{"), '"${x}{"'),
        (expr(Var("x"), "", Var("y"), "_"), "$x${y}_"),
        (expr(Var("x"), "$y"), "$x${dollar}y"),
        (expr(Var("1"), "2"), "$12"),
    ],
)
def test_a_word_is_spelled_as_plainly_as_possible(token: Token, word: str):
    """Quotes and escapes stand only where NGINX needs them, so that people can read the rest."""
    assert f"return 200 {word};\n" == printed((directive("return", 200, token),)).text


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (directive("auth_request", "/$x"), "auth_request /$x;\n"),
        (directive("proxy_set_header", "X-$", "$"), "proxy_set_header X-$ ${dollar};\n"),
        (directive("server_name", Regex("^a$", "~")), "server_name ~^a$;\n"),
        (
            block("geo", Var("dollar"), body=(directive("default", "$"),)),
            "geo $dollar {\n    default $;\n}\n",
        ),
        (directive("from_the_future", "$x"), "from_the_future ${dollar}x;\n"),
    ],
)
def test_a_dollar_sign_is_written_out_only_where_variables_are_expanded(tree: Directive, text: str):
    """Elsewhere NGINX would show the variable's name; where it is unknown, ugly is better than obeyed."""
    assert text == printed((tree,)).text


def test_each_line_tells_its_origin():
    """A child without an origin has its parent's; blank lines and braces belong to the block."""
    inner = block("location", "/", body=(directive("root", "/x"), directive("index", "i", origin="i")))
    server = block("server", body=(directive("listen", 80), inner), comment="c", origin="s")
    lines = dict(enumerate(printed((directive("user", "x"), server)).origins))
    expected = [None, None, "s", "s", "s", "s", "s", "s", "i", "s", "s"]
    assert expected == list(lines.values())


def test_a_comment_stays_one_bounded_line():
    """It may quote what a user wrote."""
    tree = (directive("env", "A", comment="a\nb\u2028c\u202ed\0" + "e" * 1000), directive("env", "B"))
    lines = printed(tree).text.split("\n")
    assert (["env A;", "env B;", ""], True, 202) == (
        lines[1:],
        lines[0].startswith("# a?b?c?d?ee"),
        len(lines[0]),
    )


@pytest.mark.parametrize("name", ["", "a-b", "a}", "x;"])
def test_a_variable_has_a_name_that_nginx_can_read(name: str):
    """Names come from us; a wrong one is our mistake."""
    with pytest.raises(AssertionError, match="cannot be the name of a variable"):
        printed((directive("return", 200, Var(name)),))
