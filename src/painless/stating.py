"""Puts together what the controller says of itself, of what its parts know.

What each part shows is ``controller.status``'; here is where it comes from.
"""

from typing import NamedTuple

from painless import __version__
from painless.compiler.options import Options
from painless.controller.picture import Picture
from painless.controller.status import (
    Decided,
    Load,
    Status,
    TurnsStatus,
    capacity_of,
    findings_of,
    fit_of,
    generation_of,
    governor_of,
    held_of,
    live_of,
    overflows_of,
    queues_of,
    wrong_with,
)
from painless.nginx.build import spelled
from painless.observe.accepting import Watched
from painless.plan.governor import Budget


class Known(NamedTuple):
    """What the parts know: ``missing`` says why we are not ready; loads and decisions, newest first.

    ``unread`` is what of NGINX's workers could not be read.

    Without other replicas to think of there are no ``turns``.
    """

    missing: str
    unread: tuple[str, ...]
    picture: Picture
    budget: Budget
    watched: Watched
    loads: tuple[Load, ...]
    decisions: tuple[Decided, ...]
    turns: TurnsStatus | None


def status(options: Options, known: Known) -> Status:
    """Return how things stand."""
    picture, watched, missing = known.picture, known.watched, known.missing
    held, overflows = held_of(picture), overflows_of(watched.queues)
    return Status(
        version=__version__,
        nginx=spelled(options.build.version),
        ready=not missing,
        missing=missing,
        wrong=wrong_with(missing, held, overflows, picture.governor, picture.failing),
        unknown=(*_unfit(picture), *known.unread, *watched.missing),
        live=live_of(picture),
        generations=tuple(map(generation_of, picture.generations)) or None,
        governor=governor_of(picture, known.budget, known.decisions),
        turns=known.turns,
        last_loads=known.loads,
        capacity=capacity_of(watched.capacity),
        queues=queues_of(watched.queues),
        overflows=overflows,
        fit=fit_of(picture),
        held=held,
        findings=findings_of(picture),
    )


def _unfit(picture: Picture) -> tuple[str, ...]:
    """Return what of the machine could not be read."""
    return picture.compiled.fit.machine.problems if picture.compiled else ()
