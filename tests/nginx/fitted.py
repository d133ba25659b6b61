"""NGINX on a machine that changes, in a process that a test puts into a container; see ``main``."""

import asyncio
import fcntl
import os
import socket
import struct
import sys
from pathlib import Path

import msgspec
from msgspec import structs
from tests.corpus.settings import defaults, on_this_machine
from tests.front.clients import Load, Target, until
from tests.nginx.given import BUILD, DEADLINE, disk_at, nginx_on

from painless.compiler import compile_snapshot
from painless.compiler.emit import warm_generation
from painless.demo.ports import LOOPBACK, free_ports
from painless.kernel import sockdiag
from painless.machine import read_machine
from painless.model.snapshot import Snapshot
from painless.nginxd.apply import Nginx
from painless.plan.diff import plan, plan_start
from painless.plan.steps import Applied

NOBODYS = 404  # What NGINX answers where no object serves a host.
ANSWERS = 20  # Of clients, before and after each change.
_SET_FLAGS, _UP = 0x8914, 1


class Seen(msgspec.Struct, frozen=True):
    """After a change: workers that accept, the length of the accept queue, as the kernel has it."""

    workers: int
    queue: int | None


class Result(msgspec.Struct, frozen=True):
    seen: list[Seen]
    failures: list[int]


def up() -> None:
    """Have loopback in a new network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sH14x", b"lo", _UP))


async def main(state: str, file: str, *texts: str) -> None:
    """Write each text to a file of the kernel, and have NGINX fit; clients ask all the time."""
    up()
    disk, (port,) = disk_at(Path(state)), free_ports(1)
    nginx = nginx_on(disk)
    options = structs.replace(
        on_this_machine(defaults(), BUILD),
        state=str(disk.root),
        worker_user="nobody nogroup" if os.geteuid() == 0 else "",
        bind_addresses=(LOOPBACK,),
        http_port=port,
    )
    seen, live = [], None
    load = Load(Target(port, "any.test"))
    for text in texts:
        Path(file).write_text(text)
        fitting = structs.replace(options, machine=read_machine())
        want = compile_snapshot(Snapshot(), fitting).generation
        warm = warm_generation(want, fitting)
        assert (
            await nginx.apply(plan(live, want) if live else plan_start(want, warm, frozenset())) == Applied()
        )
        if live is None:
            await load.__aenter__()
        live = want
        await load.more(ANSWERS)
        await until(lambda: _alone(nginx), DEADLINE)
        seen.append(Seen(_workers(nginx), _queue(port)))
    await load.__aexit__(None, None, None)
    await nginx.stop(DEADLINE)
    result = Result(seen, [one.status for one in load.failures({NOBODYS})])
    sys.stdout.buffer.write(msgspec.json.encode(result))


def _workers(nginx: Nginx) -> int:
    sight = nginx.sight()
    return len(sight.workers) if sight else 0


def _alone(nginx: Nginx) -> bool:
    """Whether those of the generation before have gone."""
    sight = nginx.sight()
    return sight is not None and len({one.generation for one in sight.workers}) == 1


def _queue(port: int) -> int | None:
    return next(one.limit for one in sockdiag.listening() if one.port == port)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
