"""Requests through a real NGINX are counted exactly, and traffic does not notice who counts."""

import asyncio
import os
import signal
from pathlib import Path

from tests.front.clients import ask, until
from tests.front.given import Make
from tests.front.manifests import NAMESPACE, Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.demo.ports import LOOPBACK

HOST = "web.test"
SEEN = 30.0
"""Seconds until a request is on the page: NGINX holds lines for one, and we look ten times a second."""
MANY = 40
PREFIX = "nginx_ingress_controller_"
REQUESTS = f"{PREFIX}requests_total"
"""The parser adds the end, which the page has not."""
HOSTILE = (
    b'GET /"a\\"b HTTP/1.1\r\nHost: web.test"x\r\nConnection: close\r\n\r\n',
    b"GET / HTTP/1.1\r\nHost: x\t200\tGET\r\nConnection: close\r\n\r\n",
    b"GET /\x7f\xff HTTP/1.1\r\nHost: \xc3\xa9.test\r\nConnection: close\r\n\r\n",
    b"INVENTED-METHOD / HTTP/1.1\r\nHost: web.test\r\nConnection: close\r\n\r\n",
    b"\x16\x03\x01 no request at all\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: " + b"h" * 7000 + b".test\r\nConnection: close\r\n\r\n",
)


async def _send(program: Program, count: int, host: str = HOST, method: str = "GET") -> set[int]:
    limit = asyncio.Semaphore(20)

    async def one() -> int:
        async with limit:
            return (await ask(program.doors.http, host, "/", method=method)).status

    return set(await asyncio.gather(*(one() for _ in range(count))))


async def _counted(program: Program, count: int, metric: str = REQUESTS, **labels: str) -> None:
    """Wait until so many are on the page, and no more."""

    async def there() -> bool:
        return await program.total(metric, **labels) == count

    await until(there, SEEN, program.last_words)


def _counter(program: Program) -> int:
    """Return the process that counts."""
    for task in Path(f"/proc/{program.pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            if b"painless.counting" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    return 0


async def test_each_request_is_counted_once(folder: Folder, pods: Pods, make: Make) -> None:
    """By what served it, whatever the host was; ingress-nginx's labels, no others."""
    await pods.service("web")
    folder.ingress("web", HOST, "web")
    program = make("--enable-metrics", "--controller-class", "k8s.io/ingress-nginx")
    program.start()
    await program.ready()
    assert {200} == await _send(program, MANY) | await _send(program, MANY, method="POST")
    assert {404} == await _send(program, MANY, "nobody.test") | await _send(program, MANY, "another.test")
    await _counted(program, 4 * MANY)
    served = {"namespace": NAMESPACE, "ingress": "web", "service": "web", "host": HOST, "path": "/"}
    both = {"canary": "", "controller_namespace": "", "controller_pod": ""}
    each = both | {"controller_class": "k8s.io/ingress-nginx"}
    nobody = dict.fromkeys(("namespace", "ingress", "service"), "") | {"host": "_", "path": "/"}
    found = {labels: value for (name, labels), value in (await program.samples()).items() if name == REQUESTS}
    assert found == {
        tuple(sorted((each | one).items())): count
        for one, count in (
            (served | {"status": "200", "method": "GET"}, MANY),
            (served | {"status": "200", "method": "POST"}, MANY),
            (nobody | {"status": "404", "method": "GET"}, 2 * MANY),
        )
    }
    # Who asked no upstream has no time of one.
    await _counted(program, 2 * MANY, f"{PREFIX}connect_duration_seconds_count")
    await _counted(program, 4 * MANY, f"{PREFIX}request_size_count")
    assert 1 == await program.total("painless_request_metrics_up")
    assert 0 == await program.end()


async def test_what_clients_send_stays_in_its_field(folder: Folder, pods: Pods, make: Make) -> None:
    """Quotes, tabs, bytes and long names make neither a line that is no line nor a series of their own."""
    await pods.service("web")
    folder.ingress("web", HOST, "web")
    program = make("--enable-metrics")
    program.start()
    await program.ready()
    for text in HOSTILE:
        reader, writer = await asyncio.open_connection(LOOPBACK, program.doors.http)
        writer.write(text)
        await reader.read()
        writer.close()
    await _counted(program, len(HOSTILE))
    series = [dict(labels) for name, labels in await program.samples() if name == REQUESTS]
    assert {"_", HOST} >= {one["host"] for one in series}
    assert {"GET", "other", ""} >= {one["method"] for one in series}
    assert 0 == await program.total("painless_request_log_malformed_lines_total")


async def test_traffic_does_not_notice_who_counts(folder: Folder, pods: Pods, make: Make) -> None:
    """Stopped, it counts what was missed when it goes on; killed, another one goes on with what is left."""
    await pods.service("web")
    folder.ingress("web", HOST, "web")
    program = make("--enable-metrics")
    program.start()
    await program.ready()
    assert {200} == await _send(program, MANY)
    await _counted(program, MANY)
    first = _counter(program)
    os.kill(first, signal.SIGSTOP)
    assert {200} == await _send(program, MANY)
    # The page has all the rest, and says that this is missing.
    page = {name: value for (name, _), value in (await program.samples()).items()}
    assert (0, 1) == (page["painless_request_metrics_up"], page["painless_generation_info"])
    os.kill(first, signal.SIGCONT)
    await _counted(program, 2 * MANY)
    os.kill(first, signal.SIGKILL)
    assert {200} == await _send(program, MANY)
    await until(lambda: _counter(program) not in {0, first}, SEEN, program.last_words)
    await _counted(program, MANY)
    second = _counter(program)
    await program.kill()
    # It never outlives who started it.
    await until(lambda: not Path(f"/proc/{second}/exe").exists(), SEEN, program.last_words)


async def test_nothing_is_counted_unless_asked_for(folder: Folder, pods: Pods, make: Make) -> None:
    """As in ingress-nginx, the flag's default is no."""
    await pods.service("web")
    folder.ingress("web", HOST, "web")
    program = make()
    program.start()
    await program.ready()
    assert {200} == await _send(program, 3)
    assert (0, 0, False) == (
        _counter(program),
        await program.total(REQUESTS),
        (program.state / "requests" / "requests.log").exists(),
    )
