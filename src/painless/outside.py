"""Opens what serves, where objects come from and who is told, in the order in which it has to end."""

import logging
import math
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from painless.answering import answering, turns_of
from painless.clock import RealClock
from painless.compiler.options import Machine, Options
from painless.counting.client import Counting
from painless.discovery.client import Responder
from painless.ending import Ending
from painless.features.log_files import ERROR_LOG
from painless.following import Following, export_to
from painless.kernel import cgroup
from painless.kube.answers import Answers
from painless.kube.turns import LeaseTurns
from painless.liveness import PRIVATE, Liveness, answers_on
from painless.machine import read_container, read_machine, read_worker_user
from painless.nginxd.accepting import Accepting
from painless.nginxd.accesslog import AccessLog, Writer
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.nginxd.probe import Sight
from painless.nginxd.room import Room
from painless.nginxd.runner import Runner
from painless.nginxd.serving import Serving
from painless.observe import logs
from painless.output import Output
from painless.refused import Refused
from painless.settings import Settings
from painless.sources import InCluster, opened, trusts_loopback, zone_of
from painless.startup import build_of, options_of
from painless.traces import Traces


class Outside(NamedTuple):
    """What serves, where objects come from and who is told; a folder has no cluster, turns or zone."""

    options: Options
    nginx: Serving
    responder: Responder
    cluster: InCluster | None
    answers: Answers | None
    turns: LeaseTurns | None
    ending: Ending
    zone: str
    log: AccessLog
    refused: Refused
    traces: Traces
    counting: Counting | None
    liveness: Liveness
    accepting: Accepting
    sight: Callable[[], Sight | None]
    machine: Callable[[], Machine]
    following: Following


async def open_outside(settings: Settings, stack: AsyncExitStack) -> Outside:
    """Return all of it; what was opened ends with the stack, but not when we are killed."""
    user = read_worker_user()
    runner = Runner(settings.nginx_runner) if settings.nginx_runner else None
    build = await runner.build() if runner else build_of(settings)
    cluster = await stack.enter_async_context(opened(settings))
    # Ends after NGINX has: a status is taken back when nobody is served any more.
    answers = await stack.enter_async_context(answering(settings, cluster))
    disk = stack.enter_context(Disk(settings.state_dir, user.uid, user.gid))
    responder = await Responder.open(
        disk.root, nameservers=settings.nameservers, allow_loopback=trusts_loopback(settings)
    )
    stack.push_async_callback(responder.stop)

    async def resolved(upstreams: frozenset[str]) -> None:
        if nginx.has_two:
            # The other one asks for the same names.
            await responder.wait_taken(upstreams, since=nginx.told_at)
            return
        # An NGINX that was started again has no peers, whatever the one before it has asked for.
        await responder.wait_answered(upstreams, since=nginx.told_at, within=math.inf)

    nginx = Nginx(build, disk, resolved, runner)
    following = Following(export_to(settings.own_spans), RealClock())
    nginx.stepped = following.step
    room = _room_of(settings, apart=runner is not None)
    log = _log_of(settings, disk, nginx)
    # These end after NGINX has: it writes its last lines as it ends.
    stack.push_async_callback(log.finish)
    refused = await stack.enter_async_context(Refused(disk.counted, nginx, RealClock()))
    traces = await stack.enter_async_context(Traces(disk.spans, nginx, RealClock()))
    counting = await stack.enter_async_context(_counted(settings, disk.requests, nginx))
    stack.push_async_callback(nginx.stop, settings.shutdown_patience)
    read = partial(read_container, runner.machine) if runner else read_machine
    options = options_of(
        settings,
        build,
        state=disk.root,
        machine=read(),
        user=user,
        resolvers=responder.resolver_addresses,
    )
    if cluster is not None:
        options = structs.replace(options, read_classes=cluster.source.reads_classes)
    return Outside(
        options=options,
        nginx=Serving(nginx, disk, _adopted, frozenset({settings.http_port, settings.https_port}), room),
        responder=responder,
        cluster=cluster,
        answers=answers,
        turns=turns_of(settings, cluster),
        ending=Ending(nginx),
        zone=await zone_of(settings, cluster),
        log=log,
        refused=refused,
        traces=traces,
        counting=counting,
        liveness=Liveness(
            nginx, partial(answers_on, disk.run / PRIVATE), RealClock(), apart=runner is not None
        ),
        accepting=Accepting(nginx.sight, disk.logs / ERROR_LOG),
        sight=nginx.sight,
        machine=read,
        following=following,
    )


def _log_of(settings: Settings, disk: Disk, nginx: Nginx) -> AccessLog:
    """Return what carries the access log."""
    # Who has closed it wants nothing of us.
    output = Output(sys.stdout.fileno()) if settings.access_log and sys.stdout else None
    return AccessLog(disk.logs, output, nginx)


def _room_of(settings: Settings, *, apart: bool) -> Room:
    """Return the room of old workers; ``apart``: NGINX is in another container."""
    # Of that only its own cgroup counts, which is not ours to see.
    own = () if apart else cgroup.folders("memory")
    return Room(settings.max_generations, settings.generation_memory, own)


@asynccontextmanager
async def _counted(settings: Settings, folder: Path, writer: Writer) -> AsyncIterator[Counting | None]:
    """Count requests in a process that ends with the context, if that is wanted."""
    if not settings.request_metrics:
        yield None
        return
    counting = Counting(folder, settings.shown, writer, RealClock())
    try:
        yield counting
    finally:
        await counting.finish()


def _adopted(note: str) -> None:
    """Say that an NGINX was taken over, and aloud what is odd about it."""
    logs.event("nginx_adopted", level=logging.WARNING if note else logging.INFO, note=note)
