"""Of changes of endpoints one is measured now and then, from the change until NGINX has been told."""

from tests.builders import web
from tests.unit.controller.program import Program, running, slices

from painless.controller.propagation import EVERY, LONGEST
from painless.controller.telling import Took


def measured(program: Program) -> list[float]:
    return [round(seconds, 1) for what, seconds in program.heard.times if what is Took.ENDPOINTS]


async def test_until_nginx_was_answered() -> None:
    """The first change counts, and no other until a while after; what nobody asks for counts as longest."""
    program = Program()
    async with running(program):
        await program.say(*web(), slices("10.0.0.1"))
        await program.wait_for(1)
        program.responder.unasked = frozenset(program.responder.answers)
        await program.say(slices("10.0.0.2"), seconds=1.0)
        await program.say(slices("10.0.0.3"), seconds=1.0)
        program.responder.unasked = frozenset()
        await program.clock.pass_(EVERY + 1)
        first = measured(program)
        program.responder.unasked = frozenset(program.responder.answers)
        await program.say(slices("10.0.0.4"), seconds=LONGEST + 1)
        assert ([2.0], [2.0, LONGEST]) == (first, measured(program))
