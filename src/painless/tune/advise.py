"""All advice together: what should change first, then what is good as it is, then what was not measured."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from painless.tune.advice import Advice, Missing, Report, World
from painless.tune.autoscalers import autoscalers
from painless.tune.endings import endings
from painless.tune.machine import machine
from painless.tune.requests import requests

PARTS: Mapping[str, Callable[[World], Iterator[Advice | Missing]]] = {
    "requests": requests,
    "ending": endings,
    "machine": machine,
    "autoscalers": autoscalers,
}


def advise(world: World) -> Report:
    """Return the report."""
    found = list(chain.from_iterable(part(world) for part in PARTS.values()))
    advice = [one for one in found if isinstance(one, Advice)]
    return Report(
        source=world.measured.source,
        seconds=world.measured.seconds,
        changes=tuple(one for one in advice if one.change),
        good=tuple(one for one in advice if not one.change),
        missing=tuple(one for one in found if isinstance(one, Missing)),
    )
