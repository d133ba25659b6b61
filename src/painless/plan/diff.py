"""From what is live to what is wanted: the least disruptive steps.

Nothing a worker can see changes before NGINX has accepted the staged text, and no generation becomes current
before every hot file it names exists.  Nothing is removed that may be open: workers of an old generation may
drain for hours.
"""

import re
from collections.abc import Iterable

from msgspec import structs

from painless.nginx.generation import AT_LOAD, UPSTREAMS, Generation, generation_id
from painless.plan.steps import (
    Await,
    DropHot,
    PutHot,
    Reload,
    Resolve,
    Stage,
    Start,
    Step,
    Switch,
    Verify,
)


def plan(live: Generation, want: Generation) -> tuple[Step, ...]:
    """Return the steps from ``live``, which NGINX runs, to ``want``; none when they are equal."""
    puts = tuple(_puts(live, want))
    drops = tuple(_drops(live, want))
    if live.cold == want.cold:
        return (*puts, *drops)
    new = want.upstreams - live.upstreams
    first = _upstreams_first(live, want) if moves(live, want) else _started(live, want)
    resolve = (Resolve(new),) if new else ()
    return (
        *test(want),
        *puts,
        *first,
        Switch(want.id),
        Reload(),
        Await(want.id),
        *resolve,
        *drops,
    )


def test(want: Generation) -> tuple[Step, ...]:
    """Return the steps that ask NGINX whether it would take ``want``; no worker notices."""
    # Nobody else opens these: their content names them.
    read = (PutHot(path, content) for path, content in sorted(want.hot.items()) if path.startswith(AT_LOAD))
    return (*read, Stage(want), Verify(want.id))


def _started(live: Generation, want: Generation) -> tuple[Step, ...]:
    """Return what a start that was interrupted has still to wait for: nobody is served before."""
    waits = live.upstreams & want.upstreams if not live.routes else frozenset()
    return (Resolve(waits),) if waits else ()


def moves(live: Generation, want: Generation) -> frozenset[str]:
    """Return the routes that have traffic and move to an upstream NGINX does not know yet.

    It would answer 502 for them until its resolver was answered, so the upstreams are loaded first.
    """
    new = want.upstreams - live.upstreams
    return frozenset(route for route, uses in want.routes.items() if uses & new and route in live.routes)


def plan_start(want: Generation, warm: Generation, left: frozenset[str]) -> tuple[Step, ...]:
    """Return the steps to ``want`` when NGINX does not run.

    ``warm`` is the generation that only resolves the upstreams of ``want``: a new NGINX has no peers, so it
    starts there and takes requests when it has them.  ``left`` are the markers on the disk from before.
    """
    puts: tuple[Step, ...] = tuple(PutHot(path, want.hot[path]) for path in sorted(want.hot))
    puts += tuple(DropHot(path) for path in sorted(left - frozenset(want.hot)))
    if not want.upstreams:
        return (*test(want), *puts, Switch(want.id), Start(), Await(want.id))
    return (
        *test(want),
        Stage(warm),
        *puts,
        Switch(warm.id),
        Start(),
        Await(warm.id),
        Resolve(want.upstreams),
        Switch(want.id),
        Reload(),
        Await(want.id),
    )


def _upstreams_first(live: Generation, want: Generation) -> tuple[Step, ...]:
    """Return the steps to the routes of ``live`` with the upstreams of both."""
    both = _joined(live, want)
    added = both.upstreams - live.upstreams
    if not added:
        return ()
    return (
        Stage(both),
        Verify(both.id),
        Switch(both.id),
        Reload(),
        Await(both.id),
        Resolve(added),
    )


def _joined(live: Generation, want: Generation) -> Generation:
    """Return ``live`` with the upstream blocks that only ``want`` has."""
    blocks = _blocks(want)
    size = next(iter(_ZONE.findall(want.cold[UPSTREAMS])), "")
    known = _blocks(live)
    kept = [_ZONE.sub(size, block) for block in known.values()]
    added = {name: _neutral(one) for name, one in blocks.items() if name not in known}
    cold = {**live.cold, UPSTREAMS: "\n\n".join([*kept, *added.values()]) + "\n"}
    return structs.replace(
        live,
        id=generation_id(cold),
        cold=cold,
        hot={**live.hot, **want.hot},
        origins={**live.origins, UPSTREAMS: ()},
        upstreams=live.upstreams | (want.upstreams & frozenset(added)),
    )


# One zone for all upstreams, so every block has to name the same size.
_ZONE = re.compile(r"(?m)^ *zone \S+ \S+;$")
_NAME = re.compile(r"(?m)^upstream (\S+) \{$")


def _blocks(generation: Generation) -> dict[str, str]:
    """Return the upstream blocks by name; the printer leaves an empty line between two and none within."""
    parts = generation.cold.get(UPSTREAMS, "").strip("\n").split("\n\n")
    return {name[1]: part for part in parts if (name := _NAME.search(part))}


def _neutral(block: str) -> str:
    """Return an upstream's block as far as it resolves its peers, which nobody asks yet.

    What has a variable says who is asked, and needs a map of the main file it came with.
    """
    return "\n".join(line for line in block.split("\n") if "$" not in line)


def _puts(live: Generation, want: Generation) -> Iterable[Step]:
    return (
        PutHot(path, content) for path, content in sorted(want.hot.items()) if live.hot.get(path) != content
    )


def _drops(live: Generation, want: Generation) -> Iterable[Step]:
    """Return the removal of markers; other hot files may still be opened by workers that drain."""
    return (
        DropHot(path)
        for path, content in sorted(live.hot.items())
        if not len(content) and path not in want.hot
    )
