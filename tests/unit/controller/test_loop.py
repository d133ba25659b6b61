"""The loop, with NGINX, the responder and time under the test's hand."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import pytest
from msgspec import Struct
from tests.builders import CLASS, OPTIONS, ingress, path, rule, service, web
from tests.fakes.world import FakeNginx, FakeResponder, VirtualClock, settle

from painless.controller.loop import Controller
from painless.controller.ports import WorldError
from painless.discovery.answers import Peer
from painless.model.diagnostics import Diagnostic, Reason
from painless.model.objects import Endpoint, EndpointPort, EndpointSlice, Object, ObjectRef
from painless.plan.changes import Change


class Said(Struct, frozen=True):
    """A change as a source sends it."""

    upserts: tuple[Object, ...] = ()
    removals: tuple[ObjectRef, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.reasons: list[tuple[Change, ...]] = []
        self.live = 0
        self.endpoints = 0
        self.refusals: list[str] = []
        self.failures: list[Exception] = []
        self.deaths = 0
        self.open: set[Diagnostic] = set()

    def reloaded(self, generation: str, reasons: tuple[Change, ...], count: int) -> None:
        self.reasons.append(reasons)

    def applied_live(self, generation: str) -> None:
        self.live += 1

    def endpoints_updated(self, upstreams: int) -> None:
        self.endpoints += upstreams

    def refused(self, output: str, about: str) -> None:
        self.refusals.append(about)

    def failed(self, problem: Exception, retry_in: float) -> None:
        self.failures.append(problem)

    def nginx_gone(self) -> None:
        self.deaths += 1

    def diagnosed(self, new: Iterable[Diagnostic], gone: Iterable[Diagnostic]) -> None:
        self.open |= set(new)
        self.open -= set(gone)


class Program:
    """A running controller and everything around it."""

    def __init__(self) -> None:
        self.nginx = FakeNginx()
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
            allow_loopback=False,
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

    async def source(self) -> AsyncIterator[Said]:
        while True:
            yield await self._changes.get()


@asynccontextmanager
async def running(program: Program) -> AsyncIterator[Program]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(program.controller.run(program.source()))
        yield program
        task.cancel()


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    async with running(Program()) as one:
        yield one


def slices(*addresses: str) -> EndpointSlice:
    return EndpointSlice(
        "shop",
        "web-1",
        "web",
        ports=(EndpointPort("http", 8080),),
        endpoints=tuple(Endpoint((one,)) for one in addresses),
    )


def is_ready(program: Program) -> bool:
    return program.controller.picture.ready


async def test_it_is_ready_when_the_first_generation_serves(program: Program) -> None:
    """Not before: a load balancer would send requests to nobody."""
    await settle()
    assert not is_ready(program)
    await program.say(*web(), slices("10.0.0.1"))
    await program.wait_for(1)
    await settle()
    assert is_ready(program)
    assert (Peer("10.0.0.1", 8080),) == program.responder.answers["shop.web.80"].peers


async def test_a_pod_that_comes_is_no_plan(program: Program) -> None:
    """Only the responder is told."""
    await program.say(*web(), slices("10.0.0.1"))
    await program.wait_for(1)
    await program.say(slices("10.0.0.1", "10.0.0.2"))
    assert 2 == len(program.responder.answers["shop.web.80"].peers)
    assert (1, 1) == (len(program.nginx.applied), program.heard.endpoints)


async def test_changes_during_the_hold_off_come_together(program: Program) -> None:
    """The second load of a burst takes all that came meanwhile."""
    await program.say(*web())
    await program.wait_for(1)
    for name in "bcd":
        await program.say(*web(name, f"{name}.example"), seconds=0.1)
    await program.clock.pass_(2.0)
    await program.wait_for(2)
    await program.clock.pass_(5.0)
    assert 2 == len(program.nginx.applied)
    refs = {one.ref.name for one in program.heard.reasons[-1] if one.ref}
    assert {"b", "c", "d"} <= refs


async def test_a_refused_generation_leaves_the_live_one(program: Program) -> None:
    """Its owner is told, endpoints go on changing, and mending it is enough."""
    await program.say(*web(), slices("10.0.0.1"))
    await program.wait_for(1)
    live = program.nginx.runs
    bad = ingress("bad", rule("bad.example", path("/refuse_me", "web")))
    await program.say(bad, seconds=2.0)
    await program.wait_for(2)
    await settle()
    assert live == program.nginx.runs
    assert [Reason.CONFIGURATION_REFUSED] == [one.reason for one in program.heard.open]
    await program.say(slices("10.0.0.9"))
    assert (Peer("10.0.0.9", 8080),) == program.responder.answers["shop.web.80"].peers
    await program.say(gone=(bad.ref,), seconds=2.0)
    async with asyncio.timeout(10):
        while program.heard.open:
            await settle()
    assert live == program.nginx.runs


async def test_a_failure_is_tried_again(program: Program) -> None:
    """A full disk is not the end."""
    program.nginx.fails = WorldError("no room")
    await program.say(*web())
    async with asyncio.timeout(10):
        while not program.heard.failures:
            await settle()
    program.nginx.fails = None
    await program.clock.pass_(3.0)
    await program.wait_for(1)
    assert ["no room"] == [str(one) for one in program.heard.failures]


async def test_nginx_that_ends_is_started_again(program: Program) -> None:
    """In two steps as at first, since a new NGINX has no peers."""
    await program.say(*web())
    await program.wait_for(1)
    await settle()
    program.nginx.die()
    await program.clock.pass_(1.0)
    await program.wait_for(2)
    await settle()
    assert program.nginx.runs is not None
    assert (1, True) == (program.heard.deaths, program.controller.picture.ready)


async def test_a_running_nginx_is_taken_over() -> None:
    """A controller that comes back finds its generation live and does nothing to it."""
    first = Program()
    async with running(first):
        await first.say(*web())
        await first.wait_for(1)
        await settle()
    second = Program()
    second.nginx = first.nginx
    second.controller._nginx = first.nginx
    async with running(second):
        await second.say(*web(), slices("10.0.0.1"))
        async with asyncio.timeout(10):
            while "shop.web.80" not in second.responder.answers:
                await settle()
        await settle()
        assert 1 == len(first.nginx.applied)
        assert second.controller.picture.ready


async def test_names_of_what_is_live_are_answered_while_the_wanted_is_refused(program: Program) -> None:
    """An upstream that only the live generation uses keeps its peers up to date."""
    await program.say(*web(), slices("10.0.0.1"))
    await program.wait_for(1)
    moved = ingress("web", rule("web.example", path("/refuse_me", "other")))
    await program.say(moved, service("other"), CLASS, seconds=2.0)
    await program.wait_for(2)
    await program.say(slices("10.0.0.7"))
    assert (Peer("10.0.0.7", 8080),) == program.responder.answers["shop.web.80"].peers
