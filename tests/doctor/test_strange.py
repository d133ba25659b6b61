"""Configurations that are broken or foreign, and what is not there: said, and the other checks are made."""

import os
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from painless.doctor.checks import CHECKS
from painless.doctor.gather import Asked, gather
from painless.doctor.run import run

REST = "events {}\nhttp { gzip_comp_level 9; }\n"


def findings(conf: Path) -> tuple[set[str], tuple[str, ...]]:
    gathered = gather(Asked(conf=str(conf), machine=False), apart=0.0)
    return {one.id for one in run(CHECKS, gathered.facts).findings}, gathered.problems


def test_a_loop_of_includes(tmp_path: Path) -> None:
    """Its way is named."""
    (tmp_path / "nginx.conf").write_text(REST + "include other.conf;\n")
    (tmp_path / "other.conf").write_text("include nginx.conf;\n")
    found, (problem,) = findings(tmp_path / "nginx.conf")
    assert "V016" in found
    assert "an include loop" in problem
    assert "other.conf" in problem


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\x7fELF\x00\xff\xfe{{{", "broken"),
        (b"server {", "broken"),
        (b'set $a "no end;\n', "broken"),
    ],
)
def test_a_file_that_is_not_understood(tmp_path: Path, content: bytes, says: str) -> None:
    """It is named with its place; what else there is counts."""
    (tmp_path / "nginx.conf").write_text(REST + "include broken.conf;\n")
    (tmp_path / "broken.conf").write_bytes(content)
    found, problems = findings(tmp_path / "nginx.conf")
    assert "V016" in found
    assert any(says in one for one in problems)


def test_lua_and_foreign_directives(tmp_path: Path) -> None:
    """Code in a block is passed over, with all its braces and quotes."""
    lua = "content_by_lua_block { local s = '}' if a then b = \"{\" end -- it's\n }\nfoo_bar baz;\n"
    (tmp_path / "nginx.conf").write_text(f"events {{}}\nhttp {{ server {{ {lua} }} gzip_comp_level 9; }}\n")
    found, problems = findings(tmp_path / "nginx.conf")
    assert (problems, "V016" in found) == ((), True)


@pytest.mark.parametrize("name", ["missing.conf", "."])
def test_nothing_to_read(tmp_path: Path, name: str) -> None:
    """A file that is not there, or is a folder, is a sentence."""
    found, problems = findings(tmp_path / name)
    assert (found, len(problems)) == (set(), 1)


def test_a_process_that_has_ended() -> None:
    """Whether it went before or while it is looked at."""
    process = subprocess.Popen(["sleep", "60"])
    process.kill()
    process.wait()
    gathered = gather(Asked(pid=process.pid, machine=False), apart=0.0)
    assert len(gathered.problems) == 1
    assert str(process.pid) in gathered.problems[0]


def test_a_process_that_is_no_nginx() -> None:
    """It is named, and nothing of it passes for NGINX's."""
    gathered = gather(Asked(pid=os.getpid(), machine=False), apart=0.0)
    assert str(os.getpid()) in gathered.problems[0]


_NAMES = (
    *("server", "location", "upstream", "map", "if", "include", "listen", "server_name", "worker_processes"),
    *("proxy_pass", "proxy_read_timeout", "keepalive", "limit_req_zone", "ssl_certificate", "error_log"),
    *("access_log", "proxy_next_upstream", "add_header", "resolver", "client_max_body_size", "foo_bar"),
)
_WORDS = (
    "",
    "/",
    "$a",
    "http://x",
    "-1",
    "1k",
    "9e9",
    "443",
    "ssl",
    "on",
    "off",
    "*",
    "~",
    "\\",
    "Ü",
    "{",
    '"',
)
_args = st.lists(st.sampled_from(_WORDS), max_size=4).map(" ".join)
_lines = st.builds("{} {};".format, st.sampled_from(_NAMES), _args)
_blocks = st.recursive(
    _lines,
    lambda inner: st.builds("{} {} {{ {} }}".format, st.sampled_from(_NAMES), _args, inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_blocks, max_size=8).map("\n".join))
def test_no_text_ends_the_doctor(inside: str) -> None:
    """Whatever a configuration has, checks are made of it or say that they could not."""
    with TemporaryDirectory() as folder:
        conf = Path(folder) / "nginx.conf"
        conf.write_text(f"events {{}}\nhttp {{ {inside} }}\n")
        gathered = gather(Asked(conf=str(conf), machine=False), apart=0.0)
    report = run(CHECKS, gathered.facts)
    assert len(report.passed) + len(report.unknown) + len({one.id for one in report.findings}) == len(CHECKS)
