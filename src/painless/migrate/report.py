"""The report as a value: what each setting comes to, what is odd today, and how to switch.

Renderers read it and decide nothing.  No value of a Secret is ever in it: what it is made of has none.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from painless.model.objects import ObjectRef


class Standing(StrEnum):
    """What becomes of something, from good to bad."""

    SAME = "same"
    DIFFERS = "differs"
    UNSUPPORTED = "not supported"
    CLOSED = "closed"


MEANING = {
    Standing.SAME: "behaves as it does today",
    Standing.DIFFERS: "is served, and behaves differently; the report says how and where",
    Standing.UNSUPPORTED: "is left out; the report says what to use instead",
    Standing.CLOSED: "its paths answer 503, or its host 403, until it is mended",
}

_ORDER = tuple(Standing)


def rank(standing: Standing) -> int:
    """Return how bad a standing is."""
    return _ORDER.index(standing)


def worst(some: Iterable[Standing]) -> Standing:
    return max(some, key=rank, default=Standing.SAME)


class Verdict(Struct, frozen=True):
    """What becomes of one setting, or of one habit of ingress-nginx.

    ``says`` are whole sentences.  ``instead`` is what to use, ``where`` hosts with paths, if only some.
    """

    name: str
    standing: Standing
    says: tuple[str, ...] = ()
    value: str = ""
    instead: str = ""
    where: tuple[str, ...] = ()


class Surprise(Struct, frozen=True):
    """Something that is so today, and that its owner may not know; it stays as it is unless they say."""

    what: str
    says: str
    mend: str = ""


class Told(Struct, frozen=True):
    """A finding about objects that are no Ingresses of the class; ``whose`` are those it is the same of."""

    says: str
    whose: tuple[str, ...]
    mend: str = ""


class Judged(Struct, frozen=True):
    """One Ingress.  ``directives`` are its own lines, ``shared`` numbers of texts that others have, too."""

    ref: ObjectRef
    hosts: tuple[str, ...]
    standing: Standing
    verdicts: tuple[Verdict, ...] = ()
    surprises: tuple[Surprise, ...] = ()
    directives: str = ""
    shared: tuple[int, ...] = ()


class Step(Struct, frozen=True):
    """One thing to do: why, the commands, and a file that they need."""

    title: str
    commands: tuple[str, ...]
    says: str = ""
    file: tuple[str, str] = ("", "")


class Report(Struct, frozen=True):
    """Everything; ``ingresses`` are worst first.

    ``findings`` are about objects that are no Ingresses of the class.  ``others`` are Ingresses that the old
    controller does not serve either.  ``texts`` are directives that several Ingresses share.  ``notes`` say
    what could not be known.  ``general`` are differences that no object asks for: they are the same in every
    cluster, and do not count.
    """

    source: str
    controller: str
    standing: Standing
    ingresses: tuple[Judged, ...]
    config: tuple[Verdict, ...] = ()
    flags: tuple[Verdict, ...] = ()
    values: tuple[Verdict, ...] = ()
    findings: tuple[Told, ...] = ()
    others: tuple[ObjectRef, ...] = ()
    texts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    general: tuple[tuple[str, str], ...] = ()
    steps: tuple[Step, ...] = ()

    def count(self, standing: Standing) -> int:
        return sum(one.standing is standing for one in self.ingresses)

    def by_setting(self, standing: Standing) -> dict[str, "tuple[tuple[Judged, Verdict], ...]"]:
        """Return the verdicts of a standing by setting, those of most Ingresses first."""
        pairs = ((one, it) for one in self.ingresses for it in one.verdicts if it.standing is standing)
        return _grouped(pairs, lambda it: it.name)

    @property
    def by_surprise(self) -> dict[str, "tuple[tuple[Judged, Surprise], ...]"]:
        """Return the surprises by what they are, those of most Ingresses first."""
        return _grouped(((one, it) for one in self.ingresses for it in one.surprises), lambda it: it.what)

    @property
    def exit_status(self) -> int:
        """0 when all is the same, 1 when something differs, 2 when something is not served as it is."""
        return min(rank(self.standing), 2)


T = TypeVar("T")


def _grouped(
    pairs: Iterable[tuple[Judged, T]], name: Callable[[T], str]
) -> dict[str, tuple[tuple[Judged, T], ...]]:
    found: dict[str, list[tuple[Judged, T]]] = {}
    for pair in pairs:
        found.setdefault(name(pair[1]), []).append(pair)
    ordered = sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    return {key: tuple(some) for key, some in ordered}


def named(some: Iterable[tuple[Judged, T]], most: int) -> str:
    """Return whose these are: a few names, and how many more there are."""
    return few(tuple(dict.fromkeys(f"{one.ref.namespace}/{one.ref.name}" for one, _ in some)), most)


def few(names: Sequence[str], most: int) -> str:
    """Return some names, and how many more there are."""
    more = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{more}"


def capital(sentence: str) -> str:
    """Return a sentence with its first letter raised, unless it begins with a name."""
    first = sentence.partition(" ")[0]
    return sentence[:1].upper() + sentence[1:] if first.isalpha() else sentence


def many(count: int, one: str, others: str) -> str:
    """Return a number with its word."""
    return f"{count:,} {one if count == 1 else others}"
