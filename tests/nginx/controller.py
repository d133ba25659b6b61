"""A controller for a test to kill, in a process of its own: ``-m tests.nginx.controller STATE PORT SAYS``."""

import asyncio
import sys
from pathlib import Path

from tests.nginx.given import disk_at, generation, nginx_on, starting

from painless.plan.steps import Applied


async def main(state: str, port: str, says: str) -> None:
    disk = disk_at(Path(state))
    want = generation(disk.root, int(port), says)
    outcome = await nginx_on(disk).apply(starting(want))
    sys.stdout.write(f"{want.id if outcome == Applied() else outcome}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
