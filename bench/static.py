"""NGINX on a configuration written by hand: the yardstick, and the pods behind it."""

import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.machine import pinned
from bench.running import BenchError
from painless.machine import read_worker_user
from painless.nginxd import procfs

ENDS_WITHIN = 10.0  # Seconds for NGINX to end at once; it takes milliseconds.
STARTS_WITHIN = 10.0  # Seconds for the workers to appear.
LOOK_AGAIN = 0.01  # Seconds between two looks at that.

PODS = """
@USER@
worker_processes 1;
pid @HOME@/nginx.pid;
error_log @HOME@/error.log notice;
events { worker_connections 4096; }
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path @HOME@/tmp-client-body;
    proxy_temp_path @HOME@/tmp-proxy;
    fastcgi_temp_path @HOME@/tmp-fastcgi;
    uwsgi_temp_path @HOME@/tmp-uwsgi;
    scgi_temp_path @HOME@/tmp-scgi;
    server {
        @LISTEN@
        return 200 "$server_addr is a light pod: the proxy shall be what limits.\\n";
    }
}
"""


class StaticNginx:
    """One NGINX on a main file, as a process of ours; relative names in the file start at ``prefix``.

    ``within`` is a command that runs another one, as in a container.
    """

    def __init__(
        self, binary: str, prefix: Path, file: Path, core: int | None, within: tuple[str, ...] = ()
    ) -> None:
        self._binary = binary
        self._within = within
        self._prefix = prefix
        self._file = file
        self._core = core

    def __enter__(self) -> Self:
        named = ("-p", str(self._prefix), "-c", str(self._file), "-g", "daemon off;")
        command = [*self._within, self._binary, *named]
        with pinned(self._core), self._output.open("wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        deadline = time.monotonic() + STARTS_WITHIN
        while not self.workers:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                said = self._output.read_text(errors="replace")
                raise BenchError(f"NGINX does not start on {self._file}: {said}")
            time.sleep(LOOK_AGAIN)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def processes(self) -> tuple[int, ...]:
        """The master and its workers."""
        return (self._process.pid, *self.workers)

    @property
    def workers(self) -> tuple[int, ...]:
        return procfs.children(self._process.pid)

    def reload(self) -> None:
        """Have it load its files anew; what is done is seen by its workers."""
        self._process.send_signal(signal.SIGHUP)

    @property
    def _output(self) -> Path:
        return self._prefix / "output"


def written(binary: str, home: Path, text: str, words: dict[str, str], core: int | None) -> StaticNginx:
    """Return an NGINX on this text; ``words`` fill the places in it."""
    user = read_worker_user().directive
    words = {"HOME": str(home), "USER": f"user {user};" if user else "", **words}
    for word, value in words.items():
        text = text.replace(f"@{word}@", value)
    home.mkdir(mode=0o711)
    file = home / "nginx.conf"
    file.write_text(text)
    return StaticNginx(binary, home, file, core)


def pods(binary: str, home: Path, addresses: tuple[str, ...], port: int, core: int | None) -> StaticNginx:
    """Return an NGINX that answers for all pods at once."""
    listen = "\n        ".join(f"listen {one}:{port};" for one in addresses)
    return written(binary, home, PODS, {"LISTEN": listen}, core)
