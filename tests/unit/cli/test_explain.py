"""``painless explain`` on manifests, on files and on names: what is shown, and with which exit status."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from painless.cli import main

SHOP = Path(__file__).resolve().parents[3] / "docs" / "examples" / "shop"
URL = "http://shop.localhost/cart"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["explain", *words])


def test_a_url_is_answered_by_the_manifests() -> None:
    """The answer comes first, and who asked for what is on the way; no line is longer than a terminal."""
    found = run(URL, "--source", str(SHOP))
    assert (0, "  Service shop/web:80 answers") == (found.exit_code, found.output.splitlines()[1])
    assert "proxy_read_timeout 30s" in found.output
    assert max(map(len, found.output.splitlines())) <= 90


def test_nobody_serves_it() -> None:
    """The exit status tells, so that a script can ask."""
    found = run("http://other.example/", "--source", str(SHOP), "--output", "json")
    said = json.loads(found.output)
    assert (1, 404, False) == (found.exit_code, said["outcomes"][0]["status"], said["served"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("shop.localhost/cart",), "expected a URL, FILE:LINE"),
        (("http://a b/", "--source", str(SHOP)), "expected a URL such as"),
        ((URL, "-H", "none", "--source", str(SHOP)), "expected one such as X-Name: value"),
        (("nowhere.conf:1", "--state-dir", "/nowhere"), "cannot be read"),
        ((URL, "--state-dir", "/nowhere"), "no controller runs on /nowhere"),
        (("proxy_read_timeot",), "did you mean proxy_read_timeout"),
    ],
)
def test_what_is_not_understood_is_said(words: tuple[str, ...], says: str) -> None:
    """In a sentence that says what was expected, and with 2."""
    found = run(*words)
    assert (2, True) == (found.exit_code, says in found.output)


def test_a_line_is_explained(tmp_path: Path) -> None:
    """With the blocks around it, who put it there and who else may set it."""
    assert CliRunner().invoke(main, ["render", "--source", str(SHOP), "-o", str(tmp_path)]).exit_code == 0
    lines = (tmp_path / "nginx.conf").read_text().splitlines()
    at = next(number for number, line in enumerate(lines, 1) if "proxy_read_timeout 30s" in line)
    said = json.loads(run(f"{tmp_path}/nginx.conf:{at}", "--output", "json").output)
    field = "metadata.annotations[nginx.ingress.kubernetes.io/proxy-read-timeout]"
    assert ["http", "server shop.localhost", "location /"] == said["within"]
    assert [("Ingress shop/web", field)] == [(one["object"], one["field"]) for one in said["sources"]]
    assert "proxy-read-timeout" in said["about"]["annotations"]


def test_every_line_of_a_file_is_explained(tmp_path: Path) -> None:
    """Comments and brackets, too: whoever points at something gets an answer."""
    assert CliRunner().invoke(main, ["render", "--source", str(SHOP), "-o", str(tmp_path)]).exit_code == 0
    count = len((tmp_path / "nginx.conf").read_text().splitlines())
    some = [*range(1, count, 7), count]
    assert {0} == {run(f"{tmp_path}/nginx.conf:{at}").exit_code for at in some}
    assert 2 == run(f"{tmp_path}/nginx.conf:{count + 1}").exit_code


def test_a_broken_file_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "nginx.conf").write_text("http {\n")
    found = run(f"{tmp_path}/nginx.conf:1")
    assert (2, True) == (found.exit_code, "expected" in found.output)


@pytest.mark.parametrize(
    "name",
    [
        "limit_req",
        "nginx.ingress.kubernetes.io/auth-url",
        "auth-url",
        "painless.dev/max-inflight",
        "http-redirect-code",
        "PathConflict",
    ],
)
def test_names_are_explained(name: str) -> None:
    """Directives, annotations with their prefix or without, keys of the ConfigMap and findings."""
    found = run(name)
    assert (0, True) == (found.exit_code, name.rpartition("/")[2] in found.output.splitlines()[0])
