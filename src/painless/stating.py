"""Puts together what the controller says of itself, of what its parts know.

What each part shows is ``controller.status``'; here is where it comes from.
"""

from painless import __version__
from painless.compiler.options import Options
from painless.controller.picture import Picture
from painless.controller.status import (
    Load,
    Status,
    capacity_of,
    findings_of,
    fit_of,
    generation_of,
    held_of,
    live_of,
    overflows_of,
    queues_of,
    wrong_with,
)
from painless.nginx.build import spelled
from painless.observe.accepting import Watched


def status(
    options: Options, picture: Picture, missing: str, loads: tuple[Load, ...], watched: Watched
) -> Status:
    """Return how things stand; ``missing`` says why we are not ready, if we are not."""
    held, overflows = held_of(picture), overflows_of(watched.queues)
    return Status(
        version=__version__,
        nginx=spelled(options.build.version),
        ready=not missing,
        missing=missing,
        wrong=wrong_with(missing, held, overflows),
        live=live_of(picture),
        generations=tuple(map(generation_of, picture.generations)) or None,
        last_loads=loads,
        capacity=capacity_of(watched.capacity),
        queues=queues_of(watched.queues),
        overflows=overflows,
        fit=fit_of(picture),
        held=held,
        findings=findings_of(picture),
    )
