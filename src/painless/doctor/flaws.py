"""Holes of NGINX: in which versions they are, and what a configuration has to use for one to be reached.

Those of https://nginx.org/en/security_advisories.html that a proxy meets, as far as the list says since when.
"""

import re
from collections.abc import Callable, Iterable

from msgspec import Struct

from painless.doctor.check import Evidence
from painless.doctor.conf import Block, Conf, Directive
from painless.nginx.build import Version

Reached = Callable[[Conf], Evidence | None]

_GROUP = re.compile(r"\$(\d)")


class Flaw(Struct, frozen=True):
    """A hole: since which version, in which it is closed, and how it is reached."""

    name: str
    first: Version
    fixed: tuple[Version, ...]
    reached: Reached
    about: str


def _uses(*names: str) -> Reached:
    """Return what finds one of these directives, unless it is off."""

    def find(conf: Conf) -> Evidence | None:
        return _seen(one for one in conf.all(*names) if one.first not in {"off", "none"})

    return find


def _listens(word: str, *names: str) -> Reached:
    """Return what finds this word of ``listen``, or one of these directives."""

    def find(conf: Conf) -> Evidence | None:
        return _uses(*names)(conf) or _seen(one for one in conf.listens if word in one.args)

    return find


def _speaks_2(conf: Conf) -> Evidence | None:
    """Find upstreams that are asked in HTTP/2."""
    asked = (one for one in conf.all("proxy_http_version") if one.first == "2")
    return _seen(conf.all("grpc_pass")) or _seen(asked)


def _own_body(conf: Conf) -> Evidence | None:
    """Find bodies that are set for upstreams asked in HTTP/2."""
    for one in conf.all("proxy_set_body"):
        version = one.block.value("proxy_http_version")
        if version is not None and version.first == "2":
            return _seen([one])
    return None


def _maps(conf: Conf) -> Evidence | None:
    """Find maps with expressions."""
    return _seen(one for block in conf.blocks.get("map", ()) for one in block.own.get("~", ()))


def _stale_question(conf: Conf) -> Evidence | None:
    """Find a rewrite with a question mark and no flag, and behind it ``set`` or ``if`` with a group."""
    for one in conf.all("rewrite"):
        if len(one.args) == 2 and "?" in one.args[1] and _takes_group(one.block, conf):
            return _seen([one])
    return None


def _takes_group(block: Block, conf: Conf) -> bool:
    sets = block.own.get("set", ())
    ifs = (one for one in conf.blocks.get("if", ()) if one.outer is block)
    return any(_GROUP.search(" ".join(one.args)) for one in (*sets, *ifs))


def _overlapping(conf: Conf) -> Evidence | None:
    """Find a rewrite that puts two groups, one within the other, into a redirect or arguments."""
    for one in conf.all("rewrite"):
        if len(one.args) < 2:
            continue
        pattern, target = one.args[:2]
        away = one.args[2:] in {("redirect",), ("permanent",)} or "://" in target or "?" in target
        if away and len(set(_GROUP.findall(target))) > 1 and _nested(pattern):
            return _seen([one])
    return None


def _nested(pattern: str) -> bool:
    """Whether a group of an expression has another one in it."""
    plain = re.sub(r"\\\\.|\[[^\]]*\]", "", pattern)
    open_: list[bool] = []
    for place, char in enumerate(plain):
        if char == "(":
            captures = plain[place + 1 : place + 2] != "?" or plain[place + 1 : place + 3] in {"?P", "?<"}
            if captures and any(open_):
                return True
            open_.append(captures)
        elif char == ")" and open_:
            open_.pop()
    return False


def _seen(some: Iterable[Directive]) -> Evidence | None:
    one = next(iter(some), None)
    return None if one is None else Evidence(one.text, one.where)


_HTTP_2 = _listens("http2", "http2")
_HTTP_3 = _listens("quic", "http3")

FLAWS = (
    Flaw("CVE-2026-42533", (0, 9, 6), ((1, 30, 4), (1, 31, 3)), _maps, "maps with expressions write memory"),
    Flaw("CVE-2026-60005", (1, 15, 8), ((1, 30, 4), (1, 31, 3)), _uses("slice"), "slices tell memory"),
    Flaw("CVE-2026-56434", (0, 8, 11), ((1, 30, 4), (1, 31, 3)), _uses("ssi"), "SSI uses freed memory"),
    Flaw("CVE-2026-42530", (1, 31, 0), ((1, 31, 2),), _HTTP_3, "HTTP/3 uses memory that is free"),
    Flaw(
        "CVE-2026-42055",
        (1, 13, 10),
        ((1, 30, 3), (1, 31, 2)),
        _speaks_2,
        "an upstream that is asked in HTTP/2 or gRPC writes memory",
    ),
    Flaw(
        "CVE-2026-9256",
        (0, 1, 17),
        ((1, 30, 2), (1, 31, 1)),
        _overlapping,
        "a rewrite with one group in another writes memory",
    ),
    Flaw(
        "CVE-2026-42945",
        (0, 6, 27),
        ((1, 30, 1), (1, 31, 0)),
        _stale_question,
        "a rewrite with a question mark, and a group behind it, write memory",
    ),
    Flaw(
        "CVE-2026-42926",
        (1, 29, 4),
        ((1, 30, 1), (1, 31, 0)),
        _own_body,
        "a client writes a request of its own to an upstream",
    ),
    Flaw(
        "CVE-2025-23419",
        (1, 11, 4),
        ((1, 26, 3), (1, 27, 4)),
        _uses("ssl_verify_client"),
        "a resumed session passes for a client certificate",
    ),
    Flaw("CVE-2024-7347", (1, 5, 13), ((1, 26, 2), (1, 27, 1)), _uses("mp4"), "an mp4 file reads beyond it"),
    Flaw(
        "CVE-2024-32760, CVE-2024-31079, CVE-2024-35200, CVE-2024-34161",
        (1, 25, 0),
        ((1, 26, 1), (1, 27, 0)),
        _HTTP_3,
        "HTTP/3 writes and tells memory",
    ),
    Flaw("CVE-2024-24990", (1, 25, 0), ((1, 25, 4),), _HTTP_3, "HTTP/3 uses memory that is free"),
    Flaw("CVE-2022-41741", (1, 1, 3), ((1, 22, 1), (1, 23, 2)), _uses("mp4"), "an mp4 file writes memory"),
    Flaw(
        "CVE-2021-23017",
        (0, 6, 18),
        ((1, 20, 1), (1, 21, 0)),
        _uses("resolver"),
        "an answer of DNS writes one byte",
    ),
    Flaw(
        "CVE-2019-9511, CVE-2019-9513, CVE-2019-9516",
        (1, 9, 5),
        ((1, 16, 1), (1, 17, 3)),
        _HTTP_2,
        "HTTP/2 takes CPU and memory at will",
    ),
    Flaw(
        "CVE-2018-16843, CVE-2018-16844",
        (1, 9, 5),
        ((1, 14, 1), (1, 15, 6)),
        _HTTP_2,
        "HTTP/2 takes memory and CPU at will",
    ),
    Flaw(
        "CVE-2017-7529",
        (0, 5, 6),
        ((1, 12, 1), (1, 13, 3)),
        _uses("proxy_cache"),
        "a range tells what the cache has of others",
    ),
    Flaw(
        "CVE-2016-0742, CVE-2016-0746, CVE-2016-0747",
        (0, 6, 18),
        ((1, 8, 1), (1, 9, 10)),
        _uses("resolver"),
        "an answer of DNS ends a worker",
    ),
)
