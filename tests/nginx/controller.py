"""A controller for a test to kill, in a process of its own; see ``main``."""

import asyncio
import sys
from pathlib import Path

from tests.nginx.given import disk_at, generation, nginx_on, reloading, starting

from painless.plan.steps import Applied


async def main(state: str, port: str, first: str, *others: str) -> None:
    """Start with a generation that says ``first``, reload to the ``others``, print the last one's id."""
    disk = disk_at(Path(state))
    nginx = nginx_on(disk)
    want = generation(disk.root, int(port), first)
    outcome = await nginx.apply(starting(want))
    for says in others:
        want = generation(disk.root, int(port), says)
        outcome = await nginx.apply(reloading(want))
    sys.stdout.write(f"{want.id if outcome == Applied() else outcome}\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
