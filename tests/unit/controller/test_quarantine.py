"""What NGINX refuses is held, and nothing else: who, for how long, and what is served meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.builders import ingress, path, rule, service, web
from tests.fakes.world import settle
from tests.unit.controller.program import Program, running, slices

from painless.controller.quarantine import Held, around_of
from painless.controller.search import LOADS, TESTS
from painless.model.diagnostics import Reason, Severity
from painless.model.objects import Ingress

REFUSALS = pytest.mark.parametrize("word", ["refuse_me", "refuse_mutely", "refuse_late"])


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    async with running(Program()) as one:
        await one.say(*web(), slices("10.0.0.1"))
        await one.until(lambda: one.controller.picture.ready)
        # The next change is not part of this one's burst.
        await one.clock.pass_(6.0)
        yield one


def site(name: str, at: str = "/", **more: Any) -> Ingress:
    return ingress(name, rule(f"{name}.example", path(at, "web")), **more)


def serves(program: Program, *words: str) -> bool:
    return all(word in program.nginx.served for word in words)


def told(program: Program) -> dict[str, Severity]:
    """Return who has been told that NGINX refuses it."""
    found = (one for one in program.heard.open if one.reason is Reason.CONFIGURATION_REFUSED)
    return {one.about.name: one.severity for one in found}


async def test_the_refused_one_is_left_out_and_the_rest_is_served(program: Program) -> None:
    """Its owner is told, endpoints go on changing, and mending it is enough."""
    await program.say(site("bad", "/refuse_me"), site("fine"), seconds=2.0)
    await program.until(lambda: serves(program, "web.example", "fine.example"))
    assert {"bad": Severity.REJECTED} == told(program)
    assert not serves(program, "bad.example")
    await program.say(slices("10.0.0.9"))
    assert ("10.0.0.9",) == tuple(one.address for one in program.responder.answers["shop.web.80"].peers)
    await program.say(site("bad", "/mended"), seconds=2.0)
    await program.until(lambda: serves(program, "bad.example", "fine.example"))
    assert {} == told(program)


async def test_who_is_served_is_told_after_nginx_took_it(program: Program) -> None:
    """The status of an Ingress depends on it: what is left out is not among them, its earlier state is."""
    await program.say(site("old", "/good"), ingress("other", class_name="other"), seconds=7.0)
    await program.until(lambda: serves(program, "/good"))
    await program.say(site("old", "/refuse_me"), site("new", "/refuse_me"), seconds=2.0)
    await program.until(lambda: {"old", "new"} == set(told(program)))
    assert {"web", "old"} == {one.name for one in program.heard.served}
    assert site("old", "/good") in program.heard.served


@REFUSALS
async def test_several_at_once_are_all_held(program: Program, word: str) -> None:
    """One that was good before is served as it was; its owner is told that."""
    await program.say(site("old", "/good"), seconds=2.0)
    await program.until(lambda: serves(program, "/good"))
    await program.clock.pass_(6.0)
    loads = program.nginx.loads
    bad = [site("old", f"/{word}-1"), site("new", f"/{word}-2"), site("newer", f"/{word}-3")]
    await program.say(*bad, site("fine"), seconds=2.0)
    await program.until(lambda: 3 == len(told(program)))
    assert serves(program, "fine.example", "web.example", "/good")
    assert not serves(program, "new")
    assert {"old": Severity.ERROR, "new": Severity.REJECTED, "newer": Severity.REJECTED} == told(program)
    # What the test refuses costs nobody a load.
    assert program.nginx.loads - loads <= (LOADS if word == "refuse_late" else 1)
    picture = program.controller.picture
    assert (1, 2) == (picture.held_earlier, picture.held_out)


@REFUSALS
async def test_what_one_search_does_not_reach_the_next_one_does(program: Program, word: str) -> None:
    """However many changed at once, everybody but the refused is served in the end."""
    some = {f"s{at:02}": f"/{word}" if at % 40 == 20 else "/" for at in range(100)}
    await program.say(*(site(name, at) for name, at in some.items()), seconds=2.0)
    good = [f"{name}.example" for name, at in some.items() if at == "/"]
    async with asyncio.timeout(20):
        while not serves(program, *good):
            await program.clock.pass_(30.0)
    assert {"s20", "s60"} <= told(program).keys()
    assert not serves(program, f"/{word}")


async def test_at_the_start_the_refused_are_left_out() -> None:
    """Nothing serves yet, so nobody waits for whoever is refused."""
    async with running(Program()) as program:
        bad = [site(f"bad-{at}", "/refuse_me") for at in range(3)]
        await program.say(*web(), *bad, slices("10.0.0.1"))
        await program.until(lambda: program.controller.picture.ready)
        assert serves(program, "web.example")
        assert {"bad-0", "bad-1", "bad-2"} == told(program).keys()


async def test_more_than_a_search_finds_delay_the_start_and_nothing_else() -> None:
    """What is served first is whole but for the refused."""
    async with running(Program()) as program:
        bad = [site(f"bad-{at}", "/refuse_me") for at in range(TESTS + 5)]
        await program.say(*web(), *bad, slices("10.0.0.1"))
        await program.clock.pass_(1.0)
        await program.until(lambda: program.controller.picture.ready)
        assert serves(program, "web.example")
        assert TESTS + 5 == len(told(program))
        assert 2 == program.nginx.loads


@pytest.mark.parametrize("word", ["refuse_me", "refuse_mutely"])
async def test_a_held_one_is_tried_again(program: Program, word: str) -> None:
    """It may have met something that is gone; trying costs nobody a load."""
    await program.say(site("bad", f"/{word}"), seconds=2.0)
    await program.until(lambda: "bad" in told(program))
    loads, refusals = program.nginx.loads, len(program.heard.refusals)
    await program.clock.pass_(70.0)
    await program.until(lambda: len(program.heard.refusals) > refusals)
    assert {"bad"} == told(program).keys()
    assert loads == program.nginx.loads


def test_it_is_tried_less_and_less_often() -> None:
    """At first at once when it changes and after a minute when it does not, in the end hourly."""
    one, other = site("bad", "/a"), site("bad", "/b")
    met = around_of(one.ref, {one.ref: one})
    held = [Held(one, None, "no", "", around=met, tries=tries, at=1000.0) for tries in (1, 2, 3, 4, 9999)]
    unchanged = [each.due(one.ref, {one.ref: one}) - 1000.0 for each in held]
    mended = [each.due(one.ref, {one.ref: other}) - 1000.0 for each in held]
    assert [60.0, 120.0, 240.0, 480.0, 3600.0] == unchanged
    assert [0.0, 1.0, 2.0, 4.0, 60.0] == mended


async def test_what_is_held_is_served_when_what_it_met_is_gone(program: Program) -> None:
    """Without a change of its own."""
    await program.say(site("this", "/not_with_this"), seconds=8.0)
    await program.say(site("that", "/not_with_that"), site("fine"), seconds=8.0)
    await program.until(lambda: serves(program, "this.example", "fine.example") and bool(told(program)))
    assert {"that"} == told(program).keys()
    await program.say(gone=(site("this").ref,), seconds=70.0)
    await program.until(lambda: serves(program, "that.example"))
    assert {} == told(program)


async def test_a_third_attempt_waits_and_others_do_not(program: Program) -> None:
    """Who changes a refused object all the time is tried less and less often."""
    for at in range(4):
        await program.say(site("bad", f"/refuse_me-{at}"), seconds=0.2)
        await settle()
    await program.until(lambda: "bad" in told(program))
    tried = sum("refuse_me" in one.cold["nginx.conf"] for one in program.nginx.staged.values())
    assert tried < 4
    await program.say(site("fine"), site("bad", "/refuse_me-9"), seconds=0.2)
    await program.until(lambda: serves(program, "fine.example"))


async def test_a_change_of_what_it_refers_to_is_a_reason_to_try(program: Program) -> None:
    """The mistake may have been in the Service."""
    await program.say(site("bad", "/refuse_me"), seconds=2.0)
    await program.until(lambda: "bad" in told(program))
    before = len(program.nginx.applied)
    await program.say(service("web", type="NodePort"), seconds=2.0)
    await program.until(lambda: len(program.nginx.applied) > before)


async def test_a_removed_one_is_gone(program: Program) -> None:
    """Its earlier state as well."""
    await program.say(site("old", "/good"), seconds=2.0)
    await program.until(lambda: serves(program, "/good"))
    await program.say(site("old", "/refuse_me"), seconds=8.0)
    await program.until(lambda: "old" in told(program))
    await program.say(gone=(site("old").ref,), seconds=2.0)
    await program.until(lambda: not serves(program, "old.example"))
    assert {} == told(program)


async def test_one_that_comes_and_goes_is_not_tried_each_time(program: Program) -> None:
    """It is left out while it comes and goes; what it comes back as, once mended, is served."""
    bad = site("bad", "/refuse_me")
    for _ in range(10):
        await program.say(bad, seconds=0.2)
        await program.until(lambda: "bad" in told(program))
        await program.say(gone=(bad.ref,), seconds=0.2)
        await program.until(lambda: "bad" not in told(program))
    tried = sum("refuse_me" in one.cold["nginx.conf"] for one in program.nginx.staged.values())
    assert (1, 1) == (tried, len(program.heard.refusals))
    await program.say(site("bad", "/mended"), seconds=2.0)
    await program.until(lambda: serves(program, "bad.example"))


async def test_a_restart_knows_what_was_good(program: Program) -> None:
    """The earlier state serves on, and what is known to be refused is not tried at once."""
    await program.say(site("old", "/good"), seconds=2.0)
    await program.until(lambda: serves(program, "/good"))
    await program.say(site("old", "/refuse_me"), seconds=8.0)
    await program.until(lambda: "old" in told(program))
    applied = len(program.nginx.applied)
    async with running(Program(program.nginx)) as second:
        await second.say(*web(), site("old", "/refuse_me"), slices("10.0.0.1"), seconds=2.0)
        await second.until(lambda: "old" in told(second))
        assert {"old": Severity.ERROR} == told(second)
        assert serves(second, "/good")
        assert applied == len(second.nginx.applied)
        await second.say(site("old", "/mended"), seconds=2.0)
        await second.until(lambda: serves(second, "/mended"))
        assert {} == told(second)


async def test_an_object_that_went_bad_without_a_controller_is_served_as_it_was(program: Program) -> None:
    """The next controller knows what was good."""
    await program.say(site("old", "/good"), seconds=2.0)
    await program.until(lambda: serves(program, "/good"))
    async with running(Program(program.nginx)) as second:
        now = *web(), site("old", "/refuse_me"), site("fine"), slices("10.0.0.1")
        await second.say(*now, seconds=2.0)
        await second.until(lambda: serves(second, "/good", "fine.example"))
        assert {"old": Severity.ERROR} == told(second)


async def test_where_no_object_is_behind_it_what_is_live_serves_on(program: Program) -> None:
    """Nobody is held for a full disk; when it is over, everything is served."""
    program.nginx.broken = "no space left"
    await program.say(site("fine"), seconds=2.0)
    await program.until(lambda: bool(program.heard.refusals))
    assert serves(program, "web.example")
    assert {"configuration"} == told(program).keys()
    program.nginx.broken = ""
    await program.clock.pass_(70.0)
    await program.until(lambda: serves(program, "fine.example"))
    assert {} == told(program)


async def test_one_that_another_uncovers_is_left_out(program: Program) -> None:
    """A removed Ingress had a path of a younger one, which NGINX refuses: it is removed all the same."""
    elder = ingress("elder", rule("old.example", path("/", "web")), created=1.0)
    rewrites = {"rewrite-target": "/refuse_me"}
    heir = ingress("heir", rule("old.example", path("/", "web")), created=2.0, annotations=rewrites)
    await program.say(elder, heir, seconds=8.0)
    await program.until(lambda: serves(program, "old.example"))
    await program.say(site("fine"), gone=(elder.ref,), seconds=8.0)
    await program.until(lambda: serves(program, "fine.example"))
    assert {"heir": Severity.REJECTED} == told(program)
    assert not serves(program, "old.example")
