"""The composition root: builds the adapters, starts the loop, ends everything in order."""

import asyncio
import datetime as dt
import logging
import math
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

from msgspec import structs

from painless.answering import answering, turns_of
from painless.clock import RealClock
from painless.compiler.options import Machine, Options
from painless.compiler.site import Site
from painless.controller import fitting
from painless.controller.loop import Controller
from painless.controller.outside import Reach
from painless.controller.status import Status
from painless.counting.client import Counting
from painless.discovery.client import Responder
from painless.discovery.outside import is_own
from painless.ending import Ending, Patience
from painless.fallback import read_fallback
from painless.features.log_files import ERROR_LOG
from painless.garbage import keep_collecting, tame
from painless.kernel import cgroup
from painless.kube.answers import Answers
from painless.kube.turns import LeaseTurns
from painless.liveness import PRIVATE, Liveness, answers_on
from painless.machine import WorkerUser, read_container, read_every_address, read_machine, read_worker_user
from painless.nginx.build import Build
from painless.nginx.generation import MAIN
from painless.nginx.spans import Export
from painless.nginxd.accepting import Accepting
from painless.nginxd.accesslog import AccessLog, Writer
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.nginxd.find import find_nginx
from painless.nginxd.probe import Sight
from painless.nginxd.processes import processes
from painless.nginxd.room import Room
from painless.nginxd.runner import Runner
from painless.nginxd.serving import Serving
from painless.observe import logs
from painless.observe.accepting import Accept
from painless.observe.accesslog import AccessLogged
from painless.observe.answers import Answered
from painless.observe.apiserver import ApiServer
from painless.observe.bulkheads import Rejected
from painless.observe.config import Config, Wanted
from painless.observe.generations import Generations
from painless.observe.governor import Governed
from painless.observe.labels import Identity
from painless.observe.machine import Machine as MachineUse
from painless.observe.machine import Processes
from painless.observe.metrics import Metrics, State, by_reason
from painless.observe.served import Served, Serves, serves
from painless.observe.traces import Spans
from painless.observe.turns import Turned
from painless.output import Output
from painless.plan.governor import WAITS
from painless.privacy import keep_to_ourselves
from painless.refused import Refused
from painless.sensitive import Sensitive
from painless.settings import Settings, nginx_variable
from painless.sources import InCluster, changes_of, opened, trusts_loopback, zone_of
from painless.stating import Known, status
from painless.told import Doorman, Told
from painless.traces import Traces
from painless.watching import Watching
from painless.web.admin import serve_admin
from painless.web.health import Check, Pages, serve_health
from painless.web.webhook import serve_webhook


def build_of(settings: Settings) -> Build:
    """Return the NGINX to run; raises ``NginxNotFound`` or ``NginxTooOld``."""
    return find_nginx(settings.nginx, nginx_variable())


def options_of(
    settings: Settings,
    build: Build,
    *,
    state: Path | None,
    machine: Machine,
    user: WorkerUser,
    resolvers: tuple[str, ...],
) -> Options:
    """Return the compiler's options; makes the fallback certificate when there is none.

    Without ``state`` nothing is written: for commands that only look.
    """
    now = dt.datetime.fromtimestamp(time.time(), dt.UTC)
    return Options(
        build=build,
        state=str(state or "/var/lib/painless"),
        fallback_certificate=read_fallback(state, now) if state else Sensitive(b""),
        machine=machine,
        worker_user=user.directive,
        resolvers=resolvers,
        bind_addresses=settings.bind_addresses or read_every_address(),
        http_port=settings.http_port,
        https_port=settings.https_port,
        ingress_class=settings.ingress_class,
        controller_class=settings.controller_class,
        watch_without_class=settings.watch_without_class,
        class_by_name=settings.class_by_name,
        catch_all=settings.catch_all,
        annotations_prefix=settings.annotations_prefix,
        configmap=settings.configmap,
        default_backend=settings.default_backend,
        default_certificate=settings.default_certificate,
        external_names=settings.external_names,
        tcp_services=settings.tcp_services,
        udp_services=settings.udp_services,
        ssl_passthrough=settings.ssl_passthrough,
        allow_snippets=settings.allow_snippets,
        health_port=settings.healthz_port,
        webhook_port=settings.webhook.port if settings.webhook else 0,
        access_log=settings.access_log,
        request_metrics=settings.request_metrics,
    )


async def serve(settings: Settings) -> None:
    """Serve until told to end; NGINX and the responder end with us, but not when we are killed."""
    tame()
    keep_to_ourselves()
    user = read_worker_user()
    async with AsyncExitStack() as stack:
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
        room = room_of(settings, apart=runner is not None)
        log = log_of(settings, disk, nginx)
        # These end after NGINX has: it writes its last lines as it ends.
        stack.push_async_callback(log.finish)
        refused = await stack.enter_async_context(Refused(disk.counted, nginx, RealClock()))
        traces = await stack.enter_async_context(Traces(disk.spans, nginx, RealClock()))
        counting = await stack.enter_async_context(counted(settings, disk.requests, nginx))
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
        outside = Outside(
            nginx=Serving(nginx, disk, adopted, frozenset({settings.http_port, settings.https_port}), room),
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
        )
        await Program(settings, options, outside).run()


def log_of(settings: Settings, disk: Disk, nginx: Nginx) -> AccessLog:
    """Return what carries the access log."""
    # Who has closed it wants nothing of us.
    output = Output(sys.stdout.fileno()) if settings.access_log and sys.stdout else None
    return AccessLog(disk.logs, output, nginx)


def room_of(settings: Settings, *, apart: bool) -> Room:
    """Return the room of old workers; ``apart``: NGINX is in another container."""
    # Of that only its own cgroup counts, which is not ours to see.
    own = () if apart else cgroup.folders("memory")
    return Room(settings.max_generations, settings.generation_memory, own)


@asynccontextmanager
async def counted(settings: Settings, folder: Path, writer: Writer) -> AsyncIterator[Counting | None]:
    """Count requests in a process that ends with the context, if that is wanted."""
    if not settings.request_metrics:
        yield None
        return
    counting = Counting(folder, settings.shown, writer, RealClock())
    try:
        yield counting
    finally:
        await counting.finish()


def adopted(note: str) -> None:
    """Say that an NGINX was taken over, and aloud what is odd about it."""
    logs.event("nginx_adopted", level=logging.WARNING if note else logging.INFO, note=note)


def uncarried(problem: str) -> None:
    """Say what is in the way of the access log, or that nothing is any more."""
    if problem:
        logs.event("access_log_held", level=logging.WARNING, problem=problem)
    else:
        logs.event("access_log_carried")


class Outside(NamedTuple):
    """What serves, where objects come from and who is told; a folder has no cluster, turns or zone."""

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


class Program:
    """The controller with all that runs beside it."""

    def __init__(self, settings: Settings, options: Options, outside: Outside) -> None:
        self._settings = settings
        self._options = options
        self._outside = outside
        cluster, answers, turns = outside.cluster, outside.answers, outside.turns
        self._clock = RealClock()
        state = State(self._generation, self._diagnostics, self._held)
        lines = (ApiServer(cluster.lines),) if cluster else ()
        logged = AccessLogged(outside.log.went)
        self._watching = Watching(outside.accepting, self._main_file, RealClock())
        watched = (Accept(self._watching.seen), MachineUse(self._watching.seen, self._processes))
        spans = Spans(outside.traces.exported, outside.traces.dropped, outside.traces.went)
        config = Config(self._wanted)
        served = Served(self._serves, settings.controller_class)
        namespace, pod = settings.pod or ("", "")
        governed = Governed(lambda: self._controller.picture.governor, WAITS)
        workers = Generations(lambda: self._controller.picture.generations)
        self._metrics = Metrics(
            config,
            *(
                state,
                logged,
                *watched,
                workers,
                governed,
                Rejected(outside.refused.so_far),
                served,
                spans,
                *lines,
            ),
            *((Answered(answers.said),) if answers else ()),
            *((Turned(lambda: turns.counts),) if turns else ()),
            identity=Identity(namespace, settings.controller_class, pod),
        )
        self._told = Told(self._metrics, config, governed, answers)
        self._controller = Controller(
            nginx=outside.nginx,
            responder=outside.responder,
            clock=self._clock,
            options=options,
            listener=self._told,
            reach=Reach(trusts_loopback(settings), is_own, outside.zone),
        )
        self._controller.governing.turns = turns
        if cluster is not None:
            self._controller.admission.counts = cluster.source.counts
            pricing = self._controller.pricing
            pricing.counts, pricing.referred = cluster.source.counts, cluster.source.referred
            # What the API server is given next was created after everything that is there.
            pricing.newest = math.inf

    async def run(self) -> None:
        """Run until told to end."""
        settings, build = self._settings, self._options.build
        logs.event("controller_started", nginx=build.path, why=build.why, state=self._options.state)
        health = serve_health(
            settings.healthz_host,
            settings.healthz_port,
            Pages(
                settings.health_check_path,
                self._alive,
                self._ready,
                self._metrics.page,
                counting.page if (counting := self._outside.counting) else None,
            ),
        )
        webhook = (
            serve_webhook(settings.webhook, self._controller.admission, Doorman(self._metrics))
            if settings.webhook
            else nullcontext()
        )
        admin = serve_admin(settings.state_dir, self._status, self._controller.pricing)
        async with health, webhook, admin:
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._outside.liveness.run())
                    group.create_task(self._watching.run())
                    group.create_task(self._controller.run(changes_of(settings, self._outside.cluster)))
                    if self._outside.cluster is not None:
                        group.create_task(self._outside.cluster.source.run())
                    if self._outside.turns is not None:
                        group.create_task(self._outside.turns.run())
                    group.create_task(self._outside.responder.supervise())
                    group.create_task(keep_collecting())
                    group.create_task(self._watch_machine())
                    group.create_task(self._outside.log.run(uncarried))
                    group.create_task(self._outside.refused.run(self._site, self._told.overloaded))
                    group.create_task(self._outside.traces.run(self._export))
                    if counting := self._outside.counting:
                        group.create_task(counting.run(self._site))
                    group.create_task(self._end(group))
            except* _Stopped:
                pass
        logs.event("controller_stopped")

    async def _watch_machine(self) -> None:
        read, first = self._outside.machine, self._options.machine
        await fitting.watch(read, first, self._clock, self._controller.refit)

    async def _end(self, group: asyncio.TaskGroup) -> None:
        def rest() -> None:
            self._controller.rest()
            if self._outside.answers is not None:
                # NGINX may take minutes; whoever stays must lead meanwhile.
                group.create_task(self._outside.answers.hand_over())

        settings = self._settings
        patience = Patience(settings.shutdown_grace, settings.shutdown_patience, settings.post_shutdown_grace)
        await self._outside.ending.in_order(patience, rest)
        raise _Stopped

    def _diagnostics(self) -> dict[tuple[str, str], int]:
        return by_reason((one.severity, one.reason) for one in self._controller.picture.diagnostics)

    def _site(self) -> Site | None:
        compiled = self._controller.picture.compiled
        return compiled.site if compiled else None

    def _export(self) -> Export | None:
        compiled = self._controller.picture.compiled
        return compiled.traces if compiled else None

    def _generation(self) -> str:
        live = self._controller.picture.live
        return live.id if live else ""

    def _wanted(self) -> Wanted:
        compiled = self._controller.picture.compiled
        return Wanted(self._generation(), compiled.generation.id if compiled else "")

    def _serves(self) -> Serves:
        answers, outside = self._outside.answers, self._outside
        leads = answers is None or not answers.said().lease or answers.said().leads
        return serves(self._controller.picture.compiled, outside.responder.without_pods(), leads=leads)

    def _processes(self) -> Processes | None:
        sight = self._outside.sight()
        return processes(sight.master if sight else None)

    def _main_file(self) -> str:
        live = self._controller.picture.live
        return live.cold.get(MAIN, "") if live else ""

    def _alive(self) -> Iterable[Check]:
        # Nothing that ends in order has to be ended.
        return (Check("ending"),) if self._outside.ending.began else self._outside.liveness.alive()

    def _ready(self) -> Iterable[Check]:
        yield Check("ending", "it ends" if self._outside.ending.began else "")
        yield Check("generation", "" if self._controller.picture.ready else "no generation serves yet")

    async def _status(self) -> Status:
        missing = "; ".join(one.problem for one in self._ready() if one.problem)
        picture, told = self._controller.picture, self._told
        budget = await self._outside.nginx.budget(picture.generations)
        turns = self._outside.turns.standing() if self._outside.turns else None
        known = Known(missing, picture, budget, self._watching.seen(), told.loads, told.decisions, turns)
        return status(self._options, known)

    def _held(self) -> dict[str, int]:
        picture = self._controller.picture
        return {"earlier": picture.held_earlier, "nothing": picture.held_out}


class _Stopped(BaseException):
    """Ends the task group; it is no error."""
