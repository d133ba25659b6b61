"""The health port: what probes are told, from a thread that nothing else keeps busy."""

import asyncio
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable

import pytest

from painless.demo.ports import LOOPBACK, free_ports
from painless.web.health import Check, Pages, PortTaken, serve_health

WELL = (Check("event-loop"), Check("nginx"))
ILL = (Check("event-loop"), Check("nginx", "it is gone"), Check("elsewhere", "not ours", counts=False))


def pages(alive: Iterable[Check] = WELL, metrics: bytes = b"", hold: threading.Event | None = None) -> Pages:
    def page() -> bytes:
        if hold is not None:
            hold.wait()
        return metrics

    return Pages("/healthz", lambda: alive, lambda: alive, page)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read().decode()


@pytest.mark.parametrize(
    ("checks", "path", "expected"),
    [
        (WELL, "/healthz", (200, "ok\n")),
        (WELL, "/healthz?verbose", (200, "[+]event-loop ok\n[+]nginx ok\nok\n")),
        (ILL, "/readyz", (503, "[-]nginx failed: it is gone\n[ ]elsewhere: not ours\nfailed\n")),
        (ILL[2:], "/healthz", (200, "ok\n")),
        (ILL[2:], "/healthz?verbose", (200, "[ ]elsewhere: not ours\nok\n")),
    ],
    ids=["well", "verbose", "ill", "elsewhere", "elsewhere, verbose"],
)
async def test_what_is_said(checks: tuple[Check, ...], path: str, expected: tuple[int, str]) -> None:
    """Why a probe fails stands in its answer; what a restart would not help fails none."""
    [port] = free_ports(1)
    async with serve_health(LOOPBACK, port, pages(checks)):
        assert expected == await asyncio.to_thread(get, port, path)


async def test_an_event_loop_that_is_stuck_answers() -> None:
    """The probe is asked and answered while nothing else has a turn."""
    [port] = free_ports(1)
    async with serve_health(LOOPBACK, port, pages()):
        assert (200, "ok\n") == get(port, "/healthz")


async def test_a_page_of_metrics_keeps_no_probe_waiting() -> None:
    """However long it takes."""
    [port] = free_ports(1)
    made = threading.Event()
    async with serve_health(LOOPBACK, port, pages(metrics=b"all\n", hold=made)):
        page = asyncio.ensure_future(asyncio.to_thread(get, port, "/metrics"))
        probe = await asyncio.to_thread(get, port, "/healthz")
        waited = not page.done()
        made.set()
        assert ((200, "ok\n"), True, (200, "all\n")) == (probe, waited, await page)


async def test_a_port_that_is_taken() -> None:
    """One sentence, and no thread is left."""
    [port] = free_ports(1)
    async with serve_health(LOOPBACK, port, pages()):
        with pytest.raises(PortTaken, match=r"cannot be bound: .*--healthz-port"):
            async with serve_health(LOOPBACK, port, pages()):
                pass
    assert [] == [one.name for one in threading.enumerate() if one.name == "health"]


async def test_it_ends_with_the_context() -> None:
    """The port is free again at once."""
    [port] = free_ports(1)
    said = []
    for _ in range(2):
        async with serve_health(LOOPBACK, port, pages()):
            said.append(await asyncio.to_thread(get, port, "/healthz"))
    assert [(200, "ok\n")] * 2 == said
