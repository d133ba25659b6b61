"""Users' regular expressions: NGINX takes what passes here, and they make no variables."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.unit.nginx.real import says

from painless.annotations.decode import Rejected
from painless.annotations.regex import CheckedRegex, regex
from painless.nginx.printer import printed
from painless.nginx.tokens import Literal, Regex
from painless.nginx.tree import block, directive


@pytest.mark.parametrize(
    ("text", "pattern", "captures"),
    [
        ("/a(/|$)(.*)", "/a(/|$)(.*)", 2),
        ("/(?<host>[^/]+)", "/([^/]+)", 1),
        ("/(?P<upstream>x)", "/(x)", 1),
        ("/(?'certificate'x)", "/(x)", 1),
        ("/(?:a|b)+", "/(?:a|b)+", 0),
        ("/(?<=a)b(?<!c)", "/(?<=a)b(?<!c)", 0),
        (r"/\d+\.json", r"/\d+\.json", 0),
        (r"/\h+\K", r"/\h+\K", 0),
        ("/(?i)api/(.*)", "/(?i)api/(.*)", 1),
        ("/[.][[:alpha:]_]+", "/[.][[:alpha:]_]+", 0),
        ("/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", 1),
    ],
)
def test_named_groups_become_plain(text: str, pattern: str, captures: int) -> None:
    """NGINX would make a variable of each, and a path could overwrite ours."""
    assert CheckedRegex(pattern, captures) == regex(text)


@pytest.mark.parametrize(
    "text",
    [
        *("/(", "/[a", "/a)", "*", "/a{2,1}", "/x\\", r"/(a)\k<a>", "/(?&a)", "/(?R)", "(*UTF)", "/" * 3000),
        # Python takes these, and PCRE does not.
        *(
            r"/\u0041",
            r"/\N{DIGIT ONE}",
            "(?u)/a",
            "(?a:/a)",
            "(?x)/a # [",
            "/[[:letter:]]",
            "/[[.a.]]",
            "/[:alpha:]",
        ),
        *("/a{65536}", "/((a{1,999}){1,999}){1,99}", "/(ab){3000}(cd){3000}", "(" * 300 + ")" * 300),
        *(r"/[\N]", r"/[\E]", r"/\K+", r"/\G{2}", r"/[=-\v]"),
        *("/\0", "/[\0]", "/\ud800"),
    ],
)
def test_what_nginx_may_refuse_is_refused_first(text: str) -> None:
    """One expression must not stop the configuration of all."""
    assert isinstance(regex(text), Rejected)


PARTS = (
    *"ab/.()[]{}?*+|^$\\d<>=!:'P0123,-",
    *(
        "(?:",
        "(?=",
        "(?<=",
        "(?<!",
        "(?>",
        "(?i)",
        "(?i:",
        "{2}",
        "{2,}",
        "{1,40}",
        "[:",
        ":]",
        "[:alpha:]",
        "[.",
        "[=",
    ),
    *(
        r"\d",
        r"\w",
        r"\b",
        r"\B",
        r"\R",
        r"\N",
        r"\X",
        r"\K",
        r"\G",
        r"\Z",
        r"\h",
        r"\v",
        r"\x41",
        r"\1",
        r"\]",
        r"\[",
    ),
)


@given(text=st.lists(st.sampled_from(PARTS), max_size=16).map("".join))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_nginx_takes_what_passes(text: str, tmp_path: Path) -> None:
    """Asked of the real one."""
    found = regex(text)
    assume(isinstance(found, CheckedRegex))
    assert isinstance(found, CheckedRegex)
    location = block("location", Literal("~*"), Regex(f"^{found.pattern}"), body=(directive("return", 200),))
    tree = [block("events", body=()), block("http", body=(block("server", body=(location,)),))]
    assert "" == says(printed(tree).text, tmp_path)
