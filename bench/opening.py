"""What a new NGINX answers in its first moments: every host is asked as soon as the port opens.

A start that publishes a part of the configuration first answers 404 for the rest, to real clients.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable

from bench.asking import FAILED
from bench.running import BenchError
from painless.demo.ports import LOOPBACK

WITHIN = 180.0  # Seconds until the port opens: the largest start on a busy machine.
LOOK_AGAIN = 0.002  # Seconds between two attempts: of a partial configuration nothing may be missed.
ANSWERED_WITHIN = 60.0  # Seconds for all the questions of one connection.
EACH = 500  # Questions on one connection: NGINX closes it after 1,000.


async def first_answers(port: int, hosts: Iterable[str]) -> Counter[int]:
    """Ask for every host as soon as NGINX answers, and count the statuses."""
    first, *rest = hosts
    found = await _answered(port, first)
    # Dealt out, so that each connection asks for all kinds of hosts, the newest among them.
    lines = -(-len(rest) // EACH)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_ask(port, tuple(rest[at::lines]))) for at in range(lines)]
    return sum((task.result() for task in tasks), found)


async def _answered(port: int, host: str) -> Counter[int]:
    """Wait for the first answer: ``nginx -t`` listens as well for a moment, but answers nobody."""
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        found = await _ask(port, (host,))
        if not found[FAILED]:
            return found
        await asyncio.sleep(LOOK_AGAIN)
    raise BenchError(f"port {port} did not answer within {WITHIN:.0f} s")


async def _ask(port: int, hosts: tuple[str, ...]) -> Counter[int]:
    found: Counter[int] = Counter()
    try:
        async with asyncio.timeout(ANSWERED_WITHIN):
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            for host in hosts:
                writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                found[await _status(reader)] += 1
            writer.close()
    except (OSError, EOFError, TimeoutError):
        found[FAILED] += len(hosts) - found.total()
    return found


async def _status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(
        line.partition(":")[2] for line in head.split("\r\n") if line.lower().startswith("content-length:")
    )
    await reader.readexactly(int(length))
    return int(head.split(" ", 2)[1])
