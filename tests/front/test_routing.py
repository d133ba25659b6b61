"""Routes change while requests run: few reloads, no failed request, and mistakes harm nobody."""

import asyncio
import time
from collections.abc import Callable

from tests.front.clients import Load, Seen, Target, until, until_seen
from tests.front.given import PATIENT, SOAK, Make
from tests.front.manifests import PREFIX, Folder
from tests.front.pods import Pods
from tests.front.program import Program

pytestmark = PATIENT
SERVED = 2.0 if SOAK else 5.0  # Seconds from the last change of a burst until all of it is served.
MOVES = 50 if SOAK else 4
WEIGHTS = 20


async def _started(program: Program) -> int:
    """Start a controller and return its reloads so far."""
    program.start()
    await program.ready()
    return await program.reloads()


async def test_a_burst_of_ingresses_is_few_reloads(folder: Folder, pods: Pods, make: Make) -> None:
    """20 Ingresses that come within 2 s cost at most three reloads and are soon served, all of them."""
    await pods.service("web")
    folder.ingress("first", "first.test", "web")
    program = make()
    before = await _started(program)
    async with Load(Target(program.doors.http, "first.test")) as load:
        for at in range(20):
            folder.ingress(f"more{at}", f"more{at}.test", "web")
            await asyncio.sleep(0.09)  # The pace of the burst, not a wait for something.
        since = time.monotonic()
        for at in range(20):
            await until_seen(Target(program.doors.http, f"more{at}.test"), _fine, SERVED)
        took = time.monotonic() - since
    assert (True, True) == (took <= SERVED, await program.reloads() - before <= 3)
    assert [] == load.failures()


async def test_an_ingress_moves_to_a_new_service(folder: Folder, pods: Pods, make: Make) -> None:
    """A route that moves to a Service that nobody used before fails no request on the way."""
    await pods.service("web0")
    folder.ingress("web", "web.test", "web0")
    program = make()
    await _started(program)
    target = Target(program.doors.http, "web.test")
    async with Load(target, target) as load:
        for at in range(1, MOVES + 1):
            await pods.service(f"web{at}")
            folder.ingress("web", "web.test", f"web{at}")
            await until_seen(target, _is_from(f"web{at}"), 10.0)
    assert [] == load.failures()


async def test_a_canary_gets_its_share_without_a_reload(folder: Folder, pods: Pods, make: Make) -> None:
    """A canary's weight changes 20 times, to all and to nothing, without a reload or a failed request."""
    for one in ("web", "next"):
        await pods.service(one)
        annotations = {"canary": "true", "canary-weight": "50"} if one == "next" else {}
        folder.ingress(one, "web.test", one, annotations=annotations)
    program = make()
    before = await _started(program)
    target = Target(program.doors.http, "web.test")
    async with Load(target, target) as load:
        for at in range(WEIGHTS):
            weight = 100 if at % 2 else 0
            folder.ingress(
                "next", "web.test", "next", annotations={"canary": "true", "canary-weight": str(weight)}
            )
            await _hot_files_written(program, at + 1)
            expected = "next" if weight else "web"
            pods_seen = {(await target.ask()).pod.split("-")[0] for _ in range(5)}
            assert {expected} == pods_seen
    assert (before, []) == (await program.reloads(), load.failures())


async def test_a_broken_manifest_keeps_its_last_good_content(folder: Folder, pods: Pods, make: Make) -> None:
    """A manifest that is broken while serving stays in use as it was, is told with its place, and mended."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    before = await _started(program)
    path = folder.file("Ingress", "web")
    good = path.read_text()
    async with Load(Target(program.doors.http, "web.test")) as load:
        path.write_text(good.replace("rules:", "rules: ]"))
        await until(lambda: bool(_told(program, "diagnostic_found")), 3.0, program.last_words)
        assert 1 == await _invalid(program)
        path.write_text(good)
        await until(lambda: bool(_told(program, "diagnostic_resolved")), 3.0, program.last_words)
        assert 0 == await _invalid(program)
    line = next(at for at, text in enumerate(good.splitlines(), 1) if "rules:" in text)
    assert f"ingress-web.yaml:{line}:" in _told(program, "diagnostic_found")[0]
    assert (before, []) == (await program.reloads(), load.failures())


async def test_an_ingress_that_asks_for_nonsense_harms_nobody(folder: Folder, pods: Pods, make: Make) -> None:
    """Bad hosts, paths, values and references are told, and every other host is served as before."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    await _started(program)
    async with Load(Target(program.doors.http, "web.test")) as load:
        folder.ingress("bad", "bad host;{", "web")
        folder.ingress("lost", "lost.test", "nobody", annotations={"proxy-body-size": "huge", "typo": "x"})
        await until_seen(Target(program.doors.http, "lost.test"), lambda seen: seen.status == 503, 5.0)
        found = " ".join(_told(program, "diagnostic_found"))
    assert [] == load.failures()
    for reason in ("InvalidHost", "ServiceNotFound", "InvalidAnnotationValue", "UnknownAnnotation"):
        assert f"[{reason}]" in found
    assert f"{PREFIX}typo" in found


def _fine(seen: Seen) -> bool:
    return seen.status == 200


def _is_from(service: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.pod.startswith(f"{service}-")


async def _hot_files_written(program: Program, times: int) -> None:
    await until(lambda: len(program.events("hot_files_written")) >= times, 3.0, program.last_words)


def _told(program: Program, event: str) -> list[str]:
    return [one["says"] for one in program.events(event)]


async def _invalid(program: Program) -> int:
    return await program.total("painless_diagnostics", reason="InvalidManifest")
