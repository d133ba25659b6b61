"""From the objects of a moment to what NGINX is to serve: the one way to compile, for rounds and forecasts.

Pure.  Which versions stand in the place of which is said by who knows: what NGINX refuses by ``quarantine``,
what the operator's policy does not take by ``policy``.
"""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, structs

from painless.compiler import Compiled, compile_snapshot
from painless.compiler.memory import Memory
from painless.compiler.options import Options
from painless.controller.inbox import Taken
from painless.controller.policy import TurnedAway, turned_away
from painless.controller.quarantine import Objects, Quarantine, compiled_of
from painless.model.objects import Object, ObjectRef
from painless.nginx.generation import Generation


class Want(Struct, frozen=True):
    """What objects come to; ``objects`` are those that were compiled, the held ones as they were good.

    ``turned_away`` are those that the operator's policy does not take, and what is served in their place.
    """

    taken: Taken
    objects: Objects
    held: Quarantine
    compiled: Compiled
    generation: Generation
    turned_away: TurnedAway = TurnedAway()


class Standing(NamedTuple):
    """Where things stand between two compiles: what NGINX took, what is held, and what is remembered."""

    confirmed: Want | None
    good: Objects
    held: Quarantine
    options: Options
    memory: Memory


def instead(held: Quarantine) -> dict[ObjectRef, Object | None]:
    """Return what is compiled in the place of what is held."""
    return {ref: one.good for ref, one in held.items()}


def want_of(taken: Taken, standing: Standing, more: Mapping[ObjectRef, Object | None] | None = None) -> Want:
    """Compile; ``more`` stands in the place of objects that are not held."""
    objects = compiled_of(taken.objects, {**instead(standing.held), **(more or {})})
    snapshot = structs.replace(taken, objects=objects).snapshot()
    away = turned_away(snapshot, standing.good, standing.options)
    if away.earlier:
        objects = compiled_of(objects, away.earlier)
        snapshot = structs.replace(taken, objects=objects).snapshot()
    compiled = away.told(compile_snapshot(snapshot, standing.options, standing.memory))
    return Want(taken, objects, standing.held, compiled, compiled.generation, away)
