"""What holds for the governor whatever changes come, in whatever order, and whoever is connected."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.properties.clusters import PATIENT, SEVERAL
from tests.properties.governed import LOAD, MEGABYTE, Change, Client, World, always, storm
from tests.properties.governor_day import BUDGET, simulated

from painless.plan.governor import GRANTED, LATEST, Budget
from painless.plan.pace import URGENT

pytestmark = PATIENT

CHANGES = st.lists(
    st.builds(
        Change,
        at=st.floats(0, 120),
        namespace=st.sampled_from(("a", "b", "c")),
        urgent=st.booleans(),
        loads=st.sampled_from((1, 1, 1, 2)),
    ),
    min_size=1,
    max_size=80,
)
CLIENTS = st.lists(
    st.lists(st.builds(Client, st.floats(0, 10_000), st.booleans()), max_size=30), min_size=1, max_size=5
)
BUDGETS = st.builds(
    Budget,
    generations=st.integers(3, 8),
    memory=st.sampled_from((None, 150 * MEGABYTE, 300 * MEGABYTE)),
    longest=st.sampled_from((10.0, 60.0)),
)
FEW = settings(SEVERAL, max_examples=SEVERAL.max_examples // 5)
"""For whole storms, each of which takes a while."""
LONGEST = max(LATEST, GRANTED) + 2 * LOAD + 0.1
"""Seconds: a change that came while another one was loaded waits for that, and then for its own load."""


@SEVERAL
@given(changes=CHANGES, clients=CLIENTS, budget=BUDGETS)
def test_no_decision_exceeds_the_budget(
    changes: list[Change], clients: list[list[Client]], budget: Budget
) -> None:
    """Neither in generations nor in memory, however long clients stay."""
    told = World(itertools.cycle(clients), budget).run(changes)
    assert told.most <= budget.generations
    assert told.memory <= (budget.memory or told.memory)
    assert 0 == told.over


@SEVERAL
@given(changes=CHANGES, clients=CLIENTS, budget=BUDGETS)
def test_nobody_starves(changes: list[Change], clients: list[list[Client]], budget: Budget) -> None:
    """Every change is served, within the same time."""
    told = World(itertools.cycle(clients), budget).run(changes)
    assert sorted(changes) == sorted(one for one, _ in told.served)
    assert told.longest() <= LONGEST


@SEVERAL
@given(changes=CHANGES, clients=CLIENTS, budget=BUDGETS)
def test_old_generations_have_their_time(
    changes: list[Change], clients: list[list[Client]], budget: Budget
) -> None:
    """Whatever presses."""
    told = World(itertools.cycle(clients), budget).run(changes)
    assert all(one >= GRANTED for one in told.granted)


@SEVERAL
@given(changes=CHANGES)
def test_urgent_changes_wait_a_second_where_there_is_room(changes: list[Change]) -> None:
    """What restores service of a namespace that has not used up its share is not gathered with others."""
    mend = Change(130.0 + 60.0, "mend", urgent=True)
    noise = [Change(at / 4, "a") for at in range(4 * 180, 4 * 200)]
    told = World(always(), Budget()).run([*changes, *noise, mend])
    [at] = [at for one, at in told.served if one is mend]
    assert at - mend.at <= URGENT + 2 * LOAD + 0.1


@FEW
@given(at=st.floats(20, 90), namespaces=st.integers(1, 3), clients=st.integers(0, 100))
def test_churn_delays_only_itself(at: float, namespaces: int, clients: int) -> None:
    """A namespace that was quiet is served at once in the midst of others' storm."""
    lone = Change(at, "quiet")
    told = World(always(*(Client(9999.0),) * clients), Budget()).run([*storm(1000, 100, namespaces), lone])
    [served] = [when for one, when in told.served if one is lone]
    assert served - at <= URGENT + 2 * LOAD + 0.1


@FEW
@given(
    namespaces=st.sampled_from((1, 7, 50, 1000)),
    clients=st.integers(1, 200),
    kind=st.builds(Client, st.just(9999.0), st.booleans()),
)
def test_a_storm_is_what_was_promised(namespaces: int, clients: int, kind: Client) -> None:
    """A thousand changes in 100 s with connections in each generation: 20 loads, 4 generations, 8 s, 10 s."""
    told = World(always(*(kind,) * clients), Budget()).run(storm(1000, 100, namespaces))
    assert len(told.loads) <= 20
    assert told.most <= 4
    assert min(told.granted) >= 8
    assert told.longest() <= 10


def test_without_pressure_nobody_is_retired() -> None:
    """The configured grace is the last word then."""
    told = World(always(Client(9999.0)), Budget()).run([Change(at * 100.0) for at in range(20)])
    assert [] == told.granted
    assert {"worker-shutdown-timeout"} == set(told.cut)


def test_an_hour_of_everything() -> None:
    """The short form of ``python -m tests.properties.governor_day``."""
    for name, (count, told) in simulated(hours=0.5).items():
        assert count == len(told.served), name
        assert told.most <= BUDGET.generations, name
        assert told.memory <= (BUDGET.memory or 0), name
        assert told.longest() <= LONGEST, name
        assert all(one >= GRANTED for one in told.granted), name
