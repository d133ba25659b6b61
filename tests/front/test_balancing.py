"""How pods are chosen changes while requests run: no failed request."""

from functools import partial

import pytest
from tests.front.clients import Load, Target, until
from tests.front.given import PATIENT, SOAK, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program

pytestmark = PATIENT
CYCLES = 20 if SOAK else 1
HOST = "web.test"
APPLIED = 10.0  # Seconds: NGINX loads twice, and asks for peers in between.


@pytest.mark.parametrize(
    "annotations",
    [{"load-balance": "ewma"}, {"upstream-hash-by": "$request_uri"}, {"affinity": "cookie"}],
    ids=["ewma", "hash", "cookie"],
)
async def test_another_way_costs_no_request(
    folder: Folder, pods: Pods, make: Make, annotations: dict[str, str]
) -> None:
    """The upstream is another one: NGINX knows its pods before any request is sent to it."""
    await pods.service("web", pods=2)
    folder.ingress("web", HOST, "web")
    program = make()
    program.start()
    await program.ready()
    targets = [Target(program.doors.http, HOST, f"/{at}") for at in range(4)]
    async with Load(*targets, pause=0.0) as load:
        for given in (annotations, {}) * CYCLES:
            before = _applied(program)
            folder.ingress("web", HOST, "web", annotations=given)
            await until(partial(_more_than, before, program), APPLIED, program.last_words)
            await load.more(100)
    assert [] == load.failures()


def _more_than(before: int, program: Program) -> bool:
    return _applied(program) > before


def _applied(program: Program) -> int:
    return len(program.events("generation_applied"))
