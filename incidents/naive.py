"""An ingress controller of 2017, as far as the outages need one: it writes a file and has NGINX load it.

Addresses of pods stand in the file, upstreams and servers in the order in which a map gave them, and a text
that differs from the last one is a reload.  The settings are in ``naive.conf``.
"""

import os
import random
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.static import StaticNginx
from tests.front.clients import ask, until

from incidents import workers
from painless.demo.ports import LOOPBACK, free_ports
from painless.machine import read_worker_user
from painless.nginx.build import Build
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

OK = 200
STARTED = 20.0  # Seconds until NGINX answers: a fraction of one on a free machine.
CONF = Path(__file__).with_name("naive.conf")
DEFAULTS = {"WORKERS": "auto", "CONNECTIONS": "16384"}  # What ingress controllers of 2017 wrote.

Services = Mapping[str, Sequence[str]]
"""The addresses of each Service's pods; a Service ``web`` has the host ``web.example``."""


def build() -> Build:
    return find_nginx("", nginx_variable())


class Naive:
    """The controller and its NGINX, while it is entered; all pods listen on ``pod_port``."""

    def __init__(
        self,
        home: Path,
        services: Services,
        pod_port: int,
        *,
        within: tuple[str, ...] = (),
        paths: Iterable[str] = ("/",),
        **words: str,
    ) -> None:
        self.home = home
        [self.port] = free_ports(1)
        self._services = dict(services)
        self._pod_port = pod_port
        self._reloads = 0
        self._paths = tuple(paths)
        user = read_worker_user().directive
        own = {"HOME": str(home), "USER": f"user {user};" if user else "", "PORT": str(self.port)}
        self._words = {**DEFAULTS, **own, **words}
        self._file = home / "nginx.conf"
        self._order = random.Random(1)  # As arbitrary as a map's, and the same in every run.
        self._nginx = StaticNginx(build().path, home, self._file, None, within)

    async def __aenter__(self) -> Self:
        self._file.write_text(self._text())
        self._nginx.__enter__()
        # What runs NGINX in a container has children of its own before NGINX has.
        await until(self._complete, STARTED)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._nginx.__exit__(kind, error, trace)

    def publish(self, service: str, addresses: Iterable[str]) -> None:
        """Have a Service served by these pods."""
        self._services[service] = tuple(addresses)
        self.look_again()

    def look_again(self) -> None:
        """Write the file as the map has it this time; have it loaded when the text is another one."""
        before, text = self._file.read_text(), self._text()
        if text != before:
            self._file.write_text(text)
            self.reload()

    def reload(self) -> None:
        os.kill(self.nginx[0], signal.SIGHUP)
        self._reloads += 1

    async def reloads(self) -> int:
        return self._reloads

    @property
    def nginx(self) -> tuple[int, ...]:
        """The master and its workers, old ones included."""
        return self._nginx.processes

    async def _complete(self) -> bool:
        wanted = self._words["WORKERS"]
        count = os.cpu_count() if wanted == "auto" else int(wanted)
        all_serve = len(workers.serving(self.nginx)) == count
        return all_serve and (await ask(self.port, LOOPBACK, "/healthz")).status == OK

    def _text(self) -> str:
        names = list(self._services)
        self._order.shuffle(names)
        text = CONF.read_text()
        for word, value in {**self._words, "SITES": "".join(self._site(one) for one in names)}.items():
            text = text.replace(f"@{word}@", value)
        return text

    def _site(self, name: str) -> str:
        pods = list(self._services[name])
        self._order.shuffle(pods)
        locations = "".join(
            f"        location {one} {{ proxy_pass http://{name}; }}\n" for one in self._paths
        )
        servers = " ".join(f"server {one}:{self._pod_port};" for one in pods)
        return (
            f"    upstream {name} {{ {servers} }}\n"
            f"    server {{\n"
            f"        listen {LOOPBACK}:{self.port};\n"
            f"        server_name {name}.example;\n"
            f"{locations}"
            f"    }}\n"
        )
