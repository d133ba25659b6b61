"""A running controller with NGINX, the responder and time under the test's hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from tests.builders import OPTIONS
from tests.fakes.world import FakeNginx, FakeResponder, VirtualClock, settle

from painless.compiler.fit import Fit
from painless.controller.loop import Controller
from painless.controller.outside import Reach
from painless.controller.ports import Change as Said
from painless.controller.telling import Took
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Endpoint, EndpointPort, EndpointSlice, Ingress, Object, ObjectRef
from painless.plan.changes import Change
from painless.plan.governor import Retire, Why

OWN = "10.9.9.9"
"""The address of the machine that all of this is on."""


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.reasons: list[tuple[Change, ...]] = []
        self.live = 0
        self.endpoints = 0
        self.refusals: list[str] = []
        self.failures: list[Exception] = []
        self.fits: list[Fit] = []
        self.deaths = 0
        self.renewals: list[str] = []
        self.unread: list[str] = []
        self.waiting: list[Why] = []
        self.seconds: dict[Why, float] = {}
        self.over = 0
        self.lacking: list[int] = []
        self.cut: list[tuple[Retire, Mapping[str, int]]] = []
        self.ages: list[tuple[str, int, bool]] = []
        self.open: set[Diagnostic] = set()
        self.times: list[tuple[Took, float]] = []
        self.served: tuple[Ingress, ...] = ()

    def reloaded(self, generation: str, reasons: tuple[Change, ...], count: int) -> None:
        self.reasons.append(reasons)

    def took(self, what: Took, seconds: float) -> None:
        self.times.append((what, seconds))

    def applied_live(self, generation: str) -> None:
        self.live += 1

    def confirmed(self, ingresses: tuple[Ingress, ...]) -> None:
        self.served = ingresses

    def fitted(self, fit: Fit) -> None:
        self.fits.append(fit)

    def endpoints_updated(self, upstreams: int) -> None:
        self.endpoints += upstreams

    def refused(self, output: str, about: str) -> None:
        self.refusals.append(about)

    def failed(self, problem: Exception, retry_in: float) -> None:
        self.failures.append(problem)

    def renewed(self, problem: str) -> None:
        self.renewals.append(problem)

    def unreadable(self, what: str) -> None:
        self.unread.append(what)

    def waits(self, why: Why, seconds: float) -> None:
        self.waiting.append(why)

    def waited(self, why: Why, seconds: float) -> None:
        self.seconds[why] = self.seconds.get(why, 0.0) + seconds

    def over_budget(self) -> None:
        self.over += 1

    def no_room(self, lacking: int) -> None:
        self.lacking.append(lacking)

    def retired(self, worker: Retire, hosts: Mapping[str, int]) -> None:
        self.cut.append((worker, hosts))

    def aged(self, host: str, ingress: ObjectRef, count: int, *, begins: bool) -> None:
        self.ages.append((host, count, begins))

    def nginx_gone(self) -> None:
        self.deaths += 1

    def diagnosed(self, new: Iterable[Diagnostic], gone: Iterable[Diagnostic]) -> None:
        self.open |= set(new)
        self.open -= set(gone)


class Program:
    """A running controller and everything around it."""

    def __init__(self, nginx: FakeNginx | None = None) -> None:
        self.nginx = nginx or FakeNginx()
        self.responder = FakeResponder()
        self.clock = VirtualClock()
        self.heard = Heard()
        self._changes: asyncio.Queue[Said] = asyncio.Queue()
        self.controller = Controller(
            nginx=self.nginx,
            responder=self.responder,
            clock=self.clock,
            options=OPTIONS,
            listener=self.heard,
            reach=Reach(allow_loopback=False, is_own=OWN.__eq__),
        )

    async def say(self, *upserts: Object, gone: tuple[ObjectRef, ...] = (), seconds: float = 0.5) -> None:
        """Send a change and let some time pass."""
        self._changes.put_nowait(Said(upserts, gone))
        await self.clock.pass_(seconds)

    async def wait_for(self, generations: int) -> None:
        """Wait until so many plans were applied; a compile is in a thread, so time alone does not tell."""
        async with asyncio.timeout(10):
            while len(self.nginx.applied) < generations:
                await settle()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition that needs no more time to pass."""
        async with asyncio.timeout(10):
            while not holds():
                await settle()

    async def source(self) -> AsyncIterator[Said]:
        while True:
            yield await self._changes.get()


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[Program]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(program.controller.run(program.source()))
        yield program
        task.cancel()


def slices(*addresses: str) -> EndpointSlice:
    return EndpointSlice(
        "shop",
        "web-1",
        "web",
        ports=(EndpointPort("http", 8080),),
        endpoints=tuple(Endpoint((one,)) for one in addresses),
    )
