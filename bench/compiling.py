"""One measurement of the compiler in a process of its own: ``python -m bench.compiling COUNT LAYOUT``.

A fresh process has empty caches and an honest peak of memory.  It prints one line of JSON for bench.compile.
"""

import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct

from bench import cluster
from bench.cluster import Layout
from painless.compiler import Compiled, compile_snapshot
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.compiler.site import Upstream
from painless.controller.inbox import Inbox
from painless.discovery import control
from painless.discovery.zone import answer
from painless.model.objects import EndpointSlice, Object
from painless.model.snapshot import Name
from painless.nginxd.find import find_nginx
from painless.sensitive import Sensitive
from painless.settings import nginx_variable

CHANGES = 1000  # Of endpoints: one takes microseconds.
_KIB = 1024
T = TypeVar("T")


class Cost(Struct, frozen=True):
    """Seconds that something took: of the clock, and of processor time."""

    wall: float
    cpu: float


class Whole(Struct, frozen=True, kw_only=True):
    """A first compile, one after an Ingress was added, and one changed endpoint; memory in MiB."""

    full: Cost
    more: Cost
    endpoint: Cost
    objects_memory: float
    peak_memory: float
    size: int
    lines: int


class Cluster:
    """What the controller does with objects, but for the world around it: the only place that knows how."""

    def __init__(self) -> None:
        self._options = _options()
        self._memory = Memory()
        self._inbox = Inbox()
        self._upstreams: dict[Name, list[Upstream]] = {}

    def compile(self, objects: Iterable[Object]) -> Compiled:
        """Take these objects and compile what is there now."""
        self._inbox.take(objects, ())
        compiled = compile_snapshot(self._inbox.taken().snapshot(), self._options, self._memory)
        self._upstreams = {}
        for one in compiled.site.upstreams:
            self._upstreams.setdefault((one.namespace, one.service), []).append(one)
        return compiled

    def change(self, slices: EndpointSlice) -> bytes:
        """Take changed endpoints and return the message for the responder."""
        touched = self._inbox.take((slices,), ())
        assert not touched.routing, "a pod that comes or goes is not compiled"
        answers = [
            answer(one, self._inbox.slices(name), allow_loopback=True)[0]
            for name in touched.services
            for one in self._upstreams[name]
        ]
        return control.frame(control.Put(tuple(answers)))


def whole(count: int, layout: Layout) -> Whole:
    objects = tuple(cluster.objects(count, layout))
    one_more = cluster.application(count, layout)
    some = Cluster()
    memory = _peak()
    compiled, full = _timed(lambda: some.compile(objects))
    # What served before is still held while the next one is compiled, as the controller has it.
    after, more = _timed(lambda: some.compile(one_more))
    assert after.generation.id != compiled.generation.id, "one more Ingress changes the files"
    peak = _peak()
    _, endpoints = _timed(lambda: _change(some, count, layout))
    texts = compiled.generation.cold.values()
    return Whole(
        full=full,
        more=more,
        endpoint=Cost(endpoints.wall / CHANGES, endpoints.cpu / CHANGES),
        objects_memory=memory,
        peak_memory=peak,
        size=sum(len(text.encode()) for text in texts),
        lines=sum(text.count("\n") for text in texts),
    )


def _change(some: Cluster, count: int, layout: Layout) -> None:
    for at in range(CHANGES):
        number = at % count
        service = cluster.services(number, layout)[0]
        some.change(cluster.endpoint_slice(cluster.team(number), service, f"10.200.{at >> 8}.{at & 255}"))


def _timed(work: Callable[[], T]) -> tuple[T, Cost]:
    began, used = time.perf_counter(), time.process_time()
    found = work()
    return found, Cost(time.perf_counter() - began, time.process_time() - used)


def _options() -> Options:
    build = find_nginx("", nginx_variable())
    return Options(build=build, state="/var/lib/painless", fallback_certificate=Sensitive(b""))


def _peak() -> float:
    # Not getrusage: its peak includes that of whoever started this process.
    found = re.search(r"^VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None, "every process has a peak"
    return int(found[1]) / _KIB


if __name__ == "__main__":
    _, size, layout_name = sys.argv
    sys.stdout.buffer.write(msgspec.json.encode(whole(int(size), Layout[layout_name])))
