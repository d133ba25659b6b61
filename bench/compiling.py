"""One measurement of the compiler in a process of its own: ``python -m bench.compiling whole|stages COUNT``.

A fresh process has empty caches and an honest peak of memory.  It prints one line of JSON for bench.compile.
"""

import resource
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Struct

from bench import cluster
from painless.compiler import compile_snapshot
from painless.compiler.claim import claim
from painless.compiler.lower import lower
from painless.compiler.lower_upstreams import lower_upstreams
from painless.compiler.merge import merge
from painless.compiler.options import Options
from painless.features import parse, parse_config
from painless.model.objects import Ingress
from painless.model.snapshot import snapshot_of
from painless.nginx.printer import printed
from painless.nginxd.find import find_nginx
from painless.sensitive import Sensitive
from painless.settings import nginx_variable

_KIB = 1024
T = TypeVar("T")


class Whole(Struct, frozen=True, kw_only=True):
    """A first compile, and one more after an Ingress was added; memory in MiB."""

    full: float
    full_cpu: float
    more: float
    more_cpu: float
    objects_memory: float
    peak_memory: float
    size: int
    lines: int


def whole(count: int) -> Whole:
    objects = tuple(cluster.objects(count))
    options = _options()
    memory = _peak()
    began, used = time.perf_counter(), time.process_time()
    compiled = compile_snapshot(snapshot_of(objects), options)
    full, full_cpu = time.perf_counter() - began, time.process_time() - used
    # What served before is still held while the next one is compiled, as the controller has it.
    objects = (*objects, *cluster.application(count))
    began, used = time.perf_counter(), time.process_time()
    after = compile_snapshot(snapshot_of(objects), options)
    more, more_cpu = time.perf_counter() - began, time.process_time() - used
    assert after.generation.id != compiled.generation.id, "one more Ingress changes the files"
    texts = compiled.generation.cold.values()
    return Whole(
        full=full,
        full_cpu=full_cpu,
        more=more,
        more_cpu=more_cpu,
        objects_memory=memory,
        peak_memory=_peak(),
        size=sum(len(text) for text in texts),
        lines=sum(text.count("\n") for text in texts),
    )


def stages(count: int) -> dict[str, float]:
    """Return the seconds of each stage of a first compile, called as ``compile_snapshot`` calls them."""
    objects = tuple(cluster.objects(count))
    options = _options()
    spent: dict[str, float] = {}

    def timed(name: str, stage: Callable[[], T]) -> T:
        began = time.perf_counter()
        found = stage()
        spent[name] = time.perf_counter() - began
        return found

    snapshot = timed("snapshot", lambda: snapshot_of(objects))
    config, _ = parse_config(None)
    ours, _ = claim(snapshot, options)
    prefix = options.annotations_prefix
    parsed = timed("parse", lambda: tuple((one, parse(one, prefix, config)) for one in ours))
    neutral = parse(Ingress("", ""), prefix, config)
    site, *_ = timed("merge", lambda: merge(snapshot, options, parsed, neutral))
    trees = timed("lower", lambda: (lower(site, options, config), lower_upstreams(site.upstreams)))
    timed("print", lambda: tuple(printed(tree) for tree in trees))
    return spent


def _options() -> Options:
    build = find_nginx("", nginx_variable())
    return Options(build=build, state="/var/lib/painless", fallback_certificate=Sensitive(b""))


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB


if __name__ == "__main__":
    _, what, size = sys.argv
    found = {"whole": whole, "stages": stages}[what](int(size))
    sys.stdout.buffer.write(msgspec.json.encode(found))
