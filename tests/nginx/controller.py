"""A controller in a process of its own, so that a test can kill it: python controller.py STATE PORT SAYS."""

import asyncio
import sys
from pathlib import Path

from painless.plan.steps import Applied
from tests.nginx.given import disk_at, generation, nginx_on, starting


async def main(state: str, port: str, says: str) -> None:
    disk = disk_at(Path(state))
    want = generation(disk.root, int(port), says)
    outcome = await nginx_on(disk).apply(starting(want))
    print(want.id if outcome == Applied() else outcome, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
