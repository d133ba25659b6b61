"""A hole is told where a configuration reaches it, in versions that have it, and nowhere else."""

from pathlib import Path

import pytest
from tests.doctor.cases import build, http, server
from tests.doctor.given import facts_of

from painless.doctor.checks import CHECKS
from painless.doctor.facts import BUILD, CONF
from painless.doctor.run import run

(HOLES,) = (one for one in CHECKS if one.id == "N023")


@pytest.mark.parametrize(
    ("name", "reached", "not_reached", "version"),
    [
        ("CVE-2026-42533", http("map $uri $x { ~^/(a) $1; }"), http("map $uri $x { /a 1; }"), (1, 31, 2)),
        ("CVE-2026-60005", server("slice 1m;"), server(""), (1, 29, 7)),
        (
            "CVE-2026-42055",
            server("location / { grpc_pass a:1; }"),
            server("proxy_http_version 1.1;"),
            (1, 31, 1),
        ),
        (
            "CVE-2026-42926",
            server("proxy_http_version 2; proxy_set_body $uri;"),
            server("proxy_http_version 2;"),
            (1, 30, 0),
        ),
        (
            "CVE-2026-9256",
            server("rewrite ^/((.*))$ /x?$1$2;"),
            server("rewrite ^/(.*)-(.*)$ /x?$1$2; rewrite ^/((.*))$ /$1;"),
            (1, 31, 0),
        ),
        (
            "CVE-2026-42945",
            server("rewrite ^(.*) /new?c=1; set $x $1;"),
            server("rewrite ^(.*) /new?c=1 last; set $x $1; location /a { rewrite ^ /b?c; set $x y; }"),
            (1, 30, 0),
        ),
        (
            "CVE-2026-42530",
            http("server { listen 443 quic; }"),
            http("server { listen 443 ssl; }"),
            (1, 31, 1),
        ),
    ],
)
def test_is_reached(
    name: str, reached: str, not_reached: str, version: tuple[int, int, int], tmp_path: Path
) -> None:
    """By what the advisory says that it takes."""
    about = [
        {one.about for one in run([HOLES], facts_of(tmp_path, {CONF: text, BUILD: build(*version)})).findings}
        for text in (reached, not_reached)
    ]
    assert [name in one for one in about] == [True, False]


@pytest.mark.parametrize(
    ("version", "open_"),
    [((1, 30, 2), True), ((1, 30, 3), False), ((1, 31, 1), True), ((1, 31, 2), False), ((1, 13, 9), False)],
)
def test_each_branch_has_its_fix(version: tuple[int, int, int], *, open_: bool, tmp_path: Path) -> None:
    """And what is older than the hole has none."""
    given = {CONF: server("location / { grpc_pass a:1; }"), BUILD: build(*version)}
    found = {one.about for one in run([HOLES], facts_of(tmp_path, given)).findings}
    assert ("CVE-2026-42055" in found) is open_
