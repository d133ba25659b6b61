"""What the controller says of itself to whoever asks: one value, as JSON for programs and tables for people.

Its keys are stable.  Whatever part knows something adds one field here, and gives it where ``app`` puts the
value together; ``None`` where it is not known.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from painless.controller.picture import Picture
from painless.model.diagnostics import Severity
from painless.plan.capacity import Capacity
from painless.plan.changes import Change
from painless.plan.governor import Budget, Why
from painless.plan.queues import Queues
from painless.plan.reasons import MEANS
from painless.plan.workers import Connections, GenerationState, Holder, WorkerState

REASONS = 20  # Of one load that are kept: a renewed class has one for each Ingress.


class Live(Struct, frozen=True, rename="camel"):
    """The generation that NGINX's workers run, and what there is in it."""

    id: str
    ingresses: int
    servers: int
    upstreams: int


class GenerationStatus(Struct, frozen=True, rename="camel"):
    """The workers of one generation: seconds since it began, and since it drains; bytes of memory (PSS)."""

    id: str
    age: float
    draining: float | None
    memory: int | None
    connections: Connections | None
    workers: tuple[WorkerState, ...]
    held_by: tuple[Holder, ...]


class Load(Struct, frozen=True, rename="camel"):
    """A change for which NGINX had to load: when (UTC), how many times, and the first of its reasons."""

    at: str
    generation: str
    loads: int
    reasons: tuple[str, ...]
    more: int = 0


class Held(Struct, frozen=True, rename="camel"):
    """Objects that NGINX refuses, by what is served of them."""

    earlier: int = 0
    nothing: int = 0


class FitStatus(Struct, frozen=True, rename="camel"):
    """A value of the configuration that follows from the machine, and why it is so."""

    directive: str
    value: int | str
    because: str


class LimitStatus(Struct, frozen=True, rename="camel"):
    """Clients that one limit allows at a time, and how that comes about."""

    name: str
    connections: int
    because: str


class CapacityStatus(Struct, frozen=True, rename="camel"):
    """Clients that there are and that there may be, and what stops them first; ``limits`` begin with it."""

    clients: int
    connections: int | None
    used_ratio: float | None
    binding: str
    limits: tuple[LimitStatus, ...]


class QueueStatus(Struct, frozen=True, rename="camel"):
    """Connections that wait to be accepted: now, at most in the last minute, at most allowed; and dropped."""

    listen: str
    worker: str
    depth: int
    longest: int
    limit: int | None
    drops: int | None


class OverflowStatus(Struct, frozen=True, rename="camel"):
    """A listener that drops connections, since how many seconds, and why."""

    listen: str
    seconds: float
    drops: int
    cause: str
    evidence: str
    remedy: str


class Decided(Struct, frozen=True, rename="camel"):
    """Something that the governor of reloads did: when (UTC), and what in a sentence."""

    at: str
    says: str


class GovernorStatus(Struct, frozen=True, rename="camel"):
    """What a change waits for, if one does; the generations and the bytes that there may be at a time."""

    waits_for: str
    generations: int
    memory: int | None
    decisions: tuple[Decided, ...]


class TurnsStatus(Struct, frozen=True, rename="camel"):
    """Replicas' turns to load: whom a change of ours waits for, whether it is our turn, how our last came.

    ``served`` has the generation that each replica ran at the end of its last turn, as we saw it last.
    """

    waits_for: str = ""
    ours: bool = False
    last: str = ""
    served: Mapping[str, str] = {}


class DoctorStatus(Struct, frozen=True, rename="camel"):
    """What the doctor found: when it looked (UTC), findings by severity, the worst of them in sentences.

    ``problem`` says why it could not look since.
    """

    at: str
    findings: Mapping[str, int] = {}
    worst: tuple[str, ...] = ()
    problem: str = ""


class Status(Struct, frozen=True, kw_only=True, rename="camel"):
    """How things stand: ``missing`` says why it is not ready, ``wrong`` all that is not as it should be.

    ``unknown`` is what cannot be read here, each with what it takes.
    """

    version: str
    nginx: str
    ready: bool
    missing: str = ""
    wrong: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    live: Live | None = None
    generations: tuple[GenerationStatus, ...] | None = None
    governor: GovernorStatus | None = None
    turns: TurnsStatus | None = None
    last_loads: tuple[Load, ...] = ()
    capacity: CapacityStatus | None = None
    queues: tuple[QueueStatus, ...] | None = None
    overflows: tuple[OverflowStatus, ...] = ()
    fit: tuple[FitStatus, ...] | None = None
    held: Held = Held()
    findings: dict[str, int] = {}
    doctor: DoctorStatus | None = None


def load_of(at: str, generation: str, reasons: tuple[Change, ...], loads: int) -> Load:
    shown = tuple(str(one) for one in reasons[:REASONS])
    return Load(at, generation, loads, shown, len(reasons) - len(shown))


def live_of(picture: Picture) -> Live | None:
    live, compiled = picture.live, picture.compiled
    if live is None:
        return None
    # Beside a live generation nothing was compiled only where it was taken over, a moment ago.
    servers = len(compiled.site.servers) if compiled else 0
    return Live(live.id, len(compiled.ingresses) if compiled else 0, servers, len(live.upstreams))


def held_of(picture: Picture) -> Held:
    return Held(picture.held_earlier, picture.held_out)


def findings_of(picture: Picture) -> dict[str, int]:
    """Count the findings by severity."""
    found = [one.severity for one in picture.diagnostics]
    return {str(one): found.count(one) for one in Severity}


def generation_of(one: GenerationState) -> GenerationStatus:
    return GenerationStatus(
        one.id, one.age, one.draining, one.memory, one.connections, one.workers, one.held_by
    )


def governor_of(picture: Picture, budget: Budget, decisions: tuple[Decided, ...]) -> GovernorStatus:
    return GovernorStatus(picture.governor, budget.generations, budget.memory, decisions)


def fit_of(picture: Picture) -> tuple[FitStatus, ...] | None:
    if picture.compiled is None:
        return None
    return tuple(FitStatus(one.name, one.value, one.because) for one in picture.compiled.fit.lines)


def capacity_of(one: Capacity | None) -> CapacityStatus | None:
    if one is None:
        return None
    limits = tuple(LimitStatus(each.name, each.connections, each.because) for each in one.limits)
    return CapacityStatus(one.clients, one.connections, one.used_ratio, one.binding, limits)


def queues_of(queues: Queues) -> tuple[QueueStatus, ...] | None:
    if queues.sample is None:
        return None
    here = {(one.listen, one.worker) for one in queues.sample.queues}
    return tuple(
        QueueStatus(
            *key,
            one.queue.depth,
            one.longest,
            one.queue.limit,
            None if one.queue.drops is None else one.drops,
        )
        for key, one in sorted(queues.lines.items())
        if key in here
    )


def overflows_of(queues: Queues) -> tuple[OverflowStatus, ...]:
    found = ((listen, one, one.latest) for listen, one in sorted(queues.episodes.items()))
    return tuple(
        OverflowStatus(listen, one.seconds, one.drops, why.cause.value, why.evidence, why.remedy)
        for listen, one, why in found
    )


def wrong_with(
    missing: str,
    held: Held,
    overflows: Iterable[OverflowStatus] = (),
    waits_for: str = "",
    failing: str = "",
) -> tuple[str, ...]:
    """Return what is not as it should be, each in a sentence."""
    return tuple(_wrong(missing, held, overflows, waits_for, failing))


def _wrong(
    missing: str, held: Held, overflows: Iterable[OverflowStatus], waits_for: str, failing: str
) -> Iterable[str]:
    if missing:
        yield f"it is not ready: {missing}"
    if count := held.earlier + held.nothing:
        yield f"NGINX refuses {count} of the objects; the log says which and why"
    if failing:
        yield f"the latest changes are not applied, which is tried again: {failing}"
    if waits_for == Why.NO_ROOM:
        yield f"a change waits: {MEANS[waits_for]}"
    for one in overflows:
        yield f"{one.listen} dropped {one.drops} connections: {one.cause}, {one.evidence}; {one.remedy}"
