"""``painless migrate`` at an API server: it finds the old controller, takes its flags, reads what it may."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.fakes.apiserver import FakeApiServer

BIN = Path(sys.executable).parent
SMALL = Path(__file__).parents[1] / "unit" / "migrate" / "small"


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    """The small cluster of the unit tests, with the fields that an API server insists on."""
    async with FakeApiServer() as one:
        for name in ("shop", "edge"):
            one.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for file in sorted(SMALL.glob("*.yaml")):
            one.push(
                *(
                    each
                    for each in yaml.safe_load_all(file.read_text())
                    if each["metadata"]["name"] != "elsewhere"
                )
            )
        yield one


async def migrate(api: FakeApiServer, files: Path, *arguments: str) -> tuple[int, str, str]:
    """Call it as people do; return its exit status, and what it printed where."""
    config = api.kubeconfig(files / "kubeconfig")
    process = await asyncio.create_subprocess_exec(
        BIN / "painless",
        *("migrate", "--kubeconfig", str(config), "--output", "json", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), errors.decode()


async def report(api: FakeApiServer, files: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await migrate(api, files))[1])
    return found


async def test_the_old_controller_is_found_and_its_flags_are_taken(api, tmp_path):
    """So its ConfigMap is read, which nobody named; and what is not there is missing, not assumed."""
    found = await report(api, tmp_path)
    settings = {one["name"] for part in ("config", "flags") for one in found[part]}
    surprises = {it["what"] for one in found["ingresses"] for it in one["surprises"]}
    assert ("Deployment edge/ingress-nginx-controller", []) == (found["controller"], found["notes"])
    assert {"server-tokens", "--profiling", "no-service", "fake-certificate"} <= settings | surprises


async def test_who_may_not_read_deployments_has_a_report_without_flags(api, tmp_path):
    """And a note that names the rule it takes."""
    api.allows = lambda attempt: attempt.resource not in {"deployments", "daemonsets"}
    code, out, _ = await migrate(api, tmp_path)
    found = json.loads(out)
    assert (2, "", []) == (code, found["controller"], found["flags"])
    assert 'resources: ["deployments"], verbs: ["list"]' in "".join(found["notes"])


async def test_nothing_is_written_to_the_cluster_and_no_secret_anywhere(api, tmp_path):
    """It may be run by whoever may only read, and what it says may be sent to anybody."""
    said = "".join((await migrate(api, tmp_path, "--html", str(tmp_path / "report.html")))[1:])
    text = said + (tmp_path / "report.html").read_text()
    assert [] == [word for word in ("sesame", "c2VzYW1l", "hunter2") if word in text]
    assert set() == {one.verb for one in api.requests} - {"get", "list", "watch"}


async def test_a_server_that_is_away_is_one_sentence(tmp_path):
    """And exit status 2."""
    async with FakeApiServer() as gone:
        config = gone
    code, out, errors = await migrate(config, tmp_path)
    assert (2, "", 1) == (code, out, errors.count("\n")), errors
