"""The composition root: builds the adapters, starts the loop, ends everything in order."""

import asyncio
import datetime as dt
import logging
import math
import time
import traceback
from collections.abc import Iterable
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path

from painless.compiler.options import Machine, Options
from painless.controller.loop import Controller
from painless.controller.ports import WorldError
from painless.discovery.client import Responder
from painless.ending import Ending, Patience
from painless.fallback import read_fallback
from painless.folder.source import FolderSource
from painless.garbage import keep_collecting, tame
from painless.machine import WorkerUser, read_container, read_every_address, read_machine, read_worker_user
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Ingress
from painless.nginx.build import Build
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.nginxd.find import find_nginx
from painless.nginxd.runner import Runner
from painless.nginxd.serving import Serving
from painless.observe import logs
from painless.observe.metrics import Metrics, State, by_reason
from painless.plan.changes import Change, first_label
from painless.sensitive import Sensitive
from painless.settings import Settings, nginx_variable
from painless.web.health import serve_health
from painless.web.webhook import Reviewed, serve_webhook

_SHOWN_REASONS = 20  # Reasons of one reload in one log line.


_SHOWN_FINDINGS = (
    100  # Findings of one change in the log: a class that is removed makes one for each Ingress.
)


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Told:
    """What the loop says, as metrics and logs."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def reloaded(self, generation: str, reasons: tuple[Change, ...], count: int) -> None:
        self._metrics.reloaded(first_label(reasons), count)
        shown = [str(one) for one in reasons[:_SHOWN_REASONS]]
        logs.event(
            "generation_applied", id=generation, reloads=count, reasons=shown, more=len(reasons) - len(shown)
        )

    def applied_live(self, generation: str) -> None:
        logs.event("hot_files_written", id=generation)

    def confirmed(self, ingresses: tuple[Ingress, ...]) -> None:
        """Say nothing: what was applied is said already."""

    def endpoints_updated(self, upstreams: int) -> None:
        self._metrics.endpoints_updated(upstreams)
        logs.event("endpoints_updated", level=logging.DEBUG, upstreams=upstreams)

    def refused(self, output: str, about: str) -> None:
        self._metrics.refused()
        logs.event("generation_refused", level=logging.ERROR, about=about, nginx=output)

    def failed(self, problem: Exception, retry_in: float) -> None:
        self._metrics.failed()
        ours = () if isinstance(problem, WorldError) else traceback.format_exception(problem)
        logs.event(
            "round_failed",
            level=logging.ERROR,
            problem=str(problem),
            retry_in=retry_in,
            traceback="".join(ours),
        )

    def nginx_gone(self) -> None:
        logs.event("nginx_ended", level=logging.ERROR, then="it is started again")

    def diagnosed(self, new: Iterable[Diagnostic], gone: Iterable[Diagnostic]) -> None:
        _say_each("diagnostic_found", logging.WARNING, new)
        _say_each("diagnostic_resolved", logging.INFO, gone)


class Doorman:
    """What the webhook says, as metrics and logs."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def reviewed(self, one: Reviewed) -> None:
        allowed = not one.verdict.refusals
        self._metrics.reviewed(one.verdict.compared, one.judged, one.answered, allowed=allowed)
        if not allowed:
            logs.event("ingress_refused", about=one.about, says=one.verdict.message)

    def unanswered(self, says: str) -> None:
        self._metrics.unanswered()
        # Anybody who finds the port can cause it, as often as they like.
        logs.event("review_unanswered", level=logging.DEBUG, says=says)

    def certificate(self, problem: str) -> None:
        if problem:
            logs.event("webhook_certificate_kept", level=logging.ERROR, problem=problem)
        else:
            logs.event("webhook_certificate_read")


def _say_each(event: str, level: int, some: Iterable[Diagnostic]) -> None:
    ordered = sorted(some)
    for one in ordered[:_SHOWN_FINDINGS]:
        logs.event(event, level=level, says=str(one))
    if len(ordered) > _SHOWN_FINDINGS:
        logs.event(event, level=level, says=f"and {len(ordered) - _SHOWN_FINDINGS} more, which lint shows")


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
    )


async def serve(settings: Settings) -> None:
    """Serve until told to end; NGINX and the responder end with us, but not when we are killed."""
    tame()
    user = read_worker_user()
    async with AsyncExitStack() as stack:
        runner = Runner(settings.nginx_runner) if settings.nginx_runner else None
        build = await runner.build() if runner else build_of(settings)
        disk = stack.enter_context(Disk(settings.state_dir, user.uid, user.gid))
        responder = await Responder.open(disk.root, nameservers=settings.nameservers, allow_loopback=True)
        stack.push_async_callback(responder.stop)

        async def resolved(upstreams: frozenset[str]) -> None:
            # An NGINX that was started again has no peers, whatever the one before it has asked for.
            await responder.wait_answered(upstreams, since=nginx.told_at, within=math.inf)

        nginx = Nginx(build, disk, resolved, runner)
        stack.push_async_callback(nginx.stop, settings.shutdown_patience)
        options = options_of(
            settings,
            build,
            state=disk.root,
            machine=read_container(runner.machine) if runner else read_machine(),
            user=user,
            resolvers=responder.resolver_addresses,
        )
        await _run(settings, Serving(nginx, disk), responder, options, Ending(nginx))


async def _run(
    settings: Settings, nginx: Serving, responder: Responder, options: Options, ending: Ending
) -> None:
    def diagnostics() -> dict[tuple[str, str], int]:
        return by_reason((one.severity, one.reason) for one in controller.picture.diagnostics)

    def generation() -> str:
        return controller.picture.live.id if controller.picture.live else ""

    def missing() -> str:
        if ending.began:
            return "it ends"
        return "" if controller.picture.ready else "no generation serves yet"

    def held() -> dict[str, int]:
        picture = controller.picture
        return {"earlier": picture.held_earlier, "nothing": picture.held_out}

    metrics = Metrics(State(generation, diagnostics, held))
    controller = Controller(
        nginx=nginx,
        responder=responder,
        clock=RealClock(),
        options=options,
        listener=Told(metrics),
        allow_loopback=True,
    )
    logs.event("controller_started", nginx=options.build.path, why=options.build.why, state=options.state)
    health = serve_health(
        settings.healthz_host,
        settings.healthz_port,
        settings.health_check_path,
        missing,
        metrics.page,
    )
    patience = Patience(settings.shutdown_grace, settings.shutdown_patience, settings.post_shutdown_grace)
    webhook = (
        serve_webhook(settings.webhook, controller.admission, Doorman(metrics))
        if settings.webhook
        else nullcontext()
    )
    async with health, webhook:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(controller.run(FolderSource(settings.source).changes()))
                group.create_task(responder.supervise())
                group.create_task(keep_collecting())
                group.create_task(_end(ending, patience, controller))
        except* _Stopped:
            pass
    logs.event("controller_stopped")


class _Stopped(BaseException):
    """Ends the task group; it is no error."""


async def _end(ending: Ending, patience: Patience, controller: Controller) -> None:
    await ending.in_order(patience, controller.rest)
    raise _Stopped
