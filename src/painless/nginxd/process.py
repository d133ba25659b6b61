"""Running NGINX: short-lived calls of the binary, and the master as a process we hold on to by pidfd.

The master is daemonised, and we are the one who adopts it (a subreaper): a controller that dies takes no
NGINX with it, and USR2 works, which NGINX refuses while its first parent lives.  A pidfd never means
another process, which a number may after the master has gone.
"""

import asyncio
import ctypes
import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from typing import Protocol, Self

from msgspec import Struct

from painless.nginxd import procfs
from painless.nginxd.errors import NginxError, Unresponsive

ENVIRONMENT = {
    "PATH": os.defpath,
    # NGINX's pools are blocks of 16 KiB.  With this threshold glibc maps each by itself and gives it back
    # after a reload; memory over many reloads halves, at no cost seen.  Other allocators ignore it.
    "MALLOC_MMAP_THRESHOLD_": "16384",
    "MALLOC_TOP_PAD_": "0",
}

OUTPUT = 1 << 20  # Bytes of output kept: a refusal is a few lines, warnings may be thousands.
_PR_SET_CHILD_SUBREAPER = 36


class Ran(Struct, frozen=True):
    """A call of the binary that ended by itself: exit status, output and how long it took."""

    code: int
    output: str
    seconds: float


class Call(Protocol):
    """NGINX's binary, wherever it is: ``run_nginx`` of one path, or a ``Runner``."""

    async def __call__(self, *arguments: str, within: float) -> Ran:
        """Call it and wait for its end; raises ``Unresponsive`` at the time-out, and no call goes on then."""


async def run_nginx(path: str, *arguments: str, within: float) -> Ran:
    """Call the binary and wait for it to end; it is ended, and ``Unresponsive`` raised, at the time-out."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    # In memory and not a pipe: nothing to drain, and no end of file to wait for from a daemon's copy.
    output = os.memfd_create("nginx-output")
    try:
        process = await asyncio.create_subprocess_exec(
            path, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output, env=ENVIRONMENT
        )
        try:
            code = await asyncio.wait_for(process.wait(), within)
        except TimeoutError as cause:
            raise Unresponsive(f"{spelled(path, arguments)} did not end within {within:.0f} s") from cause
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if code < 0:
            raise NginxError(f"{spelled(path, arguments)} was ended by {signal.Signals(-code).name}")
        return Ran(code, os.pread(output, OUTPUT, 0).decode(errors="replace"), loop.time() - began)
    except OSError as cause:
        raise NginxError(f"{path} cannot be run: {cause.strerror}") from cause
    finally:
        os.close(output)


def become_subreaper() -> None:
    """Have daemons of ours become our children when their parent ends, instead of process 1's."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl(PR_SET_CHILD_SUBREAPER): {os.strerror(error)}")


def reap(name: str) -> tuple[int, ...]:
    """Collect NGINX processes that we adopted and that have ended; say which.

    Only those: a process started by asyncio is for asyncio to collect, and it has our session, while a
    daemon has one of its own and gives it to its workers.
    """
    ours = procfs.session(os.getpid())
    ended = []
    for pid in procfs.children(os.getpid()):
        # The kernel cuts names at 15 bytes.
        if procfs.is_zombie(pid) and procfs.session(pid) != ours and procfs.command(pid) == name[:15]:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
                ended.append(pid)
    return tuple(ended)


class Master:
    """A master process, ours or adopted, whose end sets ``gone`` at once."""

    def __init__(self, pid: int, pidfd: int) -> None:
        self.pid = pid
        self.gone = asyncio.Event()
        self._pidfd = pidfd
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(pidfd, self.close)

    @classmethod
    def attach(cls, pid: int) -> Self | None:
        """Hold on to a process; ``None`` when there is none.  Check what it is afterwards, not before."""
        try:
            return cls(pid, os.pidfd_open(pid))
        except ProcessLookupError:
            return None

    @property
    def runs(self) -> bool:
        # Asked of the kernel, since the event loop may not have come round to telling us.
        return self._pidfd >= 0 and not _readable(self._pidfd)

    def dismiss(self) -> None:
        """Have it end when its requests have, and let go of it: for us it is gone."""
        self.signal(signal.SIGQUIT)
        self.close()
        self.gone.set()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; a master that has just gone is told nothing, ``gone`` says it."""
        if self._pidfd >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def close(self) -> None:
        """Let go of it; it runs on if it does."""
        if self._pidfd >= 0:
            if _readable(self._pidfd):
                self.gone.set()
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = -1


def _readable(pidfd: int) -> bool:
    """Whether the process has ended; one that its parent has not collected yet has."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(0))


def spelled(path: str, arguments: tuple[str, ...]) -> str:
    """Return a call as people, and the process's title, spell it."""
    return " ".join((Path(path).name, *arguments))
