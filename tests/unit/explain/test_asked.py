"""A request is read as NGINX reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.explain.asked import NotUnderstood, Request, plain_path, understood


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/", "/"),
        ("/a//b", "/a/b"),
        ("/a/./b", "/a/b"),
        ("/a/../b", "/b"),
        ("/a/..", "/"),
        ("/a/.", "/a/"),
        ("/..", ""),
        ("/a/%2e%2E/b", "/b"),
        ("/a%2Fb", "/a/b"),
        ("/a%2F%2Fb", "/a/b"),
        ("/a%3Fb", "/a?b"),
        ("/a%25b", "/a%b"),
        ("/a%2", ""),
        ("/a%00b", ""),
        ("/%C3%A9", "/é"),
        ("/a/...", "/a/..."),
        ("//", "/"),
    ],
)
def test_a_path_is_decoded_and_made_plain(raw: str, path: str) -> None:
    """As by NGINX, which decodes once and then takes dots and double slashes away; empty is 400."""
    assert path == plain_path(raw)


def test_a_url_is_a_request() -> None:
    """The host is compared without case, port and last dot; the URL as sent stays what it was."""
    expected = Request("GET", "https", "shop.example", "Shop.Example.:8443", "8443", "/%61?b", "/a", "b")
    assert expected == understood("https://Shop.Example.:8443/%61?b#c")


def test_the_header_host_counts() -> None:
    """As for NGINX, which never sees the URL."""
    found = understood("http://127.0.0.1:8080/", headers=("Host: shop.example",))
    assert isinstance(found, Request)
    assert ("shop.example", "") == (found.host, found.port)


@pytest.mark.parametrize(
    "url", ["", "shop.example/a", "ftp://a.example/", "http:///a", "http://a.example/ b"]
)
def test_what_is_no_url_is_said(url: str) -> None:
    """With what was found and what was expected."""
    found = understood(url)
    assert isinstance(found, NotUnderstood)
    assert "expected a URL" in found.says


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_nothing_raises(url: str, method: str, headers: list[str]) -> None:
    """Whatever is asked, it is a request or it is said why it is none."""
    some = understood(f"http://a.example/{url}", method, headers), understood(url)
    assert all(isinstance(one, Request | NotUnderstood) for one in some)
