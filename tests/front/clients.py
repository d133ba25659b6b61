"""Clients that ask all the time and keep every answer with its moment.

Each request has a connection of its own and is sent once: a client that repeats a request hides a failure.
"""

import asyncio
import inspect
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import closing
from types import TracebackType
from typing import Self

from cryptography import x509
from msgspec import Struct

from painless.demo.ports import LOOPBACK

ANSWERED = 10.0  # Seconds for one request, which takes milliseconds: past that it is a failure.
LOOK_AGAIN = 0.02  # Seconds between two looks at a condition.
PAUSE = 0.02  # Seconds between two requests of one client: the tests share two cores with all they start.


def trusting(*protocols: str) -> ssl.SSLContext:
    """Return what a client that looks at the certificate, and does not judge it, needs for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context


TRUSTING = trusting()


class Seen(Struct, frozen=True):
    """One answer; status 0 is none at all, and then the body says why.  Moments are monotonic seconds."""

    began: float
    ended: float
    status: int
    pod: str
    body: str
    serial: int = 0
    fields: Mapping[str, str] = {}


class Target(Struct, frozen=True):
    """What a client asks for."""

    port: int
    host: str
    path: str = "/"
    secure: bool = False
    headers: tuple[str, ...] = ()
    method: str = "GET"

    async def ask(self) -> Seen:
        return await ask(
            self.port,
            self.host,
            self.path,
            secure=self.secure,
            headers=self.headers,
            method=self.method,
        )


async def ask(
    port: int,
    host: str,
    path: str = "/",
    *,
    secure: bool = False,
    headers: Iterable[str] = (),
    method: str = "GET",
) -> Seen:
    """Send one request on a connection of its own; never raises for what the other side does."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(ANSWERED):
            reader, writer = await asyncio.open_connection(
                LOOPBACK, port, ssl=TRUSTING if secure else None, server_hostname=host if secure else None
            )
            with closing(writer):
                serial = _serial(writer) if secure else 0
                lines = (f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers)
                writer.write("\r\n".join((*lines, "", "")).encode())
                raw = await reader.read()
    except (OSError, TimeoutError) as problem:
        return Seen(began, time.monotonic(), 0, "", repr(problem))
    first, whole, content = raw.partition(b"\r\n\r\n")
    head = first.decode(errors="replace")
    if not whole:
        return Seen(began, time.monotonic(), 0, "", f"no whole answer: {head!r}")
    fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:])
    chunked = fields.get("transfer-encoding") == "chunked"
    body = (b"".join(_chunks(content)) if chunked else content).decode(errors="replace")
    return Seen(began, time.monotonic(), int(head.split()[1]), fields.get("x-pod", ""), body, serial, fields)


def _chunks(content: bytes) -> Iterator[bytes]:
    while content:
        size, _, rest = content.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return  # What follows are trailers, such as gRPC's.
        yield rest[:length]
        content = rest[length:].removeprefix(b"\r\n")


def _serial(writer: asyncio.StreamWriter) -> int:
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown).serial_number


class Load:
    """Clients, one for each target, that ask until this is left; ``seen`` has all answers by host."""

    def __init__(self, *targets: Target, pause: float = PAUSE) -> None:
        self.seen: dict[str, list[Seen]] = {one.host: [] for one in targets}
        self._targets = targets
        self._pause = pause
        self._group = asyncio.TaskGroup()
        self._over = False

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        for one in self._targets:
            self._group.create_task(self._keep_asking(one))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # What is under way is waited for, so that none of the answers is missing.
        self._over = True
        await self._group.__aexit__(kind, error, trace)

    @property
    def count(self) -> int:
        return sum(len(some) for some in self.seen.values())

    async def more(self, answers: int, within: float = 20.0) -> None:
        """Wait for that many more answers."""
        wanted = self.count + answers
        await until(lambda: self.count >= wanted, within)

    async def until_from(self, pod: str, within: float) -> None:
        """Wait until a pod has answered one of the clients; another client may meet only its neighbours."""
        await until(lambda: pod in {one.pod for some in self.seen.values() for one in some[-50:]}, within)

    def failures(self, allowed: Iterable[int] = (200,)) -> list[Seen]:
        """Return every answer with another status."""
        good = frozenset(allowed)
        return [one for some in self.seen.values() for one in some if one.status not in good]

    def statuses(self) -> Counter[int]:
        return Counter(one.status for some in self.seen.values() for one in some)

    async def _keep_asking(self, target: Target) -> None:
        while not self._over:
            self.seen[target.host].append(await target.ask())
            await asyncio.sleep(self._pause)


Condition = Callable[[], bool | Awaitable[bool]]


async def until(holds: Condition, within: float, words: Callable[[], str] = lambda: "") -> float:
    """Wait for a condition and return for how many seconds; ``words`` says what to show if it never holds."""
    start = time.monotonic()
    while True:
        held = holds()
        if await held if inspect.isawaitable(held) else held:
            return time.monotonic() - start
        if time.monotonic() - start > within:
            raise AssertionError(f"not within {within:g} s\n{words()}")
        await asyncio.sleep(LOOK_AGAIN)


async def until_seen(target: Target, wanted: Callable[[Seen], bool], within: float) -> Seen:
    """Ask until an answer is as wanted, and return it."""
    last: list[Seen] = []

    async def holds() -> bool:
        last[:] = [await target.ask()]
        return wanted(last[0])

    await until(holds, within, lambda: f"the last answer of {target.host} was {last[0]}")
    return last[0]
