"""A running NGINX, found and read by its process: configuration, build, workers.

The binary is never run: its version and how it was built are texts within it.  A process that goes while it
is read is ``Gone``, with a sentence.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from painless.doctor.facts import Worker
from painless.kernel import memory, netns
from painless.nginx.build import Build, parse_build
from painless.nginxd import procfs

MASTER = "nginx: master process"
DRAINING = "nginx: worker process is shutting down"
PREFIX, CONF = "/usr/local/nginx", "conf/nginx.conf"
"""What an NGINX has that was built without options."""
LARGEST = 128 << 20  # Bytes of a binary: with debug symbols and modules some have 60 MB.

_FILES = re.compile(r"^Max open files +(\d+|unlimited)", re.MULTILINE)
_SAID = re.compile(rb"(?:nginx version|configure arguments): [\x20-\x7e]+")


class Gone(Exception):
    """There is no such NGINX, or not any more; the message is a sentence."""


class Running(Struct, frozen=True):
    """A master, where its paths begin, and what it was started with."""

    pid: int
    root: Path
    conf: str
    build: Build | None

    @property
    def here(self) -> bool:
        """Whether it is in our network namespace."""
        return netns.name(self.pid) == netns.name()


def masters() -> Iterator[int]:
    """Yield every master of NGINX that can be seen."""
    for pid in procfs.every_pid():
        with suppress(PermissionError):
            if (procfs.title(pid) or "").startswith(MASTER):
                yield pid


def find(pid: int) -> Running:
    """Return what is known of the NGINX of a process: a master, or one of its workers."""
    title = procfs.title(pid)
    if title is None:
        raise Gone(f"there is no process {pid}")
    if title.startswith("nginx: ") and not title.startswith(MASTER):
        pid = procfs.parent(pid) or 0
        title = procfs.title(pid) or ""
    if not title.startswith(MASTER):
        raise Gone(f"process {pid} is no NGINX: its title is {title[:60]!r}")
    said = _said(pid)
    words = title.removeprefix(MASTER).split()
    prefix = _flag(words, "-p") or _built(said, "prefix") or PREFIX
    conf = _flag(words, "-c") or _built(said, "conf-path") or CONF
    path = str(_folder(pid) / prefix / conf)
    return Running(pid, _root(pid), path, parse_build(said, f"/proc/{pid}/exe", "runs"))


def workers(pid: int, now: float) -> tuple[Worker, ...]:
    """Return the workers of a master; ``now`` is seconds since the machine was started."""
    found = (_worker(one, now) for one in procfs.children(pid))
    return tuple(one for one in found if one is not None)


def sockets(pid: int) -> frozenset[int]:
    """Return the inodes of all sockets a process has open; raises ``PermissionError``."""
    links = procfs.open_files(pid)
    if not links:
        raise PermissionError
    return frozenset(int(one[8:-1]) for one in links if one.startswith("socket:["))


def _worker(pid: int, now: float) -> Worker | None:
    title, started = procfs.title(pid) or "", procfs.started(pid)
    if not title.startswith(procfs.WORKER) or started is None:
        return None
    share = None
    with suppress(PermissionError):
        share = memory.share(pid)
    return Worker(pid, title.startswith(DRAINING), now - started, _limit(pid), _open(pid), share)


def _limit(pid: int) -> int | None:
    try:
        found = _FILES.search(Path(f"/proc/{pid}/limits").read_text())
    except OSError:
        return None
    return int(found[1]) if found and found[1] != "unlimited" else None


def _open(pid: int) -> int | None:
    try:
        return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return None


def _root(pid: int) -> Path:
    """Return where its paths begin: our own root, unless it has another one."""
    root = Path(f"/proc/{pid}/root")
    with suppress(OSError):
        if os.path.samestat(root.stat(), Path("/").stat()):
            return Path("/")
    return root


def _folder(pid: int) -> Path:
    """Return the folder it was started in, which relative paths begin at."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return Path("/")


def _said(pid: int) -> str:
    """Return what the binary would say to ``-V``."""
    try:
        with Path(f"/proc/{pid}/exe").open("rb") as file:
            content = file.read(LARGEST)
    except OSError:
        return ""
    return "\n".join(one.strip(b"\0 ").decode(errors="replace") for one in _SAID.findall(content))


def _built(said: str, option: str) -> str:
    found = re.search(rf"--{option}=(\S+)", said)
    return found[1].strip("'\"") if found else ""


def _flag(words: list[str], flag: str) -> str:
    with suppress(ValueError, IndexError):
        return words[words.index(flag) + 1]
    return next((one[len(flag) :] for one in words if one.startswith(flag) and len(one) > len(flag)), "")
