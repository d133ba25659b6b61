"""What the operator's policy does not take is served as it was before, and not at all where it never was."""

from collections.abc import AsyncIterator

import pytest
from tests.builders import ingress, path, rule, web
from tests.unit.controller.program import Program, running, slices

from painless.model.diagnostics import Reason
from painless.model.objects import Ingress

RISKY = {"configuration-snippet": "deny all;"}


@pytest.fixture
async def program() -> AsyncIterator[Program]:
    async with running(Program()) as one:
        await one.say(*web(), slices("10.0.0.1"))
        await one.until(lambda: one.controller.picture.ready)
        # The next change is not part of this one's burst.
        await one.clock.pass_(6.0)
        yield one


def site(name: str, at: str, annotations: dict[str, str] | None = None) -> Ingress:
    return ingress(name, rule(f"{name}.example", path(at, "web")), annotations=annotations or {})


def told(program: Program) -> list[str]:
    return [one.about.name for one in program.heard.open if one.reason is Reason.RISK_TOO_HIGH]


def serves(program: Program, *words: str) -> bool:
    return all(word in program.nginx.served for word in words)


async def test_what_was_served_before_is_served_on(program: Program) -> None:
    """Its owner is told, others change meanwhile, and mending it is enough."""
    await program.say(site("old", "/good"), seconds=7.0)
    await program.until(lambda: serves(program, "/good"))
    await program.say(site("old", "/risky", RISKY), site("new", "/fine"), seconds=7.0)
    await program.until(lambda: serves(program, "/fine") and told(program) == ["old"])
    assert (True, False) == (serves(program, "/good"), serves(program, "/risky"))
    applied = len(program.nginx.applied)
    await program.say(slices("10.0.0.9"), seconds=7.0)
    assert applied == len(program.nginx.applied)
    await program.say(site("old", "/mended"), seconds=7.0)
    await program.until(lambda: serves(program, "/mended") and told(program) == [])
    assert not serves(program, "/good")


async def test_what_never_was_is_left_out(program: Program) -> None:
    """And who removes the Ingress has nothing of it left."""
    await program.say(site("new", "/risky", RISKY), site("other", "/fine"), seconds=7.0)
    await program.until(lambda: serves(program, "/fine") and told(program) == ["new"])
    assert not serves(program, "new.example")
    await program.say(gone=(site("new", "/").ref,), seconds=7.0)
    await program.until(lambda: told(program) == [])


async def test_a_host_that_moves_to_another_class_is_not_kept(program: Program) -> None:
    """What is somebody else's now is nobody's to hold."""
    await program.say(site("old", "/good"), seconds=7.0)
    await program.until(lambda: serves(program, "/good"))
    moved = ingress("old", rule("old.example", path("/good", "web")), class_name="other", annotations=RISKY)
    await program.say(moved, seconds=7.0)
    await program.until(lambda: not serves(program, "/good"))
    assert [] == told(program)
