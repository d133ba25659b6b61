"""The price before the change: what the running controller says of a change comes true when it is made."""

import asyncio
import shutil
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse
from tests.front.asking import command, planned, status
from tests.front.clients import Target, until, until_seen
from tests.front.given import PATIENT, Make, certificate
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.demo.ports import LOOPBACK

pytestmark = PATIENT
SOON = 15.0  # Seconds for what takes one or two.


async def talk(stack: AsyncExitStack, program: Program, host: str) -> ClientWebSocketResponse:
    """Open a WebSocket and say something."""
    session = await stack.enter_async_context(ClientSession())
    url = f"http://{LOOPBACK}:{program.doors.http}/"
    opened = await stack.enter_async_context(session.ws_connect(url, headers={"Host": host}))
    await opened.send_str("before")
    await opened.receive_str()
    return opened


def open_on(found: list[dict[str, Any]]) -> list[int]:
    return [sum((one["connections"] or {"none": -1}).values()) for one in found]


def assert_priced(said: dict[str, Any]) -> None:
    """Twice what a generation has, since NGINX holds two while it changes over; and a wait for others."""
    weight = said["notice"][0]["memory"]
    assert (2 * weight if weight else None, True) == (said["memory"], said["wait"]["seconds"] <= 6.0)


def elsewhere(folder: Folder, kind: str, name: str) -> Path:
    """Move a manifest out of the source: it is asked about first and applied later."""
    there = folder.path.parent / f"asked-{kind}-{name}.yaml"
    folder.file(kind, name).replace(there)
    return there


async def test_a_reload_and_whom_it_puts_on_notice(folder: Folder, pods: Pods, make: Make) -> None:
    """The reason, the WebSocket that is counted, and the generation that it holds; asking changes nothing."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    async with AsyncExitStack() as stack:
        folder.ingress("more", "more.test", "web")
        more = elsewhere(folder, "Ingress", "more")
        program.start()
        await program.ready()
        reloads = await program.reloads()
        socket = await talk(stack, program, "web.test")

        async def counted() -> bool:
            return open_on((await status(program))["generations"] or []) == [1]

        await until(counted, SOON)
        said = await planned(program, "-f", str(more), "--diff")
        assert (reloads, said["from"]) == (await program.reloads(), (await status(program))["live"]["id"])
        why = {"kind": "Ingress", "namespace": "shop", "name": "more"}
        assert [{"change": "added", "object": why, "field": ""}] == said["reasons"]
        assert ("reload", 1, [1]) == (said["effect"], said["loads"], open_on(said["notice"]))
        assert_priced(said)
        assert "+        server_name more.test;" in said["diff"].splitlines()

        shutil.copy(more, folder.file("Ingress", "more"))
        await until_seen(Target(program.doors.http, "more.test"), lambda one: one.status == 200, SOON)
        after = await status(program)
        seen = (after["live"]["id"], after["lastLoads"][0]["reasons"], await program.reloads())
        assert (said["to"], ["added Ingress shop/more"], reloads + said["loads"]) == seen
        await socket.send_str("after")
        assert "after" in await socket.receive_str()

        async def drains() -> bool:
            some = (await status(program))["generations"]
            return [said["to"], said["from"]] == [one["id"] for one in some] and open_on(some)[1] == 1

        await until(drains, SOON)


async def test_what_takes_no_reload(folder: Folder, pods: Pods, make: Make) -> None:
    """Pods and certificates take effect without one, as it was said; what is there changes nothing."""
    await pods.service("web")
    folder.certificate("pair", certificate("web.test"))
    folder.ingress("web", "web.test", "web", tls="pair")
    program = make()
    program.start()
    await program.ready()
    reloads = await program.reloads()
    nothing = await planned(program, "-f", str(folder.path))
    copies = folder.path.parent / "asked"
    copies.mkdir()
    for kind, name in (("EndpointSlice", "web"), ("Secret", "pair")):
        shutil.copy(folder.file(kind, name), copies)
    folder.endpoints("web", pods.port, [])
    folder.certificate("pair", certificate("web.test"))
    wanted = {"EndpointSlice": ([], ["shop.web.80"]), "Secret": (1, [])}
    await until(lambda: bool(program.events("hot_files_written")), SOON)
    slices = await planned(program, "-f", str(copies / folder.file("EndpointSlice", "web").name))
    secret = await planned(program, "-f", str(copies / folder.file("Secret", "pair").name))
    assert ("none", "live", "live") == (nothing["effect"], slices["effect"], secret["effect"])
    assert wanted["EndpointSlice"] == (slices["hotFiles"], slices["endpoints"])
    assert wanted["Secret"] == (len(secret["hotFiles"]), secret["endpoints"])
    for one in copies.iterdir():
        shutil.copy(one, folder.path)
    target = Target(program.doors.https, "web.test", secure=True)
    await until_seen(target, lambda one: one.status == 200, SOON)
    await until(lambda: len(program.events("hot_files_written")) > 1, SOON)
    assert reloads == await program.reloads()


async def test_what_is_wrong_is_a_sentence(folder: Folder, pods: Pods, make: Make, tmp_path: Path) -> None:
    """Broken manifests, a conflict, what is not there; a controller that was killed, and the one after it."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    nobody = await command("status", "--state-dir", str(program.state))
    program.start()
    await program.ready()
    broken, other = tmp_path / "broken.yaml", tmp_path / "other.yaml"
    broken.write_text("kind: Ingress\nspec: [\n")
    folder.ingress("other", "web.test", "gone")
    other.write_bytes(elsewhere(folder, "Ingress", "other").read_bytes())
    running = ("plan", "--running", "--state-dir", str(program.state))
    unreadable = await command(*running, "-f", str(broken))
    conflict = await command(*running, "-f", str(other))
    absent = await command(*running, "-f", str(other), "--delete")
    assert (2, 0, 0) == (unreadable.returncode, conflict.returncode, absent.returncode)
    assert f"painless: {broken}:" in unreadable.stderr
    assert "error: Ingress shop/other spec.rules[0].http.paths[0]" in conflict.stdout
    assert "without effect: Ingress shop/other: there is no such object to remove" in absent.stdout

    await program.kill()
    killed = await command("status", "--state-dir", str(program.state))
    program.start()
    await program.ready()
    again = await command("status", "--state-dir", str(program.state))
    assert (2, 2, 0) == (nobody.returncode, killed.returncode, again.returncode)
    assert f"painless: no controller runs on {program.state}:" in nobody.stderr
    assert f"painless: the controller of {program.state} has ended" in killed.stderr
    assert "ready" in again.stdout


@pytest.mark.usefixtures("folder")
async def test_watching_ends_with_ctrl_c(make: Make) -> None:
    """It shows the same again and again until it is told to end, and that is no failure."""
    program = make()
    program.start()
    await program.ready()
    watch = (sys.executable, "-m", "painless", "status", "--watch", "--state-dir", str(program.state))
    process = await asyncio.create_subprocess_exec(*watch, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(SOON):
        for _ in range(2):
            await process.stdout.readuntil(b": ready")
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert 0 == process.returncode
