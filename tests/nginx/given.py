"""Small generations for a real NGINX, and a client that asks which of them answers."""

import asyncio
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from painless.demo.ports import free_ports
from painless.nginx.build import Build
from painless.nginx.generation import Generation
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.nginxd.find import find_nginx
from painless.plan.steps import Await, Reload, Stage, Start, Step, Switch, Verify

BUILD: Build = find_nginx()
NOBODY = 65534
DEADLINE = 10.0
"""Seconds for a condition that holds within milliseconds on a free machine."""

MAIN = """\
daemon on;
worker_processes {workers};
{user}
pid {state}/run/nginx.pid;
events {{ worker_connections 512; }}
http {{
    access_log off;
    keepalive_min_timeout 5s;
    client_body_temp_path {state}/tmp/body; proxy_temp_path {state}/tmp/proxy;
    fastcgi_temp_path {state}/tmp/fastcgi; uwsgi_temp_path {state}/tmp/uwsgi; scgi_temp_path {state}/tmp/scgi;
    server {{
        listen unix:{state}/run/private.sock;
        include generation.conf;
    }}
    include sites.conf;
}}
"""

SITES = """\
server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "{says}"; }}
    {server}
}}
{http}
"""


def disk_at(state: Path) -> Disk:
    """Open the state directory as the program does: workers are somebody else when we are root."""
    return Disk(state, NOBODY, NOBODY) if os.geteuid() == 0 else Disk(state)


async def nobody_asks(_: frozenset[str]) -> None:
    """Stand for the responder where no upstream is resolved."""


def nginx_on(disk: Disk) -> Nginx:
    return Nginx(BUILD, disk, nobody_asks)


def generation(
    state: Path, port: int, says: str, *, server: str = "", http: str = "", workers: int = 2
) -> Generation:
    """Return a generation whose site answers ``says``; its id is made of its text."""
    user = "user nobody nogroup;" if os.geteuid() == 0 else ""
    cold = {
        "nginx.conf": MAIN.format(state=state, user=user, workers=workers),
        "sites.conf": SITES.format(port=port, says=says, server=server, http=http),
    }
    digest = hashlib.sha256("".join(cold.values()).encode()).hexdigest()
    return Generation(id=digest[:12], cold=cold)


def starting(want: Generation) -> tuple[Step, ...]:
    return (Stage(want), Verify(want.id), Switch(want.id), Start(), Await(want.id))


def reloading(want: Generation) -> tuple[Step, ...]:
    return (Stage(want), Verify(want.id), Switch(want.id), Reload(), Await(want.id))


def free_port() -> int:
    return free_ports(1)[0]


async def answer(port: int, path: str = "/", headers: Iterable[str] = ()) -> str:
    """Return the body of one request on a connection of its own; raises when there is no answer."""
    async with asyncio.timeout(DEADLINE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            lines = (f"GET {path} HTTP/1.1", "Host: any.test", "Connection: close", *headers, "", "")
            writer.write("\r\n".join(lines).encode())
            text = (await reader.read()).decode()
        finally:
            writer.close()
            await writer.wait_closed()
    head, found, body = text.partition("\r\n\r\n")
    if not found:
        raise ConnectionError(f"no whole answer: {text!r}")
    return body if head.startswith("HTTP/1.1 200 ") else head.split(" ")[1]
