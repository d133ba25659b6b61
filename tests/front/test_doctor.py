"""The doctor beside a controller that serves: what it finds is seen from outside, and costs nobody."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.front.clients import Load, Target, until
from tests.front.given import Make
from tests.front.manifests import NAMESPACE, Folder
from tests.front.network import own_network
from tests.front.pods import Pods

from painless.cli.running import Refused, ask
from painless.controller.status import Status
from painless.doctor.check import Severity
from painless.doctor.run import Report
from painless.examining.schedule import Look

SHOP = Path(__file__).parents[2] / "docs/examples/shop"
SOMAXCONN = 4096  # What the kernel gives a new namespace, and docs/explain/accept-queue.md asks for.
MACHINE = frozenset("K022 L007 L011 L014 L016".split())
"""Checks of what others of this machine and this cgroup do; a Pod of its own has no others."""
LOOKED = 40.0  # Seconds; three or four on a free machine, of which the first look waits one.


async def test_the_doctor_looks_while_requests_are_served(folder: Folder, pods: Pods, make: Make) -> None:
    """Its findings are in the metrics, in the status and at /v1/doctor; no request fails meanwhile."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make("--doctor-interval", "1")
    program.start()
    await program.ready()

    async def looked() -> bool:
        return bool(await program.total("painless_doctor_last_run_timestamp_seconds"))

    async with Load(Target(program.doors.http, "web.test")) as load:
        await until(looked, LOOKED, program.last_words)
    assert [] == load.failures()
    look = msgspec.json.decode(ask(program.state, "/v1/doctor"), type=Look)
    assert {"configuration", "listeners", "workers", "Painless"} <= set(look.report.looked_at)

    async def agree() -> bool:
        # Between two questions there may be another look.
        doctor = msgspec.json.decode(ask(program.state, "/v1/status"), type=Status).doctor
        return (doctor and sum(doctor.findings.values())) == await program.total("painless_doctor_findings")

    await until(agree, LOOKED, program.last_words)


async def test_our_defaults_are_well(make: Make) -> None:
    """In a Pod of enough room a controller that was told nothing has nothing to mend above low."""
    try:
        with own_network(net__core__somaxconn=SOMAXCONN):
            program = make(source=SHOP)
            program.start()
            await program.ready()
            report = examined(program.state)
            await program.end()
    except PermissionError as cause:
        pytest.skip(f"a network namespace of its own takes a right: {cause}")
    above = [f"{one.id} {one.says}" for one in report.findings if one.severity not in LITTLE]
    assert ([], ()) == ([one for one in above if one.split()[0] not in MACHINE], report.problems)
    assert {"net.core.somaxconn", "listeners", "workers", "whole configuration"} <= set(report.looked_at)


LITTLE = {Severity.LOW, Severity.INFO}


def examined(state: Path) -> Report:
    """Return what ``painless doctor`` says of the controller of a state directory."""
    command = (sys.executable, "-m", "painless", "doctor", "--state-dir", str(state), "--output", "json")
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    return msgspec.json.decode(done.stdout, type=Report)


async def test_a_finding_is_its_owners_and_theirs_to_silence(folder: Folder, pods: Pods, make: Make) -> None:
    """Both the controller and the command know whose lines they look at, and who wants to hear nothing."""
    await pods.service("web")
    slow = {"proxy-read-timeout": "3601"}
    quiet = {"painless.dev/doctor-silence": "V014 it pings itself"}
    folder.ingress("loud", "loud.test", "web", annotations=slow)
    program = make("--doctor-interval", "1")
    program.start()
    await program.ready()
    await until(lambda: beside(program.state) is not None, LOOKED, program.last_words)
    for report in (beside(program.state), examined(program.state)):
        assert report is not None
        assert [(f"Ingress {NAMESPACE}/loud",)] == [
            one.objects for one in report.findings if one.id == "V014"
        ]
    folder.ingress("loud", "loud.test", "web", annotations={**slow, **quiet})
    wanted = [("V014", 1, "it pings itself")]
    await until(lambda: wanted == silences(examined(program.state)), LOOKED, program.last_words)
    assert "V014" not in {one.id for one in examined(program.state).findings}


def beside(state: Path) -> Report | None:
    """Return what the controller's own doctor found, if it has looked."""
    try:
        return msgspec.json.decode(ask(state, "/v1/doctor"), type=Look).report
    except Refused:
        return None


def silences(report: Report) -> list[tuple[str, int, str]]:
    return [(one.id, one.count, one.reason) for one in report.silenced]
