"""What NGINX refuses is held, its owner is told, and everybody else is served, by the real NGINX.

``REFUSED`` passes our checks and not NGINX's: expressions that Python, which checks them, takes for sound.
When a check learns of one, these tests say so, and another one has to be found.
"""

import re

from tests.front.clients import Load, Target, until, until_seen
from tests.front.given import Make
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program
from tests.nginx.given import disk_at, nginx_on

from painless.nginx.generation import MAIN, generation_id
from painless.plan.steps import Applied, Await, Reload, Stage, Switch

SERVED = 3.0  # Seconds from a change to its first answer, whatever NGINX refuses at the same moment.
SETTLED = 10.0  # Seconds until all who are refused are found and told.

REFUSED = (
    r"/(a)(?<=\1)c",  # A look-behind that is as long as what a group has matched.
    r"/[\xf0-ǿ]x",  # A range that goes backwards in bytes, and NGINX compares bytes.
    r"/(b)(?<=\1)c",
)


def _target(program: Program, name: str, path: str = "/") -> Target:
    return Target(program.doors.http, f"{name}.test", path)


async def _served(target: Target) -> None:
    await until_seen(target, lambda seen: seen.status == 200, SERVED)


async def _held(program: Program, served: str) -> int:
    return await program.total("painless_held_objects", served=served)


def _told(program: Program) -> set[str]:
    """Return whose refusals were ever logged."""
    found = (one["says"] for one in program.events("diagnostic_found"))
    return {one.split(": ")[1] for one in found if one.endswith("[ConfigurationRefused]")}


async def _start(folder: Folder, pods: Pods, make: Make, *names: str) -> Program:
    """Start a controller that serves a host for each name, all from one Service."""
    await pods.service("web")
    for name in names:
        folder.ingress(name, f"{name}.test", "web")
    program = make()
    program.start()
    await program.ready()
    return program


def _refuse_three(folder: Folder) -> None:
    """Have an Ingress that was good and two new ones refused, at once."""
    for name, path in zip(("old", "new", "newer"), REFUSED, strict=True):
        folder.ingress(name, f"{name}.test", "web", path=path, annotations={"use-regex": "true"})


async def test_three_are_refused_at_once(folder: Folder, pods: Pods, make: Make) -> None:
    """The one that was good serves on as it was, and other changes of the moment are served within 3 s.

    Nobody's request fails, the refused cost no reload, and each that is mended is served.
    """
    program = await _start(folder, pods, make, "web", "old")
    await pods.service("second")
    before = await program.reloads()
    async with Load(_target(program, "web"), _target(program, "old")) as load:
        _refuse_three(folder)
        folder.ingress("more", "more.test", "web")
        folder.ingress("web", "web.test", "second")
        await _served(_target(program, "more"))
        await until_seen(_target(program, "web"), lambda seen: seen.pod.startswith("second"), SERVED)
        await until(lambda: len(_told(program)) == 3, SETTLED, program.last_words)
        await load.more(20)
        assert (1, 2) == (await _held(program, "earlier"), await _held(program, "nothing"))
        # The two good changes, whose files may have been seen one after the other, are all that was loaded.
        assert await program.reloads() - before <= 2
        for name in ("old", "new", "newer"):
            folder.ingress(name, f"{name}.test", "second")
            await until_seen(_target(program, name), lambda seen: seen.pod.startswith("second"), SERVED)
        await load.more(20)
    assert [] == load.failures()
    assert {f"Ingress shop/{name}" for name in ("old", "new", "newer")} == _told(program)
    assert (0, 0) == (await _held(program, "earlier"), await _held(program, "nothing"))


async def test_the_refused_are_left_out_at_the_start(folder: Folder, pods: Pods, make: Make) -> None:
    """A controller that starts serves the others as soon as if the refused were not there."""
    _refuse_three(folder)
    program = await _start(folder, pods, make, "web")
    assert 200 == (await _target(program, "web").ask()).status
    assert (0, 3) == (await _held(program, "earlier"), await _held(program, "nothing"))
    assert 1 == await program.reloads()


async def test_a_restart_keeps_serving_what_was_good(folder: Folder, pods: Pods, make: Make) -> None:
    """The next controller knows the earlier state of what is refused, and does not reload for it."""
    program = await _start(folder, pods, make, "web", "old")
    _refuse_three(folder)
    await until(lambda: len(_told(program)) == 3, SETTLED, program.last_words)
    async with Load(_target(program, "old"), _target(program, "web")) as load:
        await program.kill()
        program = make()
        program.start()
        await program.ready()
        await until(lambda: len(_told(program)) == 3, SETTLED, program.last_words)
        await load.more(20)
    assert (1, 2) == (await _held(program, "earlier"), await _held(program, "nothing"))
    assert ([], 0) == (load.failures(), await program.reloads())


_ZONE = re.compile(r"limit_req_zone \S+ (zone=\S+ rate=\S+;)")


async def _load_with_another_key(program: Program, zone: str) -> None:
    """Have NGINX, while no controller runs, load a zone of this name and size with a key that is not ours."""
    with disk_at(program.state) as disk:
        nginx = nginx_on(disk)
        found = await nginx.adopt()
        current = disk.current_id()
        assert found is not None
        assert current is not None
        live = disk.read_generation(current)
        assert live is not None
        text = live.cold[MAIN].replace("http {", f"http {{\n    limit_req_zone $arg_other {zone}", 1)
        cold = {**live.cold, MAIN: text}
        other = type(live)(generation_id(cold), cold, upstreams=live.upstreams, routes=live.routes)
        steps = (Stage(other), Switch(other.id), Reload(), Await(other.id))
        assert Applied() == await nginx.apply(steps)
        nginx.close()


async def test_a_changed_limit_key_is_refused_at_the_reload_alone(
    folder: Folder, pods: Pods, make: Make
) -> None:
    """NGINX's test passes and its reload names a zone, no line: who uses it is held, the rest is served.

    The held serve on as they were before they had limits, and as is asked when they change.
    """
    limits = {"limit-rps": "500"}
    program = await _start(folder, pods, make, "web", "old", "older")
    for name in ("old", "older"):
        folder.ingress(name, f"{name}.test", "web", annotations=limits)
    conf, memory = program.state / "current" / MAIN, program.state / "memory"
    # The first is written a moment after it is served.
    await until(lambda: memory.exists() and b"limit-rps" in memory.read_bytes(), SETTLED, program.last_words)
    zone = _ZONE.search(conf.read_text())
    assert zone is not None
    for name in ("old", "older"):
        folder.ingress(name, f"{name}.test", "web")
    await until(lambda: b"limit-rps" not in memory.read_bytes(), SETTLED, program.last_words)
    await program.kill()
    await _load_with_another_key(program, zone[1])
    for name in ("old", "older"):
        folder.ingress(name, f"{name}.test", "web", annotations=limits)
    folder.ingress("more", "more.test", "web")
    targets = [_target(program, name) for name in ("web", "old", "older")]
    program = make()
    async with Load(*targets) as load:
        program.start()
        await program.ready()
        await _served(_target(program, "more"))
        await until(lambda: len(_told(program)) == 2, SETTLED, program.last_words)
        assert {"Ingress shop/old", "Ingress shop/older"} == _told(program)
        assert "while previously it used" in program.log.read_text()
        assert (2, 0, False) == (
            await _held(program, "earlier"),
            await _held(program, "nothing"),
            "limit_req_zone" in conf.read_text(),
        )
        for name in ("old", "older"):
            folder.ingress(name, f"{name}.test", "web", annotations={**limits, "limit-burst-multiplier": "6"})
        await until(lambda: "limit_req_zone" in conf.read_text(), SETTLED, program.last_words)

        async def all_are_free() -> bool:
            return await _held(program, "earlier") == 0

        await until(all_are_free, SETTLED, program.last_words)
        await load.more(20)
    assert [] == load.failures()
