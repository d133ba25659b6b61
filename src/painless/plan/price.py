"""What a change would cost: how it takes effect, whom it puts on notice, what it takes and what it waits for.

Values and pure functions.  Which generation a change comes to is compiled elsewhere (``controller.pricing``);
what is not known is ``None``, which is never taken for nothing.
"""

from collections.abc import Iterable
from itertools import islice

from msgspec import Struct, structs

from painless.model.diagnostics import Diagnostic
from painless.model.objects import ObjectRef
from painless.nginx.generation import Generation
from painless.plan.changes import Change, Differ, Effect, Kind, changes, effect
from painless.plan.diff import plan
from painless.plan.difference import difference
from painless.plan.steps import Reload
from painless.plan.workers import Connections, GenerationState, Holder

SHOWN = 200  # Reasons, files and findings that are listed: the rest is counted.
LINES = 5_000  # Of a diff: more is nobody's to read.


class Why(Struct, frozen=True, rename="camel"):
    """One reason of a reload; without ``object`` it is a setting of ours, or that NGINX does not run."""

    change: Kind
    object: ObjectRef | None
    field: str

    def __str__(self) -> str:
        return str(Change(self.change, self.object, self.field))


class Finding(Struct, frozen=True, rename="camel"):
    """What is found about an object that was not before, as ``painless lint --output json`` has it."""

    severity: str
    reason: str
    kind: str
    namespace: str
    name: str
    field: str
    says: str
    hint: str = ""


class Notice(Struct, frozen=True, rename="camel"):
    """The workers of one generation and what is open on them.

    ``draining`` is ``None`` for those that serve: a reload tells them to end, closes what is idle, and leaves
    the rest its grace.
    """

    generation: str
    draining: float | None
    workers: int
    connections: Connections | None
    memory: int | None
    held_by: tuple[Holder, ...]


class Wait(Struct, frozen=True, rename="camel"):
    """What the reload would wait for before it begins: seconds, why, and what has to leave.

    ``seconds`` is ``None`` when it would wait until there is more memory.
    """

    seconds: float | None
    why: str
    retires: tuple[str, ...] = ()


class Price(Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer; ``memory`` is in bytes, while old and new workers run.

    ``hot_files`` are written and ``endpoints`` are told without a reload.  ``ignored`` has a sentence about
    each object without any effect.  ``pending`` counts what has changed and is not served yet, which is not
    part of this.  ``more`` counts what is not listed.
    """

    effect: Effect
    from_: str = ""
    to: str = ""
    loads: int = 0
    reasons: tuple[Why, ...] = ()
    hot_files: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    resolved: int = 0
    ignored: tuple[str, ...] = ()
    more: int = 0
    pending: int = 0
    notice: tuple[Notice, ...] | None = None
    memory: int | None = None
    wait: Wait | None = None
    diff: str = ""


def loads(live: Generation | None, want: Generation) -> int:
    """Return how many times NGINX has to load: twice where upstreams have to be known first."""
    if live is None:
        return 1
    return sum(isinstance(one, Reload) for one in plan(live, want))


def reasons(live: Generation | None, want: Generation, differ: Differ | None) -> tuple[Why, ...]:
    """Return why NGINX has to load; nothing when it has not."""
    if effect(live, want) is not Effect.RELOAD:
        return ()
    found = changes(live, want, differ) if live else (Change(Kind.STARTED, None, ""),)
    return tuple(Why(one.kind, one.ref, one.field) for one in found)


def written(live: Generation | None, want: Generation) -> tuple[str, ...]:
    """Return the hot files that differ."""
    before = live.hot if live else {}
    return tuple(sorted(path for path in {*before, *want.hot} if before.get(path) != want.hot.get(path)))


def bounded(whole: Price) -> Price:
    """Return an answer of a bounded size; what is not listed is counted."""
    names = ("reasons", "hot_files", "endpoints", "findings", "ignored")
    short = {name: getattr(whole, name)[:SHOWN] for name in names}
    more = sum(len(getattr(whole, name)) - len(short[name]) for name in names)
    return structs.replace(whole, **short, more=more)


def lines_of(live: Generation, want: Generation) -> str:
    """Return the difference, the first lines of a long one."""
    every = difference(live, want)
    text = "".join(islice(every, LINES))
    return text + ("…\n" if next(every, None) is not None else "")


def finding(one: Diagnostic) -> Finding:
    about = one.about
    return Finding(
        one.severity, one.reason, about.kind, about.namespace, about.name, one.field, one.says, one.hint
    )


def notices(generations: Iterable[GenerationState]) -> tuple[Notice, ...]:
    """Return whom a reload would concern, those that serve first."""
    found = sorted(generations, key=lambda one: (one.draining is not None, one.age))
    return tuple(
        Notice(one.id, one.draining, len(one.workers), one.connections, one.memory, one.held_by)
        for one in found
    )
