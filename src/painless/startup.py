"""What every command that compiles begins with: the NGINX it is for, and the compiler's options."""

import datetime as dt
import time
from pathlib import Path

from painless.compiler.options import Machine, Options
from painless.fallback import read_fallback
from painless.machine import WorkerUser, read_every_address
from painless.nginx.build import Build
from painless.nginxd.find import find_nginx
from painless.sensitive import Sensitive
from painless.settings import Settings, nginx_variable


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
        admin_port=settings.admin.port if settings.admin else 0,
        access_log=settings.access_log,
        request_metrics=settings.request_metrics,
    )
