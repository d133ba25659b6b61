"""A start shows nothing half done, an impossible one says why in a sentence, and the end leaves nothing."""

import asyncio
import re
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.front.clients import Load, Seen, Target, ask, until
from tests.front.given import Make, certificate
from tests.front.manifests import Folder
from tests.front.pods import Pods
from tests.front.program import Doors, Program

from painless.demo.ports import LOOPBACK, free_ports

HOSTS = 8


async def test_the_first_answers_are_right(folder: Folder, pods: Pods, make: Make) -> None:
    """From before the start on there is no answer at all or the right one; likewise on a second start."""
    for at in range(HOSTS):
        await pods.service(f"web{at}")
        folder.ingress(f"web{at}", f"web{at}.test", f"web{at}")
    for _ in range(2):
        program = make()
        ours = (
            Target(program.doors.health, LOOPBACK, "/readyz"),
            Target(program.doors.health, "alive", "/healthz"),
        )
        hosts = [Target(program.doors.http, f"web{at}.test") for at in range(HOSTS)]
        async with Load(*hosts) as load, Load(*ours, pause=0.005) as own:
            program.start()
            await program.ready()
            await load.more(20 * HOSTS)
        for at in range(HOSTS):
            assert [0, 200] == _steps(load.seen[f"web{at}.test"])
        assert {"ConnectionRefusedError"} == {one.body.split("(")[0] for one in load.failures()}
        assert [0, 503, 200] == _steps(own.seen[LOOPBACK])
        assert [0, 200] == _steps(own.seen["alive"])
        assert 0 == await program.end()


def _steps(seen: list[Seen]) -> list[int]:
    """Return the statuses in order, without repetitions."""
    return [one.status for at, one in enumerate(seen) if at == 0 or seen[at - 1].status != one.status]


async def test_metrics_are_for_prometheus(folder: Folder, pods: Pods, make: Make) -> None:
    """/metrics parses, and has the series that dashboards are made of."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web", annotations={"unheard-of": "x"})
    program = make()
    program.start()
    await program.ready()
    found = {(name, tuple(label for label, _ in labels)) for name, labels in await program.samples()}
    assert found >= {
        ("painless_reloads_total", ("reason",)),
        ("painless_generation_info", ("id",)),
        ("painless_endpoint_updates_total", ()),
        ("painless_diagnostics", ("reason", "severity")),
    }
    assert 1 == await program.total("painless_diagnostics", reason="UnknownAnnotation", severity="warning")


Trouble = Callable[[Make, Folder, ExitStack, Path], Program]


def _no_source(make: Make, folder: Folder, _held: ExitStack, _files: Path) -> Program:
    return make(source=folder.path / "missing")


def _old_nginx(make: Make, _folder: Folder, _held: ExitStack, files: Path) -> Program:
    script = files / "nginx"
    script.write_text("#!/bin/sh\necho nginx version: nginx/1.22.1 >&2\n")
    script.chmod(0o755)
    return make("--nginx", str(script))


def _no_nginx(make: Make, _folder: Folder, _held: ExitStack, files: Path) -> Program:
    return make("--nginx", str(files / "nothing"))


def _health_port_taken(make: Make, _folder: Folder, held: ExitStack, _files: Path) -> Program:
    program = make()
    _take(program.doors.health, held)
    return program


def _http_port_taken(make: Make, _folder: Folder, held: ExitStack, _files: Path) -> Program:
    program = make()
    _take(program.doors.http, held)
    return program


def _state_is_a_file(make: Make, _folder: Folder, _held: ExitStack, files: Path) -> Program:
    place = files / "file"
    place.write_text("")
    return make(state=place / "state")


def _no_webhook_certificate(make: Make, _folder: Folder, _held: ExitStack, files: Path) -> Program:
    return make(*_webhook(free_ports(1)[0], files))


def _webhook_port_taken(make: Make, _folder: Folder, held: ExitStack, files: Path) -> Program:
    port, pair = free_ports(1)[0], certificate("webhook")
    _take(port, held)
    (files / "tls.crt").write_bytes(pair.certificate)
    (files / "tls.key").write_bytes(pair.key)
    return make(*_webhook(port, files))


def _webhook(port: int, files: Path) -> tuple[str, ...]:
    return (
        *("--validating-webhook", f"{LOOPBACK}:{port}"),
        *("--validating-webhook-certificate", str(files / "tls.crt")),
        *("--validating-webhook-key", str(files / "tls.key")),
    )


def _take(port: int, held: ExitStack) -> None:
    one = held.enter_context(socket.socket())
    one.bind((LOOPBACK, port))
    one.listen()


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        (_no_source, r"does not exist"),
        (_old_nginx, r"1\.22\.1.* needs 1\.29"),
        (_no_nginx, r"nothing, which is not an executable"),
        (_health_port_taken, r"health port .* cannot be bound"),
        (_http_port_taken, r"port \d+ on 127\.0\.0\.1 is in use by process \d+"),
        (_no_webhook_certificate, r"tls\.crt cannot be read: No such file"),
        (_webhook_port_taken, r"of --validating-webhook cannot be bound"),
        (_state_is_a_file, r"/file"),
    ],
)
async def test_an_impossible_start_says_why(
    trouble: Trouble, says: str, make: Make, folder: Folder, tmp_path: Path
) -> None:
    """What makes a start impossible is one sentence and exit status 2, and leaves nothing running."""
    with ExitStack() as held:
        program = trouble(make, folder, held, tmp_path)
        program.start()
        assert 2 == await program.ended()
    said = [line for line in program.log.read_text().splitlines() if not line.startswith("{")]
    assert (1, True) == (len(said), bool(re.search(rf"^painless: .*{says}", said[-1]))), said
    assert () == program.everything()


async def test_one_controller_for_a_state_directory(folder: Folder, pods: Pods, make: Make) -> None:
    """A second controller on a state directory ends with a sentence that names the first, which serves on."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    first = make()
    first.start()
    await first.ready()
    second = make(doors=Doors(*free_ports(3)))
    second.start()
    assert 2 == await second.ended()
    assert f"in use by process {first.pid}" in second.last_words()
    assert 1 == len(second.last_words().splitlines())
    assert 200 == (await ask(first.doors.http, "web.test")).status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_end_is_in_order(folder: Folder, pods: Pods, make: Make, number: signal.Signals) -> None:
    """A signal to end lets requests in flight finish, leaves no process and is status 0."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(ask(program.doors.http, "web.test", "/?delay=1"))
        await until(lambda: pods.asked("web") > 0, 5.0)
        program.signal(number)
        assert 0 == await program.ended()
    assert 200 == slow.result().status
    assert () == program.everything()
