"""Running NGINX in another container of the Pod: requests and replies in a folder that both containers see.

The other side is ``runner.sh``, the command of the NGINX container; what lies in the folder is said there.
Either side may end at any moment and come back.  A request is performed once, or it fails with a sentence:
one that its runner lost is not sent again, since the round that wanted it is tried again anyway.

What is read here was written by a container that may have been taken over, so it is bytes of a regular file
and nothing more: never a link that would have us read our own secrets to it.
"""

import asyncio
import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

from painless.nginx.build import Build
from painless.nginxd import procfs
from painless.nginxd.errors import NginxError, NotRunning, Unresponsive
from painless.nginxd.files import write_whole
from painless.nginxd.find import ASK_TIMEOUT, judged
from painless.nginxd.process import OUTPUT, Ran, spelled

SCRIPT = Path(__file__).with_name("runner.sh")

COME = 60.0
"""Seconds until the NGINX container is there: at a Pod's start its image may have to be fetched, and a
container that ended is started again after 10 s, then 20 s, then 40 s."""

WITHDRAW = 5.0
"""Seconds for a call that is no longer wanted to be gone after SIGKILL."""

POLL = 0.01
"""Seconds between looks for a reply: it comes from another container, which sets no event.  ``nginx -t``
takes 10 ms at least."""

NGINX = "nginx"
"""How the script calls it: whichever is first on the PATH of its image."""

_BY_SIGNAL = 128  # A shell adds this to the number of the signal that ended a call.


def install(folder: Path) -> None:
    """Write the script into a folder, in one move: a container may be starting with it."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    write_whole(folder / SCRIPT.name, SCRIPT.read_bytes())


class Runner:
    """The runner of one folder; there is a controller for it until ``close``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bell = -1
        self._alone = asyncio.Lock()
        self._left = True  # Something of an earlier controller may be there.

    async def build(self) -> Build:
        """Return the NGINX that it runs; raises ``NginxNotFound`` or ``NginxTooOld``."""
        ran = await self("-V", within=COME + ASK_TIMEOUT)
        return judged(ran.output, NGINX, f"in the container of {self._folder}", self._modules)

    def _modules(self, _folder: str) -> list[str]:
        """Return what the container's folder of modules holds."""
        try:
            return (self.machine / "modules").read_text().split()
        except FileNotFoundError:
            return []

    @property
    def machine(self) -> Path:
        """The folder that says what NGINX's container may use."""
        return self._folder / "machine"

    async def __call__(self, *arguments: str, within: float) -> Ran:
        """Have NGINX called and wait for its end; raises ``Unresponsive`` at the time-out, which ends it."""
        for one in arguments:
            assert "\n" not in one, f"an argument is a line: {one!r}"
        async with self._alone:
            loop = asyncio.get_running_loop()
            began = loop.time()
            name = token_hex(8)
            replied = False
            try:
                async with asyncio.timeout(within):
                    await self._request(name, arguments)
                    await self._replied(name)
                    replied = True
            except TimeoutError as cause:
                raise Unresponsive(
                    f"{spelled(NGINX, arguments)} did not end within {within:.0f} s"
                ) from cause
            finally:
                if not replied:
                    await self._withdraw(name, arguments)
            code, output = self._read(name)
            return Ran(code, output, loop.time() - began)

    def close(self) -> None:
        """Let the runner know that there is no controller any more."""
        if self._bell >= 0:
            os.close(self._bell)
            self._bell = -1

    async def _request(self, name: str, arguments: tuple[str, ...]) -> None:
        """Hand the request over as soon as somebody takes requests."""
        loop = asyncio.get_running_loop()
        due = loop.time() + COME
        while not self._rang(name, arguments):
            if loop.time() > due:
                raise NotRunning(
                    f"nobody runs NGINX for {self._folder}: no container has runner.sh of it as its command"
                )
            await asyncio.sleep(POLL)

    def _rang(self, name: str, arguments: tuple[str, ...]) -> bool:
        """Try to hand it over; not while the runner is away, which forgets what it had when it comes back."""
        try:
            if self._bell < 0:
                # Fails while nobody reads, where waiting for somebody would block us.
                self._bell = os.open(self._folder / "requests", os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
                self._forget_others()
            write_whole(self._place("in", name), "".join(f"{one}\n" for one in arguments).encode())
            os.write(self._bell, f"{name}\n".encode())
        except OSError:
            self.close()
            return False
        return True

    def _forget_others(self) -> None:
        """End what an earlier controller wanted: nobody would time it out any more."""
        if self._left:
            for one in (self._folder / "work").iterdir():
                _end(tuple(_text(one).splitlines()))
            for one in (*(self._folder / "in").iterdir(), *(self._folder / "out").iterdir()):
                one.unlink(missing_ok=True)
            self._left = False

    async def _replied(self, name: str) -> None:
        while not self._has("out", name):
            # Looked at again, since it moves from one to the next meanwhile.
            lost = not any(self._has(one, name) for one in ("in", "work", "out"))
            if lost or self._deserted():
                raise NotRunning("the NGINX container ended or started anew while it was to call NGINX")
            await asyncio.sleep(POLL)

    async def _withdraw(self, name: str, arguments: tuple[str, ...]) -> None:
        """See to it that a request is not performed, or that its call has ended."""
        self._place("in", name).unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        due = loop.time() + WITHDRAW
        while self._has("work", name) and not self._deserted() and loop.time() < due:
            _end(arguments)
            await asyncio.sleep(POLL)
        self._place("out", name).unlink(missing_ok=True)

    def _read(self, name: str) -> tuple[int, str]:
        """Return exit status and output of a call that ended by itself."""
        place = self._place("out", name)
        try:
            status, _, output = _text(place).partition("\n")
            place.unlink()
        except OSError as cause:
            raise NginxError(f"the reply {place} cannot be read: {cause.strerror}") from cause
        if not status.isdigit():
            raise NginxError(f"the reply {place} has no exit status: is the volume full?")
        if int(status) > _BY_SIGNAL:
            raise NginxError(f"a call of NGINX was ended by {signal.Signals(int(status) - _BY_SIGNAL).name}")
        return int(status), output

    def _deserted(self) -> bool:
        """Whether nobody reads requests."""
        if self._bell < 0:
            return True
        poll = select.poll()
        poll.register(self._bell, 0)
        return bool(poll.poll(0))

    def _has(self, folder: str, name: str) -> bool:
        return self._place(folder, name).is_file()

    def _place(self, folder: str, name: str) -> Path:
        return self._folder / folder / name


def _text(path: Path) -> str:
    # Not waiting for a writer either: it may have become a FIFO.
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.pread(file, OUTPUT, 0).decode(errors="replace")
    finally:
        os.close(file)


def _end(arguments: tuple[str, ...]) -> None:
    """End the call with these arguments, whichever process it is: a master has another title."""
    wanted = spelled(NGINX, arguments)
    for pid in procfs.every_pid():
        if procfs.title(pid) == wanted:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
