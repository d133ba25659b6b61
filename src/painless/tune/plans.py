"""A plan for eyes: who should move and what that gains, then the steps, then the files."""

from collections.abc import Iterator

from painless.advice.split import Move, Why
from painless.tune.classes import Plan
from painless.tune.terminal import plain, shown_files, wrapped

SHOWN = 5
_WHY = {
    Why.ENVIRONMENT: "another environment: its mistakes, load and changes would no longer reach the others",
    Why.LONG_LIVED: "connections that stay: each change of others holds old workers for them, or cuts them",
    Why.CHURN: "it changes most: each of its changes has all the others' workers replaced",
    Why.HEAVY: "it holds most of the connections: when it hangs, nobody else gets one",
}


def lines(plan: Plan, *, written: bool) -> Iterator[str]:
    """Yield the lines; the files are shown unless they were ``written``."""
    yield f"measured by {plain(plan.source)}"
    yield ""
    for move in plan.moves:
        yield from _move(move)
        for at, step in enumerate(plan.steps[move.pool], 1):
            yield from wrapped(f"{at}", step.title)
            yield from (f"{' ' * 12}$ {plain(one)}" for one in step.commands)
            yield from wrapped("", step.then)
        yield ""
    yield from shown_files({} if written else plan.files)
    for one in plan.missing:
        yield from wrapped("not known", one)
    yield summary(plan)


def summary(plan: Plan) -> str:
    count = sum(len(one.refs) for one in plan.moves)
    classes = "a class of their own" if len(plan.moves) == 1 else f"{len(plan.moves)} classes"
    if not count:
        return f"nothing to split: of {plan.ingresses} Ingresses none would be better off elsewhere"
    return f"{count} of {plan.ingresses} Ingresses should move, to {classes}"


def _move(move: Move) -> Iterator[str]:
    shown = ", ".join(f"{namespace}/{name}" for namespace, name in move.refs[:SHOWN])
    more = f" and {len(move.refs) - SHOWN} more" if len(move.refs) > SHOWN else ""
    yield f"{move.pool}  {shown}{more}"
    yield from wrapped("why", _WHY[move.why])
    yield from wrapped("gains", "; ".join(gains(move)))


def gains(move: Move) -> Iterator[str]:
    """Yield what is gained, in numbers that were measured."""
    if move.loads:
        share = move.loads / move.all_loads
        yield f"{move.loads:,.0f} of {move.all_loads:,.0f} loads ({share:.0%}) no longer touch the others"
    if move.staying:
        kept = move.all_loads - move.loads
        yield f"{move.staying:,.1f} connections that stay are no longer met by the other {kept:,.0f} loads"
    if move.open:
        yield f"{move.open:,.1f} open requests at a time take no connections of the others"
    if move.requests:
        yield f"{move.requests:,.0f} requests go with them"
