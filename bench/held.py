"""Connections that stay: clients that upgrade and then say nothing, and the pod that they are led to.

Processes of their own, since each may have as many files open as NGINX's workers have together.
"""

import asyncio
import resource
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.running import BenchError
from painless.demo.ports import LOOPBACK

OPENED_WITHIN = 120.0  # Seconds for all of them: ten thousand take ten on a free core.
AT_ONCE = 50  # Connections that are being opened; more would fill accept queues.
BACKLOG = 4096
_SPARE = 100  # Files that a process has open beside its connections.
_UPGRADE = "Connection: upgrade\r\nUpgrade: websocket\r\n"
_SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


@asynccontextmanager
async def pod(address: str) -> AsyncIterator[int]:
    """Run a pod that upgrades whoever asks; gives its port."""
    async with _process("pod", address) as said:
        yield int(said)


@asynccontextmanager
async def clients(port: int, host: str, count: int) -> AsyncIterator[None]:
    """Hold so many connections to NGINX."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - _SPARE
    if count > most:
        raise BenchError(f"{count} connections need as many open files, and this machine grants {most}")
    async with _process("clients", str(port), host, str(count)):
        yield


@asynccontextmanager
async def _process(*arguments: str) -> AsyncIterator[str]:
    command = (sys.executable, "-m", "bench.held", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), OPENED_WITHIN)
        if not line:
            raise BenchError(f"{' '.join(command)} ended before it was ready")
        yield line.decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _serve(address: str) -> None:
    async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(_SWITCHED)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(upgrade, address, 0, backlog=BACKLOG)
    _say(str(server.sockets[0].getsockname()[1]))
    await _told_to_end()


async def _hold(port: int, host: str, count: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    held: list[asyncio.StreamWriter] = []

    async def one() -> None:
        async with gate:
            reader, writer = await asyncio.open_connection(LOOPBACK, port)
            held.append(writer)
            writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\n{_UPGRADE}\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101"), head

    async with asyncio.TaskGroup() as group:
        for _ in range(count):
            group.create_task(one())
    _say("open")
    await _told_to_end()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def _told_to_end() -> None:
    """Wait until whoever started us is gone, which closes our standard input."""
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    what, *arguments = sys.argv[1:]
    if what == "pod":
        asyncio.run(_serve(arguments[0]))
    else:
        port, host, count = arguments
        asyncio.run(_hold(int(port), host, int(count)))


if __name__ == "__main__":
    main()
