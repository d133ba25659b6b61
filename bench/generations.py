"""What old generations cost in memory: ours beside a configuration of ingress-nginx's shape, on one NGINX.

The other one is written here from what is known of it, on the side of too little: for each host a server
with four listeners and two locations for each path but ``/``; in each location 18 variables are set, 13
headers and some 20 settings of the proxy.  Names are made up, nothing of it speaks TLS, and there is one
upstream for all, as it is with a balancer in Lua.  Ours has certificates for a quarter of its hosts and
annotations for another.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from bench import cluster, held
from bench.figures import Row, Run, least
from bench.machine import memory_mib
from bench.running import BenchError, folder
from bench.static import StaticNginx, written
from bench.still import still
from painless.demo.ports import free_ports
from painless.nginxd import procfs
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

SIZES = (3_000,)
OLD = 4
"""Old generations, each of them held by one WebSocket."""
WORKERS = 2
POD = "127.0.0.9"
HOST = 2
"""The application that is asked: one without annotations and without TLS."""
LOADED_WITHIN = 60.0  # Seconds until old workers drain and new ones serve; 3,000 of their hosts take 2.
LOOK_AGAIN = 0.02

MAIN = """
@USER@
worker_processes 2;
pid @HOME@/nginx.pid;
error_log @HOME@/error.log notice;
worker_shutdown_timeout 240s;
events { multi_accept on; worker_connections 16384; }
http {
    access_log off;
    server_names_hash_max_size 8192;
    server_names_hash_bucket_size 128;
    variables_hash_bucket_size 256;
    variables_hash_max_size 2048;
    client_body_temp_path @HOME@/tmp-client-body;
    proxy_temp_path @HOME@/tmp-proxy;
    fastcgi_temp_path @HOME@/tmp-fastcgi;
    uwsgi_temp_path @HOME@/tmp-uwsgi;
    scgi_temp_path @HOME@/tmp-scgi;
    map $http_upgrade $connection_upgrade { default upgrade; '' close; }
    upstream balancer { server @POD@; keepalive 320; }
    include servers.conf;
}
"""

_HEADERS = (
    "Host $host",
    "Upgrade $http_upgrade",
    "Connection $connection_upgrade",
    "X-Request-ID $request_id",
    "X-Real-IP $remote_addr",
    "X-Forwarded-For $remote_addr",
    "X-Forwarded-Host $host",
    "X-Forwarded-Port $server_port",
    "X-Forwarded-Proto $scheme",
    "X-Forwarded-Scheme $scheme",
    "X-Scheme $scheme",
    "X-Original-Forwarded-For $http_x_forwarded_for",
    'Proxy ""',
)
_PROXY = (
    "port_in_redirect off",
    "client_max_body_size 1m",
    "proxy_connect_timeout 5s",
    "proxy_send_timeout 60s",
    "proxy_read_timeout 60s",
    "proxy_buffering off",
    "proxy_buffer_size 4k",
    "proxy_buffers 4 4k",
    "proxy_max_temp_file_size 1024m",
    "proxy_request_buffering on",
    "proxy_http_version 1.1",
    "proxy_cookie_domain off",
    "proxy_cookie_path off",
    "proxy_next_upstream error timeout",
    "proxy_next_upstream_timeout 0",
    "proxy_next_upstream_tries 3",
    "proxy_pass http://balancer",
    "proxy_redirect off",
)
_NAMES = ("namespace", "ingress", "service", "service_port", "location", "upstream")
"""Variables that differ between locations."""
_SWITCHES = tuple(f"switch_{at}" for at in range(12))
"""Variables that are the same in all, those included that stand for a block of Lua each."""
_LISTEN = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")


def measure(run: Run) -> tuple[Row, ...]:
    return tuple(asyncio.run(_measured(run, size)) for size in run.sizes or SIZES)


async def _measured(run: Run, size: int) -> Row:
    binary = find_nginx("", nginx_variable()).path
    async with AsyncExitStack() as stack:
        home = stack.enter_context(folder())
        pod = await stack.enter_async_context(held.pod(POD))
        run.say(f"generations: {size:,} Ingresses: ours")
        objects = tuple(cluster.objects(size))
        one = still(home / "ours", objects, (POD, pod), workers=WORKERS)
        ours = await _piled(one.nginx(None), one.port)
        run.say(f"generations: {size:,} Ingresses: the other one")
        [port] = free_ports(1)
        other = written(binary, home / "other", MAIN, {"POD": f"{POD}:{pod}"}, None)
        lines = _write(home / "other", size, port)
        theirs = await _piled(other, port)
    return Row(
        what=f"{size:,} Ingresses, {OLD} old generations: memory of NGINX, ingress-nginx's shape / ours",
        values=(theirs[1] / ours[1],),
        unit="ratio",
        goals=(least(5),) if size in SIZES else (),
        beside=(
            f"{theirs[1]:,.0f} / {ours[1]:,.0f} MiB; without old ones {theirs[0]:,.0f} / {ours[0]:,.0f} MiB; "
            f"{lines:,} / {sum(text.count(chr(10)) for text in one.generation.cold.values()):,} lines"
        ),
    )


async def _piled(nginx: StaticNginx, port: int) -> tuple[float, float]:
    """Return the memory at the start, and with old generations that one connection holds each."""
    async with AsyncExitStack() as stack:
        stack.enter_context(nginx)
        first = memory_mib(nginx.processes)
        for at in range(OLD):
            await stack.enter_async_context(held.clients(port, cluster.host(HOST), 1))
            before = nginx.workers
            nginx.reload()
            await _settled(nginx, frozenset(before), WORKERS + at + 1)
        return first, memory_mib(nginx.processes)


async def _settled(nginx: StaticNginx, before: frozenset[int], expected: int) -> None:
    """Wait until new workers serve and those are gone that nobody holds."""
    deadline = time.monotonic() + LOADED_WITHIN
    while time.monotonic() < deadline:
        workers = nginx.workers
        serve = [pid for pid in workers if pid not in before and procfs.title(pid) == procfs.WORKER]
        if (len(serve), len(workers)) == (WORKERS, expected):
            return
        await asyncio.sleep(LOOK_AGAIN)
    raise BenchError(f"expected {expected} workers after a reload, found {len(nginx.workers)}")


def servers(size: int, port: int) -> Iterator[str]:
    """Yield the servers, one host each."""
    for number in range(size):
        yield from _server(number, port)


def _server(number: int, port: int) -> Iterator[str]:
    yield "server {"
    yield f"    server_name {cluster.host(number)};"
    for address in _LISTEN:
        yield f"    listen {address}:{port};"
    yield '    set $proxy_upstream_name "-";'
    for path in cluster.PATHS:
        for place in (f"= {path}", f"{path}/") if path != "/" else ("/",):
            yield from _location(number, path, place)
    yield "}"


def _location(number: int, path: str, place: str) -> Iterator[str]:
    service = f"app-{number}{path.replace('/', '-')}"
    values = (
        cluster.team(number),
        f"app-{number}",
        service,
        "80",
        path,
        f"{cluster.team(number)}-{service}-80",
    )
    yield f"    location {place} {{"
    yield from (f'        set ${name} "{value}";' for name, value in zip(_NAMES, values, strict=True))
    yield from (f'        set ${name} "{at}";' for at, name in enumerate(_SWITCHES))
    yield from (f"        proxy_set_header {one};" for one in _HEADERS)
    yield from (f"        {one};" for one in _PROXY)
    yield "    }"


def _write(home: Path, size: int, port: int) -> int:
    lines = list(servers(size, port))
    (home / "servers.conf").write_text("\n".join(lines))
    return len(lines)
