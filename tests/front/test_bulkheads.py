"""A Service that hangs takes its own share of NGINX and no more, and its owner hears of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tests.front.clients import Seen, Target, until, until_seen
from tests.front.given import PATIENT, Make
from tests.front.manifests import NAMESPACE, Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.demo.ports import LOOPBACK

pytestmark = PATIENT
APPLIED = 20.0  # Seconds: others use the same two cores.
LONG = "/?delay=60"  # Longer than any test: it is open until its client leaves.
MOST = "painless.dev/max-inflight"
REJECTIONS = "painless_bulkhead_rejections_total"
MANY = 20


@asynccontextmanager
async def hanging(program: Program, pods: Pods, host: str, count: int, *headers: str) -> AsyncIterator[None]:
    """Have so many requests at the pods of the Service ``slow``, which do not answer them."""
    before = pods.asked("slow")
    async with AsyncExitStack() as stack:
        for _ in range(count):
            _, writer = await asyncio.open_connection(LOOPBACK, program.doors.http)
            stack.callback(writer.close)
            lines = (f"GET {LONG} HTTP/1.1", f"Host: {host}", *headers)
            writer.write("\r\n".join((*lines, "", "")).encode())
        await until(lambda: pods.asked("slow") >= before + count, APPLIED, program.last_words)
        yield


async def served(program: Program, *hosts: str) -> None:
    for host in hosts:
        await until_seen(Target(program.doors.http, host), lambda seen: seen.status == 200, APPLIED)


async def asked(program: Program, host: str, *headers: str) -> Seen:
    return await Target(program.doors.http, host, headers=headers).ask()


async def refusals(program: Program) -> int:
    return await program.total(REJECTIONS, namespace=NAMESPACE, service="slow", port="80")


async def test_a_service_that_hangs_is_refused_more_and_the_others_are_not(
    folder: Folder, pods: Pods, make: Make
) -> None:
    """Above its ceiling it answers 503 with Retry-After, below it everybody; NGINX's every answer is counted.

    The ceiling is a power of two.  Its owner is told once, and a controller that was killed misses nothing.
    """
    for name in ("slow", "fast"):
        await pods.service(name)
        folder.ingress(name, f"{name}.test", name, annotations={MOST: "3"})
    program, second = make(), make()
    program.start()
    await program.ready()
    await served(program, "slow.test", "fast.test")
    async with AsyncExitStack() as stack, hanging(program, pods, "slow.test", 3):
        below = await asked(program, "slow.test")
        await stack.enter_async_context(hanging(program, pods, "slow.test", 1))
        above = [await asked(program, "slow.test") for _ in range(MANY)]
        assert 200 == (await asked(program, "fast.test")).status
        await until(lambda: _counts(program, MANY), APPLIED, program.last_words)
        await program.kill()
        above += [await asked(program, "slow.test") for _ in range(MANY)]
        told = [one["upstream"] for one in program.events("bulkhead_full")]
        second.start()
        await second.ready()
        await until(lambda: _counts(second, MANY), APPLIED, second.last_words)
    await served(second, "slow.test")
    assert (200, {(503, "1")}) == (below.status, {(one.status, one.fields["retry-after"]) for one in above})
    assert ["shop.slow.80"] == told


async def _counts(program: Program, count: int) -> bool:
    return await refusals(program) == count


async def test_what_becomes_another_protocol_is_counted_apart(folder: Folder, pods: Pods, make: Make) -> None:
    """What asks for another protocol takes no request's place, and has a ceiling where there is one.

    An offer of h2c is a request like others.
    """
    await pods.service("slow")
    folder.ingress("slow", "slow.test", "slow", annotations={MOST: "1"})
    folder.ingress("both", "both.test", "slow", annotations={MOST: "1", "painless.dev/max-upgraded": "2"})
    program = make()
    program.start()
    await program.ready()
    await served(program, "slow.test", "both.test")
    upgrade = ("Upgrade: other", "Connection: Upgrade")
    async with hanging(program, pods, "slow.test", 1), hanging(program, pods, "both.test", 2, *upgrade):
        found = [
            (await asked(program, "slow.test")).status,
            (await asked(program, "slow.test", "Upgrade: h2c")).status,
            (await asked(program, "slow.test", "Upgrade: other")).status,
            (await asked(program, "both.test", "Upgrade: other")).status,
        ]
    assert [503, 503, 200, 503] == found
    await until(lambda: _counts(program, 3), APPLIED, program.last_words)


async def test_limits_of_clients_are_no_bulkheads(folder: Folder, pods: Pods, make: Make) -> None:
    """Who asks for more than limit-connections allows is neither told when to retry nor counted."""
    await pods.service("slow")
    for host, few in (("few", "1"), ("many", "50")):
        folder.ingress(host, f"{host}.test", "slow", annotations={"limit-connections": few, MOST: "4"})
    folder.ingress("slow", "slow.test", "slow")
    program = make()
    program.start()
    await program.ready()
    await served(program, "few.test", "many.test", "slow.test")
    async with hanging(program, pods, "few.test", 1):
        theirs = await asked(program, "few.test")
        async with hanging(program, pods, "slow.test", 3):
            theirs_again = await asked(program, "few.test")
            ours = await asked(program, "many.test")
    await until(lambda: _counts(program, 1), APPLIED, program.last_words)
    found = [(one.status, one.fields.get("retry-after")) for one in (theirs, theirs_again, ours)]
    assert [(503, None), (503, None), (503, "1")] == found


async def test_a_canary_has_a_ceiling_of_its_own(folder: Folder, pods: Pods, make: Make) -> None:
    """Both arms of a path are counted, each by itself."""
    for name in ("slow", "new"):
        await pods.service(name)
    folder.ingress("slow", "slow.test", "slow", annotations={MOST: "2"})
    folder.ingress("new", "slow.test", "new", annotations={"canary": "true", "canary-by-header": "X-New"})
    program = make()
    program.start()
    await program.ready()
    await until_seen(
        Target(program.doors.http, "slow.test", headers=("X-New: always",)),
        lambda seen: seen.pod.startswith("new"),
        APPLIED,
    )
    async with hanging(program, pods, "slow.test", 2):
        found = [
            (await asked(program, "slow.test", "X-New: never")).status,
            (await asked(program, "slow.test", "X-New: always")).status,
        ]
    assert [503, 200] == found


async def test_nobody_makes_pages_of_refusals(folder: Folder, pods: Pods, make: Make) -> None:
    """The Service of error pages is asked about the application's 503, and not about a bulkhead's."""
    for name in ("slow", "pages"):
        await pods.service(name)
    annotations = {MOST: "1", "custom-http-errors": "503", "default-backend": "pages"}
    folder.ingress("slow", "slow.test", "slow", annotations=annotations)
    program = make()
    program.start()
    await program.ready()
    await served(program, "slow.test")
    page = await Target(program.doors.http, "slow.test", "/?status=503").ask()
    async with hanging(program, pods, "slow.test", 1):
        refused = await asked(program, "slow.test")
    assert (True, 503, "1", "") == (
        page.pod.startswith("pages"),
        refused.status,
        refused.fields["retry-after"],
        refused.pod,
    )
