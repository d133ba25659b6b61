"""What goes wrong on demand.  Each method is one fault; ``recover`` ends all that last."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from aiohttp import web
from msgspec import Struct
from tests.fakes.apiserver.access import Attempt
from tests.fakes.apiserver.kinds import Kind, kind_of, storage_of
from tests.fakes.apiserver.refusals import Refusal, throttled
from tests.fakes.apiserver.store import Store

EVERY = "*"


class Which(Struct, frozen=True):
    """Requests that a fault is about: verb, plural name with subresource, namespace, user; ``*`` is any."""

    verb: str = EVERY
    resource: str = EVERY
    namespace: str = EVERY
    user: str = EVERY

    def means(self, attempt: Attempt) -> bool:
        pairs = (
            (self.verb, attempt.verb),
            (self.resource, attempt.resource),
            (self.namespace, attempt.namespace),
            (self.user, attempt.user),
        )
        return all(wanted in (EVERY, found) for wanted, found in pairs)


ANY = Which()


class Stream:
    """An open watch; ``again`` is how many of the last events it is to get once more."""

    def __init__(self, kind: Kind, request: web.BaseRequest) -> None:
        self.kind = storage_of(kind)
        self.request = request
        self.bell = asyncio.Event()
        self.again = 0

    def cut(self) -> None:
        if self.request.transport is not None:
            self.request.transport.abort()


class Faults:
    """The faults of one server."""

    def __init__(
        self,
        store: Store,
        tokens: dict[str, str],
        connections: Callable[[], Iterable[asyncio.BaseTransport]],
    ) -> None:
        self.streams: set[Stream] = set()
        self._connections = connections
        self._store = store
        self._tokens = tokens
        self._silent: set[asyncio.BaseTransport] = set()
        self._deaf = False
        self._held: set[Kind] = set()
        self._slow: dict[Which, float] = {}
        self._answers: list[tuple[Which, int, int]] = []
        self._forbidden: list[Which] = []
        self._moved = asyncio.Event()

    # What lasts until ``recover`` or its counterpart.

    def stall(self, *, new: bool = False) -> None:
        """Have every connection that is open now go silent for good: half-open, neither answer nor end.

        With ``new``, connections that are made later are silent too, until ``recover``.
        """
        self._deaf = new
        self._silent.update(self._connections())

    def slow(self, seconds: float, which: Which = ANY) -> None:
        """Have requests wait before they are looked at."""
        self._slow[which] = seconds

    def answer(self, status: int, *, times: int = 1, retry_after: int = 1, which: Which = ANY) -> None:
        """Answer the next requests with an error: 429 with Retry-After, 500, 503 …"""
        self._answers += [(which, status, retry_after)] * times

    def forbid(self, which: Which) -> None:
        self._forbidden.append(which)

    def permit(self, which: Which) -> None:
        """Give back what ``forbid`` took away."""
        with suppress(ValueError):
            self._forbidden.remove(which)

    def hold(self, kind: str) -> None:
        """Send no more events of a kind until ``release``: other kinds' events overtake them."""
        self._held.add(kind_of(kind))

    def release(self, kind: str) -> None:
        self._held.discard(kind_of(kind))
        self._store.ring()

    def recover(self) -> None:
        """End every fault that lasts; connections that went silent are cut."""
        self._deaf = False
        for one in self._silent:
            if isinstance(one, asyncio.Transport):
                one.abort()
        self._silent.clear()
        self._held.clear()
        self._slow.clear()
        self._answers.clear()
        self._forbidden.clear()
        self._store.ring()
        self._moved.set()
        self._moved = asyncio.Event()

    # What happens once.

    def cut_watches(self, kind: str = "") -> None:
        """Break the connections of all watches, or of those of a kind."""
        for one in tuple(self.streams):
            if not kind or one.kind is storage_of(kind_of(kind)):
                one.cut()

    def compact(self) -> None:
        """Forget the past: watches and pages from before get 410."""
        self._store.compact()

    def repeat(self, kind: str, count: int) -> None:
        """Send the last events of a kind once more, to every watch of it."""
        for one in self.streams:
            if one.kind is storage_of(kind_of(kind)):
                one.again = count
                one.bell.set()

    def expire(self, token: str) -> None:
        """Have a token be no longer valid; watches that it opened go on, as with a real server."""
        del self._tokens[token]

    # What the server asks.

    def allows(self, attempt: Attempt) -> bool:
        return not any(one.means(attempt) for one in self._forbidden)

    def holds(self, kind: Kind) -> bool:
        return storage_of(kind) in self._held

    async def befall(self, attempt: Attempt) -> None:
        """Let happen to a request what is to happen to it."""
        for which, seconds in self._slow.items():
            if which.means(attempt):
                await self._until_recovered(seconds)
        for at, (which, status, retry_after) in enumerate(self._answers):
            if which.means(attempt):
                del self._answers[at]
                raise _refusal(status, retry_after)

    async def pass_silence(self, request: web.BaseRequest) -> None:
        """Return for connections that are not silent; for others only after they were cut."""
        transport = request.transport
        if self._deaf and transport is not None:
            self._silent.add(transport)
        while transport in self._silent:
            await self._moved.wait()

    async def _until_recovered(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._moved.wait(), seconds)


def _refusal(status: int, retry_after: int) -> Refusal:
    if status == 429:
        return throttled(retry_after)
    reasons = {500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout"}
    return Refusal(status, reasons.get(status, "Unknown"), "on demand of the test")
