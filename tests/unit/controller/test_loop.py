"""The loop, with NGINX, the responder and time under the test's hand."""

import asyncio
import errno
from collections.abc import AsyncIterator

import pytest
from tests.builders import CLASS, ingress, path, rule, service, web
from tests.fakes.world import settle
from tests.unit.controller.program import Program, running, slices

from painless.controller.loop import TIDY
from painless.controller.ports import WorldError
from painless.discovery.answers import Peer


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    async with running(Program()) as one:
        yield one


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


async def test_a_failure_is_tried_again(program: Program) -> None:
    """A full disk is not the end."""
    program.nginx.fails = WorldError("no room")
    await program.say(*web())
    async with asyncio.timeout(10):
        while not program.heard.failures:
            await settle()
    assert "no room" == program.controller.picture.failing
    program.nginx.fails = None
    await program.clock.pass_(3.0)
    await program.wait_for(1)
    await settle()
    assert ["no room"] == [str(one) for one in program.heard.failures]
    assert "" == program.controller.picture.failing


async def test_a_disk_that_fails_while_tidying_is_survived(program: Program) -> None:
    """A controller that ended would take NGINX with it: what failed is told and tried again."""
    await program.say(*web())
    await program.wait_for(1)
    program.nginx.fails = OSError(errno.EROFS, "Read-only file system")
    await program.clock.pass_(TIDY)
    program.nginx.fails = None
    await program.say(*web("b", "b.example"), seconds=2.0)
    await program.wait_for(2)
    assert [errno.EROFS] == [one.errno for one in program.heard.failures if isinstance(one, OSError)]


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
    second = Program(first.nginx)
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


async def test_what_the_responder_could_not_be_told_is_told_later(program: Program) -> None:
    """NGINX is not loaded before its names are answered."""
    program.responder.fails = WorldError("it is gone")
    await program.say(*web(), slices("10.0.0.1"))
    await program.until(lambda: bool(program.heard.failures))
    assert [] == program.nginx.applied
    program.responder.fails = None
    await program.clock.pass_(3.0)
    await program.wait_for(1)
    assert (Peer("10.0.0.1", 8080),) == program.responder.answers["shop.web.80"].peers
