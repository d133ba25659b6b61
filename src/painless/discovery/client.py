"""The controller's side of the responder: start or adopt it, keep it alive, tell it what it should know.

Everything lies below the state directory: the responder's files in ``discovery`` and one empty marker
file in ``down`` for each upstream without ready peers, which NGINX asks for with ``if (-f …)``.  A marker
is written before the answer becomes empty and removed after the new answer is in the responder, so that a
request between the two is told 503 and never meets an address that is gone.

The responder outlives the controller.  ``close`` leaves it running; ``stop`` ends it.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Never, TypeVar

import msgspec

from painless import __version__
from painless.controller.ports import WorldError
from painless.discovery import control
from painless.discovery.answers import Answer, Peer
from painless.discovery.link import LOG, Link, Lost, ended, is_alive, kill, spawn
from painless.discovery.markers import Markers

DIRECTORY = "discovery"
"""The responder's own directory below the state directory."""

_CALL = 10.0  # seconds for one exchange: replacing 10,000 upstreams takes well under one
_FAREWELL = 2.0  # seconds for the reply to "stop", which is not essential
_START = 15.0  # seconds until a started responder answers: Python starts in 0.3 on an idle machine
_POLL = 0.02  # seconds between two looks at something that has no event to wait for
_HEARTBEAT = 5.0  # seconds: NGINX keeps its peers meanwhile, only changes wait
_BACK_OFF = (0.1, 5.0)  # seconds between two starts, doubling: quick after one crash, calm in a crash loop
_SETTLED = 30.0  # seconds of life after which a death is no longer part of a crash loop

T = TypeVar("T")


class ResponderError(WorldError):
    """The responder cannot be started, or does not answer."""


class RefusedError(ResponderError):
    """The responder refused what it was told, all of it: one answer cannot be encoded."""


class Responder:
    """A running responder, as the controller sees it; run ``supervise`` in a task group beside it."""

    def __init__(self, state: Path, options: tuple[str, ...]) -> None:
        self._directory = state / DIRECTORY
        self._markers = Markers(state)
        self._options = options
        self._wanted: dict[str, Answer] = {}
        self._complete = False
        self._lock = asyncio.Lock()
        self._link: Link | None = None
        # For NGINX's ``resolver``; the same over restarts of the responder.
        self.resolver_addresses: tuple[str, ...] = ()
        # The one for an NGINX that starts beside another one.
        self.apart = ""
        self.pid = 0
        self._children: set[int] = set()
        self._started = float("-inf")
        self._delay = _BACK_OFF[0]

    @classmethod
    async def open(
        cls, state: Path, *, nameservers: Iterable[str] = (), allow_loopback: bool = False
    ) -> "Responder":
        """Adopt the responder that serves ``state``, or start one.

        One of another release or with other options is replaced; NGINX keeps its peers meanwhile.
        """
        responder = cls(state, control.options(nameservers, allow_loopback=allow_loopback))
        responder._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        async with responder._lock:
            await responder._connect()
        return responder

    @staticmethod
    def now() -> float:
        """Return the moment to pass as ``since``: the machine's monotonic clock, in seconds."""
        return time.monotonic()

    async def replace(self, answers: Iterable[Answer]) -> None:
        """Serve these answers and no others."""
        wanted = {one.upstream: one for one in answers}
        self._markers.put_up(wanted.values())
        await self._change(control.Replace(tuple(wanted.values())), wanted)
        self._markers.take_down(self._markers.names(), self._wanted)

    async def put(self, answers: Iterable[Answer]) -> None:
        """Serve these answers too, each in place of one of the same name."""
        new = tuple(answers)
        self._markers.put_up(new)
        await self._change(control.Put(new), self._wanted | {one.upstream: one for one in new})
        self._markers.take_down((one.upstream for one in new), self._wanted)

    async def remove(self, upstreams: Iterable[str]) -> None:
        """Forget these upstreams; call it when no generation that names them runs."""
        gone = tuple(upstreams)
        await self._change(
            control.Remove(gone), {name: one for name, one in self._wanted.items() if name not in gone}
        )
        self._markers.take_down(gone, self._wanted)

    async def unanswered(self, upstreams: Iterable[str], since: float = 0.0) -> frozenset[str]:
        """Return those upstreams that NGINX has not asked for and been answered since then."""
        request = control.Unanswered(tuple(sorted(upstreams)), since)
        return frozenset((await self._ask(request, control.Names)).upstreams)

    async def wait_answered(
        self, upstreams: Iterable[str], since: float = 0.0, within: float = 10.0
    ) -> frozenset[str]:
        """Wait until all have been asked for and answered; return those still missing at the end."""
        left = frozenset(upstreams)
        deadline = self.now() + within
        # The responder is asked again and again: what would wake us is in another process.
        while True:
            left = await self.unanswered(left, since)
            if not left or self.now() >= deadline:
                return left
            await asyncio.sleep(_POLL)

    async def wait_taken(self, upstreams: Iterable[str], since: float) -> None:
        """Wait until an NGINX that asks at ``apart`` has the peers of all these upstreams."""
        left = tuple(sorted(upstreams))
        while left:
            left = (await self._ask(control.Untaken(left, since), control.Names)).upstreams
            await asyncio.sleep(_POLL)

    def without_pods(self) -> frozenset[str]:
        """Return the upstreams that have no pod that is ready."""
        return frozenset(self._markers.names())

    async def peers(self, upstreams: Iterable[str]) -> dict[str, tuple[Peer, ...]]:
        """Return what these upstreams stand for now; where only addresses are known the port is 0."""
        return (await self._ask(control.Ask(tuple(sorted(upstreams))), control.Stands)).peers

    async def statistics(self) -> control.Statistics:
        return await self._ask(control.Describe(), control.Statistics)

    async def supervise(self) -> Never:
        """Restart the responder whenever it dies or hangs, and tell it again what it should know."""
        while True:
            await self._until_lost()
            with contextlib.suppress(ResponderError):  # said in the responder's log; tried again below
                await self._ask(control.Describe(), control.Statistics)

    async def stop(self) -> None:
        """End the responder, once nobody supervises it; NGINX keeps its peers as they are."""
        async with self._lock:
            self._drop_link()  # it may lead to one that another controller has replaced
            link = await Link.to(self._directory)
            if link is None:
                return
            with contextlib.suppress(Lost):  # it may end before its reply is read
                await link.exchange(control.Stop(), _FAREWELL)
            link.close()
            await ended(link.pid)

    async def close(self) -> None:
        """Let go of the responder, which goes on answering."""
        self._drop_link()

    async def _until_lost(self) -> None:
        """Return when the responder has died or no longer replies."""
        link = await Link.to(self._directory)
        if link is None:
            return
        try:
            while not await link.closed_within(_HEARTBEAT):
                await link.exchange(control.Describe(), _CALL)
                self._bury()
        except Lost:
            pass
        finally:
            link.close()

    async def _change(self, request: control.Request, wanted: dict[str, Answer]) -> None:
        """Make a change, which a responder that is started from here on is told as well."""
        before = self._wanted, self._complete
        self._wanted = wanted
        self._complete = self._complete or isinstance(request, control.Replace)
        try:
            await self._ask(request, control.Done)
        except RefusedError:
            self._wanted, self._complete = before
            raise

    async def _ask(self, request: control.Request, expected: type[T]) -> T:
        """Return the reply to ``request``, from a responder started for it if need be."""
        async with self._lock:
            if self._link is not None:
                with contextlib.suppress(Lost):
                    return _checked(await self._link.exchange(request, _CALL), expected)
                self._drop_link()
            try:
                # A change is repeated although it is part of what is sent again: it does no harm twice.
                link = await self._connect()
                await self._resend(link)
                return _checked(await link.exchange(request, _CALL), expected)
            except Lost as error:
                self._drop_link()
                raise ResponderError(f"the responder for {self._directory} died at once") from error

    async def _resend(self, link: Link) -> None:
        answers = tuple(self._wanted.values())
        # Without a replacement so far, what it has from an earlier controller is better than nothing.
        request = control.Replace(answers) if self._complete else control.Put(answers)
        _checked(await link.exchange(request, _CALL), control.Done)
        self._markers.take_down(self._wanted, self._wanted)

    async def _connect(self) -> Link:
        """Return a link to a responder that is as we would start it, whatever that takes."""
        link = await Link.to(self._directory)
        if link is not None:
            about = await link.describe()
            if about is not None and (about.version, about.options) == (__version__, self._options):
                return self._use(link, about)
            link.close()
            await kill(link.pid)
        return await self._start()

    async def _start(self) -> Link:
        await self._hold_back()
        self._bury()
        try:
            pid = spawn(self._directory, self._options)
        except OSError as error:
            raise ResponderError(f"the responder could not be started: {error}") from error
        self._children.add(pid)
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline:
            # Looked at before the link: one that exits may have lost to another controller's responder.
            alive = is_alive(pid)
            link = await Link.to(self._directory)
            about = None if link is None else await link.describe()
            if link is not None and about is not None:
                return self._use(link, about)
            if link is not None:
                link.close()
            if not alive:
                break
            await asyncio.sleep(_POLL)
        await kill(pid)
        raise ResponderError(
            f"the responder did not start; {self._directory / LOG} ends: {self._last_words()}"
        )

    def _bury(self) -> None:
        """Take leave of responders of ours that have ended; the kernel keeps them until then."""
        self._children = {pid for pid in self._children if is_alive(pid)}

    async def _hold_back(self) -> None:
        lived = time.monotonic() - self._started
        self._delay = _BACK_OFF[0] if lived > _SETTLED else min(2 * self._delay, _BACK_OFF[1])
        await asyncio.sleep(max(0.0, self._delay - lived))
        self._started = time.monotonic()

    def _use(self, link: Link, about: control.Statistics) -> Link:
        self._link, self.pid = link, about.pid
        self.resolver_addresses, self.apart = about.addresses, about.apart
        return link

    def _drop_link(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None

    def _last_words(self) -> str:
        lines = (self._directory / LOG).read_text(errors="replace").splitlines()
        if not lines:
            return "(it is empty)"
        try:
            return str(msgspec.json.decode(lines[-1], type=dict[str, object])["problem"])
        except (msgspec.DecodeError, KeyError):
            return lines[-1]


def _checked(reply: control.Reply, expected: type[T]) -> T:
    if isinstance(reply, control.Failed):
        raise RefusedError(f"the responder refused what it was told: {reply.says}")
    if not isinstance(reply, expected):
        raise ResponderError(f"the responder replied {reply}; expected {expected.__name__}")
    return reply
