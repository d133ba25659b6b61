"""Limits hold for requests that are open at once, and change while requests run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tests.front.clients import Load, Target, until, until_seen
from tests.front.given import PATIENT, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.demo.ports import LOOPBACK

pytestmark = PATIENT
APPLIED = 10.0  # Seconds: others use the same two cores.
LONG = "/?delay=60"  # Longer than any test: it is open until its client leaves.


@asynccontextmanager
async def open_request(port: int, host: str) -> AsyncIterator[None]:
    """Have a request open that its pod does not answer."""
    _, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(f"GET {LONG} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    try:
        yield
    finally:
        writer.close()


async def test_requests_open_at_once_are_counted_by_ingress(folder: Folder, pods: Pods, make: Make) -> None:
    """A client that has one open is refused a second one, by that Ingress alone and for that long."""
    await pods.service("web")
    for name in ("one", "two"):
        folder.ingress(name, f"{name}.test", "web", annotations={"limit-connections": "1"})
    program = make()
    program.start()
    await program.ready()
    one, two = (Target(program.doors.http, f"{name}.test") for name in ("one", "two"))
    await until_seen(one, lambda seen: seen.status == 200, APPLIED)
    before = pods.asked("web")
    async with open_request(one.port, one.host):
        await until(lambda: pods.asked("web") > before, APPLIED, program.last_words)
        statuses = [(await target.ask()).status for target in (one, two)]
    assert statuses == [503, 200]
    await until_seen(one, lambda seen: seen.status == 200, APPLIED)


async def test_other_limits_cost_no_request(folder: Folder, pods: Pods, make: Make) -> None:
    """NGINX takes every change of a limit at a reload: no zone gets another key."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    async with Load(Target(program.doors.http, "web.test")) as load:
        for annotations in (
            {"limit-rps": "1000", "limit-allowlist": "127.0.0.1", "limit-connections": "100"},
            {"limit-rps": "2000", "limit-allowlist": "10.0.0.0/8", "limit-connections": "200"},
            {"limit-rpm": "100000"},
        ):
            before = _applied(program)
            folder.ingress("web", "web.test", "web", annotations=annotations)
            await until(partial(_more_than, before, program), APPLIED, program.last_words)
            await load.more(10)
    assert [] == load.failures()


def _more_than(before: int, program: Program) -> bool:
    return _applied(program) > before


def _applied(program: Program) -> int:
    return len(program.events("generation_applied"))
