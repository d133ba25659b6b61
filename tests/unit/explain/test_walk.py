"""A walk ends as NGINX's does, also on directives that only a snippet would have."""

import pytest

from painless.explain.asked import Request, understood
from painless.explain.values import Values
from painless.explain.walk import Ending, Walk
from painless.nginx.tokens import Regex, Token, Var, expr
from painless.nginx.tree import Directive, block, directive, when


def end(path: str, *body: Directive) -> Ending:
    """Walk through a server with these directives."""
    asked = understood(f"http://a.example{path}")
    assert isinstance(asked, Request)
    values = Values((), asked, {"http": 80}, 0)
    return Walk((), block("server", body=body), values, lambda _: None).end()


def location(*words: str | Regex, body: tuple[Directive, ...]) -> Directive:
    return block("location", *words, body=body)


PASS = directive("proxy_pass", "http://web")


def to(target: str | Token, flag: str, *more: Directive) -> tuple[Directive, ...]:
    """Return a location of everything that rewrites all paths."""
    return (location("/", body=(directive("rewrite", Regex("^(.*)$"), target, flag), *more)),)


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/a", (location("/a/", body=(PASS,)),), (301, "/a/", "")),
        ("/a", (location("/a/", body=(directive("return", 200),)),), (404, "", "")),
        ("/a", (location("^~", "/", body=(PASS,)), location("~", Regex("a"), body=())), (0, "", "web")),
        ("/A", (location("/", body=()), location("~*", Regex("^/a"), body=(PASS,))), (0, "", "web")),
        ("/a", (location("/", body=(directive("try_files", "/-", "/b"),)),), (500, "", "")),
        ("/a", to("/a", "last"), (500, "", "")),
        ("/a", to(Var("no_such_arg"), "break"), (404, "", "")),
        ("/a", to(Var("arg_x"), "break"), (500, "", "")),
        ("/a", (directive("return", "https://b.example/"),), (302, "https://b.example/", "")),
        (
            "/a?x=1",
            (when(Var("arg_x"), "=", "1", body=(directive("return", 410),)), location("/", body=(PASS,))),
            (410, "", ""),
        ),
        (
            "/a",
            (directive("error_page", 404, "=", "@page"), location("@page", body=(PASS,))),
            (0, "", "web"),
        ),
        (
            "/a",
            (
                location("/", body=(directive("error_page", 403, "@page"), directive("return", 403))),
                location("@page", body=(directive("return", 403),)),
            ),
            (403, "", ""),
        ),
        ("/a/%zz", (location("/", body=(PASS,)),), (400, "", "")),
    ],
)
def test_where_it_ends(path: str, body: tuple[Directive, ...], expected: tuple[int, str, str]) -> None:
    """Loops end with 500, a page is made once, and what nobody has is 404."""
    found = end(path, *body)
    assert expected == (found.status, found.target, found.upstream)


def test_a_query_of_the_replacement_comes_before_that_of_the_request() -> None:
    """A question mark at the very end drops the request's; one within a capture divides nothing."""
    there = expr("/in", Var("1"), "?from=", Var("1"))
    kept, gone = end("/a%3Fb?x=1", *to(there, "break", PASS)), end("/a?x=1", *to("/b?", "break", PASS))
    assert ("/in/a%3Fb?from=/a%3Fb&x=1", "/b") == (kept.sent, gone.sent)
