"""The process that sends spans: lines come in by standard input, counts go out by standard output.

``python -m painless.tracing EXPORT`` with an ``Export`` in JSON.  It ends when its input does, which is also
when the controller has died, and sends what it has first.
"""

import asyncio
import os
import sys
from contextlib import suppress

import msgspec
from aiohttp import ClientSession

from painless.nginx.spans import Export
from painless.tracing.collector import Collector
from painless.tracing.exporter import Counts, Exporter
from painless.tracing.line import read

_POLITE = 10  # Less of a busy CPU than NGINX.
_CHUNK = 64 << 10  # Bytes read at once.
_LONGEST = 64 << 10  # Bytes of a line; NGINX takes headers of 32 KiB.
_EVERY = 0.5  # Seconds between two counts.


async def main(export: Export) -> None:
    os.nice(_POLITE)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin.buffer
    )
    # Nothing comes from a collector but short answers, and what is on its way is one request.
    async with ClientSession() as session:
        exporter = Exporter(export, Collector(export, session).send)
        async with asyncio.TaskGroup() as group:
            tasks = group.create_task(exporter.run()), group.create_task(_tell(exporter))
            await _take(lines, exporter)
            for task in tasks:
                task.cancel()
        await exporter.finish()
        _say(exporter.counts())


async def _take(lines: asyncio.StreamReader, exporter: Exporter) -> None:
    """Add the span of each line until there are no more."""
    rest = b""
    while data := await lines.read(_CHUNK):
        *whole, rest = (rest + data).split(b"\n")
        # What is longer is no line of ours; its end will not be one either.
        rest = rest[:_LONGEST]
        exporter.add(map(read, whole))


async def _tell(exporter: Exporter) -> None:
    before = Counts()
    while True:
        await asyncio.sleep(_EVERY)
        now = exporter.counts()
        if now != before and _say(now):
            before = now


def _say(counts: Counts) -> bool:
    """Write the counts, if there is room for them."""
    with suppress(OSError):
        line = msgspec.json.encode(counts) + b"\n"
        return os.write(sys.stdout.fileno(), line) == len(line)
    return False


if __name__ == "__main__":
    os.set_blocking(sys.stdout.fileno(), False)
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Export)))
