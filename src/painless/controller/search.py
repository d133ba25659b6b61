"""Which of the changed objects does NGINX refuse?  A generator of trials: what to hold in, an answer out.

Pure: it neither compiles nor asks NGINX.  What a refusal names is held first; where it names nobody that
changed, the changed objects are halved.  The number of trials is bounded: what was not tried by then waits.
"""

from collections.abc import Callable, Generator, Mapping
from typing import NamedTuple

from msgspec import Struct

from painless.model.objects import ObjectRef, Origin

TESTS = 24  # Trials by a test: three unnamed among 100 take 20; at 5,000 hosts one takes seconds of a core.
LOADS = 8  # Trials by a load: a refused one costs the workers nothing, but an accepted one is a reload.
LEFT_OUT = 3  # Objects that serve unchanged and are named: more at once are no mistake of their owners.

Refs = frozenset[ObjectRef]
_NONE: Refs = frozenset()


class Blame(Struct, frozen=True):
    """What NGINX said, and what put the lines there that it meant."""

    says: str
    origins: tuple[Origin, ...] = ()

    @property
    def refs(self) -> Refs:
        return frozenset(one.ref for one in self.origins)

    def field(self, ref: ObjectRef) -> str:
        """Return the field of the object that is meant."""
        return next((one.field for one in self.origins if one.ref == ref), "")


class Trial(NamedTuple):
    """Objects to hold at their earlier good version, and of these the ones to leave out altogether."""

    held: Refs
    left_out: Refs


class Found(Struct, frozen=True):
    """Who is refused and why; for ``left_out`` no earlier version works, ``waiting`` were not tried."""

    refused: Mapping[ObjectRef, Blame]
    left_out: Refs = _NONE
    waiting: Refs = _NONE


class Bounds(Struct, frozen=True):
    """How many trials there may be, and how many objects that serve unchanged may be left out.

    ``proven``: that NGINX takes what was good before is known, so it need not be tried.
    """

    trials: int
    left_out: int
    proven: bool


Search = Generator[Trial, Blame | None, Found | None]
"""Yields trials, takes NGINX's answers (``None``: accepted), returns ``None`` when no object is behind it."""


def search(changed: Refs, first: Blame, around: Callable[[Refs], Refs], bounds: Bounds) -> Search:
    """Find the refused among ``changed``, which together were refused with ``first``.

    ``around`` says what objects refer to: a line can be refused for what it was given.
    """
    state = _State(changed, around, bounds)
    blame: Blame | None = first
    for _ in range(bounds.trials):
        if blame is None:
            state.accept()
        elif not state.suspect(blame):
            return None
        if state.settled:
            return state.found()
        blame = yield state.trial()
    return state.give_up(blame)


class _State:
    """Where a search is: who is refused, who is admitted, and what the next trial adds to these (``group``).

    ``halves`` are the other halves while a group is halved.  What a group and those come to was refused, so
    that of two halves, one of which is accepted, the other need not be tried.
    """

    def __init__(self, changed: Refs, around: Callable[[Refs], Refs], bounds: Bounds) -> None:
        self._changed = changed
        self._around = around
        self._bounds = bounds
        self._refused: dict[ObjectRef, Blame] = {}
        self._left_out: Refs = _NONE
        self._admitted: Refs = _NONE
        self._group = changed
        self._halves: list[Refs] = []
        self._last = Blame("")
        self._proven = bounds.proven
        self.settled = False

    def trial(self) -> Trial:
        held = (self._changed - self._admitted - self._group) | self._refused.keys()
        return Trial(frozenset(held), self._left_out)

    def accept(self) -> None:
        """Admit the group; of the other half it is known that it is refused."""
        self._admitted |= self._group
        self._proven = True
        if self._halves:
            self._group = self._halves.pop()
            self._narrow(self._last)
        else:
            self.settled = True

    def suspect(self, blame: Blame) -> bool:
        """Narrow down who is refused; return whether there is anybody to suspect."""
        self._last = blame
        if some := self._named(blame):
            self._refuse(some, blame)
        elif some := self._unable(blame):
            self._left_out |= some
            self._refuse(some, blame)
            # Nobody has seen what is left without them.
            self.settled = False
        elif self._group and self._proven:
            self._narrow(blame)
        elif self._group:
            # Before anybody is suspected: does NGINX take what was good?
            self._halves.append(self._group)
            self._group = _NONE
        else:
            return False
        return True

    def found(self, waiting: Refs = _NONE) -> Found:
        return Found(self._refused, self._left_out, waiting - self._refused.keys())

    def give_up(self, blame: Blame | None) -> Found:
        """Return what was found so far; the rest waits."""
        if blame is None:
            self._admitted |= self._group
        elif not self._refused and not self._admitted:
            # It is one of these few.  If none were held, the next search would begin where this one did.
            self._refuse(self._group, blame)
        return self.found(self._changed - self._admitted)

    def _named(self, blame: Blame) -> Refs:
        return blame.refs & self._group or self._around(blame.refs) & self._group

    def _unable(self, blame: Blame) -> Refs:
        """Return who is named though it did not change, or though it is held at what was good."""
        some = blame.refs - self._admitted - self._left_out
        return some if len(self._left_out | some) <= self._bounds.left_out else _NONE

    def _narrow(self, blame: Blame) -> None:
        """Halve a group that was refused; one object alone is what is refused."""
        some = sorted(self._group)
        if len(some) > 1:
            self._halves.append(frozenset(some[len(some) // 2 :]))
            self._group = frozenset(some[: len(some) // 2])
        else:
            self._refuse(self._group, blame)

    def _refuse(self, some: Refs, blame: Blame) -> None:
        """Hold these; the next trial has all of the rest."""
        self._refused |= dict.fromkeys(some, blame)
        self._halves.clear()
        self._group = self._changed - self._admitted - self._refused.keys()
        self.settled = self._proven and not self._group
