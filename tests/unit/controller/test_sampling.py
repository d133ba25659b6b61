"""The picture has NGINX's generations, with hosts and Ingresses in place of the addresses they talk to."""

from collections.abc import Callable

from tests.builders import ingress, path, rule, web
from tests.unit.controller.program import Program, running, slices

from painless.controller.holding import MOST, OTHERS, Owner, holders
from painless.model.objects import ObjectRef
from painless.plan.workers import GenerationState, Holder, Remote, Sample, WorkerState

INGRESS = ObjectRef("Ingress", "shop", "web")
WORKER = WorkerState(1, draining=True)


def old(id_: str, *remotes: Remote) -> GenerationState:
    return GenerationState(id_, 9.0, 2.0, (WORKER,), remotes=remotes)


async def pass_until(program: Program, holds: Callable[[], bool]) -> None:
    """Let a minute go by at most: samples are taken each second, names looked for less often."""
    for _ in range(60):
        if not holds():
            await program.clock.pass_(1.0)
    await program.until(holds)


async def test_who_holds_an_old_generation() -> None:
    """Its own routes say whose pods they are, even when they are gone from what is served now."""
    program = Program()
    async with running(program):
        await program.say(*web(), slices("10.0.0.1"))
        await program.wait_for(1)
        first = program.nginx.runs or ""
        program.nginx.sample = Sample((GenerationState(first, 1.0, None, ()),))
        await pass_until(program, lambda: bool(program.controller.picture.generations))
        await program.say(ingress("other", rule("other.example", path("/", "web"))), gone=(INGRESS,))
        await program.wait_for(2)
        program.nginx.sample = Sample((old(first, Remote("10.0.0.1", 3), Remote("10.9.9.9", 1)),))

        def held_by() -> tuple[Holder, ...]:
            return tuple(one for each in program.controller.picture.generations for one in each.held_by)

        await pass_until(program, lambda: len(held_by()) == 2)
        assert (Holder("web.example", INGRESS, 3), Holder("", OTHERS, 1)) == held_by()


async def test_a_pod_of_several_hosts() -> None:
    """No socket says which of them is meant: one is named, and how many more there are."""
    program = Program()
    async with running(program):
        await program.say(*web(), ingress("blog", rule("blog.example", path("/", "web"))), slices("10.0.0.1"))
        await program.wait_for(1)
        program.nginx.sample = Sample((old("from before us", Remote("10.0.0.1", 1)),))
        await pass_until(program, lambda: any(one.held_by for one in program.controller.picture.generations))

        [found] = program.controller.picture.generations
        assert (Holder("blog.example", ObjectRef("Ingress", "shop", "blog"), 1, more=1),) == found.held_by


async def test_what_cannot_be_read_is_told_once() -> None:
    """It is unknown each second, and news but once."""
    program = Program()
    async with running(program):
        program.nginx.sample = Sample(unknown=("memory cannot be read",))
        await pass_until(program, lambda: bool(program.heard.unread))
        await program.clock.pass_(10.0)

        assert ["memory cannot be read"] == program.heard.unread


def test_the_rest_is_told_together() -> None:
    """The first ten by connections are named; what is left, and what nobody knows, is one sum."""
    owned = {f"10.0.0.{at}": Owner(f"{at}.example", INGRESS) for at in range(MOST + 5)}
    remotes = [Remote(address, 100 - at) for at, address in enumerate(owned)]

    found = holders([*remotes, Remote("10.9.9.9", 7)], owned)

    assert [f"{at}.example" for at in range(MOST)] == [one.host for one in found[:-1]]
    assert Holder("", OTHERS, sum(one.connections for one in remotes[MOST:]) + 7) == found[-1]
    assert () == holders([], owned)
