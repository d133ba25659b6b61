"""A generation that stands still: what the compiler wrote, with fixed addresses in place of names to resolve.

So NGINX serves it without a responder, and what is measured is the text alone: what it costs to load, to hold
and to route by.
"""

import datetime as dt
import re
import time
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, structs

from bench.running import BenchError
from bench.static import StaticNginx
from painless.compiler import compile_snapshot
from painless.compiler.options import Options
from painless.demo.ports import LOOPBACK, free_ports
from painless.fallback import read_fallback
from painless.machine import read_machine, read_worker_user
from painless.model.objects import Object
from painless.model.snapshot import snapshot_of
from painless.nginx.generation import MAIN, UPSTREAMS, Generation
from painless.nginxd.disk import Disk
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

_RESOLVED = re.compile(r"server \S+\.painless(?::\d+)?(?: service=\S+)? resolve")


class Still(Struct, frozen=True):
    """A state directory that NGINX can be started on, and what is in it."""

    state: Path
    port: int
    generation: Generation

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The upstreams, in the order of the file."""
        return tuple(re.findall(r"^upstream (\S+) ", self.generation.cold[UPSTREAMS], re.MULTILINE))

    def nginx(self, core: int | None) -> StaticNginx:
        binary = find_nginx("", nginx_variable()).path
        return StaticNginx(binary, self.state, self.state / "current" / MAIN, core)


def still(
    state: Path,
    objects: Iterable[Object],
    pod: tuple[str, int],
    *,
    workers: int = 1,
) -> Still:
    """Compile ``objects`` and lay them out in ``state``; ``pod`` answers for all Services."""
    http, https = free_ports(2)
    user = read_worker_user()
    with Disk(state, user.uid, user.gid) as disk:
        options = Options(
            build=find_nginx("", nginx_variable()),
            state=str(disk.root),
            fallback_certificate=read_fallback(disk.root, dt.datetime.fromtimestamp(time.time(), dt.UTC)),
            machine=structs.replace(read_machine(), cpus=workers, quota=None),
            worker_user=user.directive,
            bind_addresses=(LOOPBACK,),
            http_port=http,
            https_port=https,
        )
        generation = fixed(compile_snapshot(snapshot_of(objects), options).generation, pod)
        disk.stage(generation)
        for path, content in generation.hot.items():
            disk.put_hot(path, content)
        disk.switch(generation.id)
        return Still(disk.root, http, generation)


def fixed(generation: Generation, pod: tuple[str, int]) -> Generation:
    """Return the generation with ``pod`` as the only peer of every upstream."""
    address, port = pod
    text, count = _RESOLVED.subn(f"server {address}:{port}", generation.cold[UPSTREAMS])
    if count != len(generation.upstreams):
        raise BenchError(f"found {count} servers to resolve, expected {len(generation.upstreams)}")
    return structs.replace(generation, cold={**generation.cold, UPSTREAMS: text})
