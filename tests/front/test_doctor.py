"""The doctor beside a controller that serves: what it finds is seen from outside, and costs nobody."""

import msgspec
from tests.front.clients import Load, Target, until
from tests.front.given import Make
from tests.front.manifests import Folder
from tests.front.pods import Pods

from painless.cli.running import ask
from painless.controller.status import Status
from painless.examining.schedule import Look

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
