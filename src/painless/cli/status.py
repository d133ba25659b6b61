"""``painless status``: what the controller says of itself, for eyes."""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from painless.cli.columns import counted, size, span, table
from painless.cli.running import ask
from painless.controller.status import GenerationStatus, Status
from painless.plan.reasons import MEANS
from painless.plan.workers import Connections, Holder

EACH = 1.0  # Seconds between two looks.
SHOWN = 3  # Loads, and holders of a generation, that are shown.


def show(state: Path, *, as_json: bool, watch: bool) -> int:
    """Show it, once or again and again; return the exit status: 1 when something is wrong."""
    try:
        while True:
            raw = ask(state, "/v1/status")
            if watch:
                click.clear()
            found = msgspec.json.decode(raw, type=Status)
            if as_json:
                click.echo(msgspec.json.format(raw, indent=2))
            else:
                for line in lines(found):
                    click.echo(line)
            if not watch:
                return 1 if found.wrong else 0
            time.sleep(EACH)
    except KeyboardInterrupt:
        return 0


def lines(found: Status) -> Iterator[str]:
    """Yield what people are shown."""
    yield f"painless {found.version}, nginx {found.nginx}: " + ("ready" if found.ready else found.missing)
    if live := found.live:
        what = (
            counted(live.ingresses, "Ingress", "Ingresses"),
            counted(live.servers, "server"),
            counted(live.upstreams, "upstream"),
        )
        yield f"generation {live.id}: {', '.join(what)}"
    findings = ", ".join(f"{count} {name}" for name, count in found.findings.items() if count)
    yield f"findings: {findings or 'none'}"
    for one in found.wrong:
        yield click.style(f"wrong: {one}", fg="red")
    for one in found.unknown:
        yield f"unknown: {one}"
    yield from _generations(found)
    yield from _governor(found)
    yield from _turns(found)
    yield from _capacity(found)
    yield from _queues(found)
    yield from _fit(found)
    yield from _loads(found)
    yield from _doctor(found)


def _generations(found: Status) -> Iterator[str]:
    if found.generations is None:
        return
    heads = ("GENERATION", "AGE", "DRAINING", "WORKERS", "HTTP", "UPGRADED", "STREAM", "MEMORY", "HELD BY")
    yield ""
    yield from table(heads, map(_row, found.generations))


def _row(one: GenerationStatus) -> tuple[str, ...]:
    return (
        one.id,
        span(one.age),
        span(one.draining),
        str(len(one.workers)),
        *kinds(one.connections),
        size(one.memory),
        held(one.held_by),
    )


def kinds(some: Connections | None) -> tuple[str, str, str]:
    return (str(some.http), str(some.upgraded), str(some.stream)) if some else ("?", "?", "?")


def held(some: tuple[Holder, ...]) -> str:
    """Return who holds a generation: the hosts with the most connections."""
    first = [_holder(one) for one in some[:SHOWN]]
    return "; ".join([*first, f"and {len(some) - SHOWN} more"] if len(some) > SHOWN else first)


def _holder(one: Holder) -> str:
    """Return one of them; which of the hosts that the same pods answer it is, no socket says."""
    others = f" or {counted(one.more, 'other host')}" if one.more else ""
    return (
        f"{one.host}{others} ({one.ingress}): {one.connections}" if one.host else f"others: {one.connections}"
    )


def _governor(found: Status) -> Iterator[str]:
    if (one := found.governor) is None:
        return
    memory = "" if one.memory is None else f" and {size(one.memory)}"
    yield ""
    yield f"governor: {one.generations} generations{memory} at most; " + (
        f"a change waits: {MEANS.get(one.waits_for, one.waits_for)}" if one.waits_for else "nothing waits"
    )
    yield from (f"  {each.at} {each.says}" for each in one.decisions[:SHOWN])


def _turns(found: Status) -> Iterator[str]:
    if (one := found.turns) is None:
        return
    now = f"a change waits for {one.waits_for}" if one.waits_for else "nothing waits"
    yield f"replicas: {'it is our turn' if one.ours else now}; our last load: {one.last or 'none yet'}"
    yield from (f"  {pod} served {generation}" for pod, generation in one.served.items())


def _capacity(found: Status) -> Iterator[str]:
    if (one := found.capacity) is None:
        return
    yield ""
    share = "?" if one.used_ratio is None else f"{one.used_ratio:.1%}"
    yield f"capacity: {one.clients} of {known(one.connections)} clients ({share})"
    rows = ((each.name, str(each.connections), each.because) for each in one.limits)
    yield from table(("LIMIT", "CLIENTS", "BECAUSE"), rows)


def _queues(found: Status) -> Iterator[str]:
    if not found.queues:
        return
    heads = ("LISTEN", "WORKER", "WAITING", "MOST (60 s)", "LIMIT", "DROPPED")
    yield ""
    rows = (
        (one.listen, one.worker, str(one.depth), str(one.longest), known(one.limit), known(one.drops))
        for one in found.queues
    )
    yield from table(heads, rows)


def _fit(found: Status) -> Iterator[str]:
    if not found.fit:
        return
    yield ""
    rows = ((one.directive, str(one.value), one.because) for one in found.fit)
    yield from table(("FITTED", "VALUE", "BECAUSE"), rows)


def _doctor(found: Status) -> Iterator[str]:
    if (one := found.doctor) is None:
        return
    yield ""
    counts = ", ".join(f"{count} {name}" for name, count in one.findings.items()) or "nothing found"
    yield f"doctor ({one.at}): {counts}; painless doctor shows them"
    yield from (f"  {each}" for each in one.worst)
    if one.problem:
        yield f"  it could not look since: {one.problem}"


def known(count: int | None) -> str:
    return "?" if count is None else str(count)


def _loads(found: Status) -> Iterator[str]:
    if not found.last_loads:
        return
    yield ""
    rows = (
        (one.at, one.generation, str(one.loads), _reasons(one.reasons, one.more))
        for one in found.last_loads[:SHOWN]
    )
    yield from table(("LOADED", "GENERATION", "RELOADS", "BECAUSE"), rows)


def _reasons(some: tuple[str, ...], more: int) -> str:
    rest = len(some) - SHOWN + more
    return "; ".join([*some[:SHOWN], *([f"and {rest} more"] if rest > 0 else [])])
