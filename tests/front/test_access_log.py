"""What NGINX logs about requests comes to our standard output, once, and takes no room on the disk."""

import asyncio
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.front.clients import ask, until
from tests.front.given import Make
from tests.front.manifests import NAMESPACE, Folder
from tests.front.pods import Pods
from tests.front.program import Program

HOST = "web.test"
MANY = 300
COME = 20.0  # Seconds until a line is there: NGINX holds it for one, and we look ten times a second.
WHOLE = re.compile(r'127\.0\.0\.1 - - \[.*\] "GET /(\d+) HTTP/1\.1" 200 .* \[shop-web-80\] .*')


async def _send(program: Program, numbers: range) -> None:
    limit = asyncio.Semaphore(20)

    async def one(number: int) -> None:
        async with limit:
            assert 200 == (await ask(program.doors.http, HOST, f"/{number}")).status

    async with asyncio.TaskGroup() as group:
        for number in numbers:
            group.create_task(one(number))


def _numbers(*programs: Program) -> Counter[int]:
    lines = "".join(one.requests.read_text() for one in programs).splitlines()
    return Counter(int(found[1]) for one in lines if (found := WHOLE.fullmatch(one)))


async def test_each_request_is_a_line_whoever_was_killed(folder: Folder, pods: Pods, make: Make) -> None:
    """What was logged while no controller ran follows when one does; nothing is repeated."""
    await pods.service("web")
    folder.ingress("web", HOST, "web")
    first, second = make(), make()
    first.start()
    await first.ready()
    await _send(first, range(MANY))
    await until(lambda: len(_numbers(first)) == MANY, COME, first.last_words)
    await first.kill()
    await _send(first, range(MANY, 2 * MANY))
    second.start()
    await second.ready()
    await _send(second, range(2 * MANY, 3 * MANY))
    await until(lambda: len(_numbers(first, second)) == 3 * MANY, COME, second.last_words)
    carried = await second.total("painless_access_log_bytes_total", to="stdout")
    log = second.state / "log" / "access.log"
    assert 65_536 > 512 * log.stat().st_blocks
    assert carried == second.requests.stat().st_size
    # The last lines come when NGINX has ended.
    await _send(second, range(3 * MANY, 3 * MANY + 1))
    assert 0 == await second.end()
    assert Counter(range(3 * MANY + 1)) == _numbers(first, second)


async def test_no_line_without_a_reader(folder: Folder, pods: Pods, make: Make) -> None:
    """With the flag nothing is written, neither here nor there."""
    await pods.service("web")
    folder.ingress("web", HOST, "web")
    program = make("--access-log", "none")
    program.start()
    await program.ready()
    await _send(program, range(3))
    assert 0 == await program.end()
    assert (0, False) == (program.requests.stat().st_size, (program.state / "log" / "access.log").exists())


@pytest.fixture
def syslog() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.setblocking(False)
        yield one


async def test_a_syslog_server_has_both_logs(
    folder: Folder, pods: Pods, make: Make, syslog: socket.socket
) -> None:
    """Lines about requests as they were asked for; errors are there and where they always are."""
    await pods.service("web")
    folder.ingress("web", HOST, "web")
    line = '{"uri": "$request_uri", "ingress": "$ingress_name"}'
    folder.configmap(
        "settings",
        {
            "enable-syslog": "true",
            "syslog-host": "127.0.0.1",
            "syslog-port": str(syslog.getsockname()[1]),
            "log-format-escape-json": "true",
            "log-format-upstream": line,
            "error-log-level": "info",
        },
    )
    program = make("--configmap", f"{NAMESPACE}/settings")
    program.start()
    await program.ready()
    await _send(program, range(1))
    seen: list[str] = []

    def came(text: str) -> bool:
        while True:
            try:
                seen.append(syslog.recv(65_536).decode())
            except BlockingIOError:
                return any(text in one for one in seen)

    await until(lambda: came(" nginx: {"), COME, lambda: "\n".join(seen))
    found = next(one for one in seen if " nginx: {" in one)
    assert {"uri": "/0", "ingress": "web"} == json.loads(found.partition(" nginx: ")[2])
    assert 0 == await program.end()
    await until(lambda: came("[notice]"), COME, lambda: "\n".join(seen))
    assert "[notice]" in (program.state / "log" / "error.log").read_text()
    assert 0 == program.requests.stat().st_size
