"""Who is refused: named ones at once, the others by halving, and never more trials than allowed."""

import random
from collections.abc import Callable, Collection

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from painless.controller.search import LOADS, TESTS, Blame, Bounds, Found, Refs, Trial, search
from painless.model.objects import ObjectRef, Origin

SILENT = Blame("no")


def refs(count: int) -> tuple[ObjectRef, ...]:
    return tuple(ObjectRef("Ingress", "shop", f"web-{at:04}") for at in range(count))


def naming(*some: ObjectRef) -> Blame:
    return Blame("no", tuple(Origin(one, "spec") for one in some))


def nobody(_: Refs) -> Refs:
    return frozenset()


class Asked(Struct):
    """An NGINX that refuses by ``says``, and the trials it was asked."""

    says: Callable[[Trial], Blame | None]
    trials: list[Trial] = []

    def look(self, changed: Collection[ObjectRef], first: Blame, bounds: Bounds) -> Found | None:
        hunt = search(frozenset(changed), first, nobody, bounds)
        try:
            self.trials.append(next(hunt))
            while True:
                self.trials.append(hunt.send(self.says(self.trials[-1])))
        except StopIteration as end:
            found: Found | None = end.value
            return found


def refusing(*bad: ObjectRef, names: bool) -> Asked:
    """Return an NGINX that refuses these, the first of them first; with ``names`` it says which one."""

    def says(trial: Trial) -> Blame | None:
        there = [one for one in bad if one not in trial.held]
        return (naming(there[0]) if names else SILENT) if there else None

    return Asked(says, [])


@given(
    count=st.integers(1, 40), bad=st.dictionaries(st.integers(0, 39), st.booleans(), min_size=1, max_size=4)
)
def test_what_is_left_is_what_nginx_takes(count: int, bad: dict[int, bool]) -> None:
    """Whether it names them or not, in any mixture: the refused are held, and not one more."""
    all_ = refs(count)
    offenders = {all_[at % count]: names for at, names in bad.items()}

    def says(trial: Trial) -> Blame | None:
        there = [one for one in offenders if one not in trial.held]
        return (naming(there[0]) if offenders[there[0]] else SILENT) if there else None

    asked = Asked(says, [])
    found = asked.look(all_, says(Trial(frozenset(), frozenset())) or SILENT, bounds(trials=200))
    assert found is not None
    assert offenders.keys() == found.refused.keys()
    assert frozenset() == found.waiting | found.left_out


def bounds(trials: int = TESTS, left_out: int = 3, *, proven: bool = False) -> Bounds:
    return Bounds(trials, left_out, proven)


def test_each_named_one_takes_one_trial() -> None:
    """Three at once are three trials: two more refusals, and the rest."""
    all_, bad = refs(1000), refs(1000)[3:900:400]
    asked = refusing(*bad, names=True)
    found = asked.look(all_, naming(bad[0]), bounds())
    assert found == Found(dict(zip(bad, map(naming, bad), strict=True)))
    assert 3 == len(asked.trials)


@pytest.mark.parametrize(("count", "bad"), [(1, 1), (2, 2), (40, 1), (100, 2), (5000, 1)])
def test_the_unnamed_are_found_by_halving(count: int, bad: int) -> None:
    """All of them and nobody else, in a number of trials that grows with the logarithm."""
    all_ = refs(count)
    offenders = random.Random(count).sample(all_, bad)
    asked = refusing(*offenders, names=False)
    found = asked.look(all_, SILENT, bounds())
    assert found is not None
    assert set(offenders) == found.refused.keys()
    assert frozenset() == found.waiting | found.left_out
    assert len(asked.trials) <= 1 + 2 * bad * count.bit_length()


@pytest.mark.parametrize("trials", [LOADS, TESTS])
@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize(("count", "bad"), [(60, 60), (300, 40), (3000, 10)])
def test_there_is_an_end_and_each_search_gets_further(
    count: int, bad: int, trials: int, *, names: bool
) -> None:
    """However many are refused: a search takes its number of trials, and the next ones find the rest."""
    left = set(refs(count))
    offenders = random.Random(bad).sample(sorted(left), bad)
    served: set[ObjectRef] = set()
    held: set[ObjectRef] = set()
    while set(offenders) & left:
        there = [one for one in offenders if one in left]
        asked = refusing(*there, names=names)
        found = asked.look(left, naming(there[0]) if names else SILENT, bounds(trials, proven=True))
        assert found is not None
        assert len(asked.trials) <= trials
        before = len(left)
        held |= found.refused.keys()
        served |= left - found.refused.keys() - found.waiting
        left = set(found.waiting)
        assert len(left) < before
    assert set(offenders) <= held
    assert set(offenders).isdisjoint(served)
    assert not names or held == set(offenders)


def test_where_what_was_good_is_refused_too_nobody_is_suspected() -> None:
    """One trial shows it: the disk, a port, or we ourselves are the reason."""
    asked = Asked(lambda _: SILENT, [])
    assert asked.look(refs(100), SILENT, bounds()) is None
    assert 1 == len(asked.trials)
    assert frozenset(refs(100)) == asked.trials[0].held


def test_where_nothing_changed_nobody_is_suspected() -> None:
    """What serves is not left out for a reason of ours."""
    asked = Asked(lambda _: SILENT, [])
    assert asked.look((), naming(*refs(1)), bounds(left_out=0)) is None


def test_an_unchanged_one_that_is_named_is_left_out() -> None:
    """Another object's change can uncover a line that nobody saw before."""
    mine, other = refs(2)

    def says(trial: Trial) -> Blame | None:
        return None if mine in trial.left_out else naming(mine)

    found = Asked(says, []).look((other,), naming(mine), bounds())
    assert found == Found({mine: naming(mine)}, frozenset({mine}))


def test_one_whose_earlier_version_is_refused_as_well_is_left_out() -> None:
    """First it is held at what was good; what was good for another NGINX may not be."""
    (mine,) = refs(1)

    def says(trial: Trial) -> Blame | None:
        return None if mine in trial.left_out else naming(mine)

    found = Asked(says, []).look((mine,), naming(mine), bounds())
    assert found == Found({mine: naming(mine)}, frozenset({mine}))


def test_many_unchanged_ones_are_not_left_out() -> None:
    """When a line that all hosts share is refused, the change is at fault and not the hosts."""
    *all_, changed = refs(20)

    def says(trial: Trial) -> Blame | None:
        return None if changed in trial.held else naming(*all_)

    found = Asked(says, []).look((changed,), naming(*all_), bounds())
    assert found is not None
    assert ({changed}, frozenset()) == (set(found.refused), found.left_out)


def test_what_it_refers_to_is_held_before_the_one_that_is_named() -> None:
    """A line can be refused for what it was given."""
    mine, other, *rest = refs(9)
    given = ObjectRef("Service", "shop", "web")
    hunt = search(frozenset({given, other, *rest}), naming(mine), lambda _: frozenset({given}), bounds())
    assert Trial(frozenset({given}), frozenset()) == next(hunt)
    with pytest.raises(StopIteration) as end:
        hunt.send(None)
    assert Found({given: naming(mine)}) == end.value.value
