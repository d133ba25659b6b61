"""A request as NGINX reads it from a connection: its host, and its path decoded and made plain.

What NGINX itself would not read is no ``Request`` but an answer: 400.  What no client could send is
``NotUnderstood``, which says what was found and expected.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import quote

from msgspec import Struct

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<rest>[^#]*)(?:#.*)?", re.IGNORECASE | re.DOTALL
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>\d{0,5}))?")
_METHOD = re.compile(r"[A-Z_-]{1,32}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LONGEST = 8000  # Bytes of a URL: NGINX has 8k for the whole line, and answers 414 to a longer one.
_MOST = 100  # Headers; clients send twenty.
_SAFE = "/%?=&;:@+$,!~*'()[]<>\"\\^`{|}-._"
"""What goes out as it is written; everything else is encoded, as browsers do."""

NOBODY = ""
"""The client's address when nobody says it."""


class NotUnderstood(Struct, frozen=True):
    """What was asked is no request; ``says`` is a sentence."""

    says: str


class Request(Struct, frozen=True):
    """A request.

    ``host`` is what NGINX compares with server names, ``host_header`` what the client sent, ``port`` the one
    in it, if any.  ``raw`` is the path with its query as sent, ``path`` the decoded path that locations are
    compared with; it is empty where NGINX answers 400.  Names of ``headers`` are in lower case.
    ``certificate``: the client has shown one that was good.
    """

    method: str
    scheme: str
    host: str
    host_header: str
    port: str
    raw: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...] = ()
    client: str = NOBODY
    certificate: bool = False

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host_header}{self.raw}"

    def header(self, name: str) -> str:
        """Return the values of a header, joined as NGINX joins them; empty where it is missing."""
        joined = "; " if name == "cookie" else ", "
        return joined.join(value for key, value in self.headers if key == name)


def understood(
    url: str, method: str = "GET", headers: Iterable[str] = (), client: str = NOBODY
) -> Request | NotUnderstood:
    """Return the request for ``url``; each of ``headers`` is ``Name: value``, ``client`` an address."""
    url = _text(url)
    if client and not _is_address(client):
        return NotUnderstood(f"found the client {client[:80]!r}, expected an address such as 203.0.113.9")
    if len(url) > _LONGEST:
        return NotUnderstood(f"found a URL of {len(url)} characters, expected at most {_LONGEST}")
    parts = _URL.fullmatch(url)
    if parts is None or not parts["authority"] or re.search(r"[\x00-\x20\x7f]", url):
        return NotUnderstood(f"found {url[:80]!r}, expected a URL such as https://shop.example/cart")
    if not _METHOD.fullmatch(method):
        return NotUnderstood(f"found the method {method[:40]!r}, expected one such as GET")
    read = _headers(headers)
    if isinstance(read, NotUnderstood):
        return read
    rest = parts["rest"]
    raw = quote(rest if rest.startswith("/") else f"/{rest}", safe=_SAFE, errors="replace")
    header = next((value for name, value in read if name == "host"), parts["authority"])
    host, port = _host(header)
    where, _, query = raw.partition("?")
    return Request(
        method,
        parts["scheme"].lower(),
        host,
        header,
        port,
        raw,
        plain_path(where) if host else "",
        query,
        read,
        client,
    )


def _headers(some: Iterable[str]) -> tuple[tuple[str, str], ...] | NotUnderstood:
    found: list[tuple[str, str]] = []
    for one in map(_text, some):
        name, colon, value = one.partition(":")
        if not colon or not _HEADER.fullmatch(name) or re.search(r"[\x00-\x08\x0a-\x1f\x7f]", value):
            return NotUnderstood(f"found the header {one[:80]!r}, expected one such as X-Name: value")
        found.append((name.lower(), value.strip()))
    if len(found) > _MOST:
        return NotUnderstood(f"found {len(found)} headers, expected at most {_MOST}")
    return tuple(found)


def _text(text: str) -> str:
    """Return a text that every encoding has: what a terminal could not read becomes a question mark."""
    return text.encode(errors="replace").decode()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _host(header: str) -> tuple[str, str]:
    """Return the host that NGINX makes of the header and its port; no host where NGINX answers 400."""
    found = _AUTHORITY.fullmatch(header)
    if found is None or re.search(r"[\x00-\x20\x7f/]|\.\.", found["host"]):
        return "", ""
    return found["host"].lower().removesuffix("."), found["port"] or ""


def plain_path(raw: str) -> str:
    """Return the path decoded, without dots and double slashes; empty where NGINX answers 400."""
    decoded = _decoded(raw)
    if decoded is None:
        return ""
    kept: list[bytes] = []
    *folders, last = decoded.split(b"/")[1:]
    for one in (*folders, *((last,) if last in {b".", b".."} else ())):
        if one == b"..":
            if not kept:
                return ""
            kept.pop()
        elif one not in {b"", b"."}:
            kept.append(one)
    end = b"" if last in {b".", b".."} else last
    return b"/".join((b"", *kept, end)).decode(errors="surrogateescape")


_ESCAPED = re.compile(rb"%([0-9a-fA-F]{2})|%")


def _decoded(raw: str) -> bytes | None:
    try:
        return _ESCAPED.sub(_character, raw.encode(errors="surrogateescape"))
    except ValueError:
        return None


def _character(found: re.Match[bytes]) -> bytes:
    if not found[1]:
        raise ValueError
    one = bytes((int(found[1], 16),))
    if one == b"\0":
        raise ValueError
    return one
