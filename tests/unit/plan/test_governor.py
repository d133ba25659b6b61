"""Single decisions of the governor; what holds for all of them is in tests/properties."""

from painless.plan.governor import (
    AGAIN,
    GRANTED,
    LATE,
    LATEST,
    PATIENCE,
    RATE,
    STUCK,
    Budget,
    Cuts,
    Decision,
    Go,
    Outlook,
    Retire,
    Wait,
    Why,
    decide,
    missing,
    outlook,
)
from painless.plan.pace import Turn
from painless.plan.reasons import MEANS
from painless.plan.workers import Connections, GenerationState, WorkerState

NOW = 1000.0
NONE, USUAL = Cuts(), Budget()
KNOWN = Connections()


def worker(pid: int, held: Connections | None = KNOWN, memory: int | None = 10) -> WorkerState:
    return WorkerState(pid, draining=True, connections=held, memory=memory)


def generation(id_: str, draining: float | None, *workers: WorkerState) -> GenerationState:
    return GenerationState(id_, (draining or 0.0) + 10, draining, workers or (worker(int(id_)),))


LIVE = generation("9", None)
ASKED = Turn(due=NOW, since=NOW - 5)


def decided(
    *old: GenerationState, turn: Turn = ASKED, cuts: Cuts = NONE, budget: Budget = USUAL, loads: int = 1
) -> Decision:
    return decide(turn, loads, (*old, LIVE), cuts, budget, NOW)


def upgraded(count: int) -> Connections:
    return Connections(upgraded=count)


def test_with_room_it_is_loaded_when_it_is_due() -> None:
    """Neither before nor after."""
    assert Go(Why.DUE) == decided(generation("1", 1))
    assert Wait(NOW + 1, Why.COALESCING) == decided(turn=Turn(NOW + 1, NOW))
    assert Go(Why.URGENT) == decided(turn=Turn(NOW, NOW, urgent=NOW))


def test_at_the_budget_the_oldest_leaves() -> None:
    """Its worker with the fewest connections first."""
    oldest = generation("1", 90, worker(11, upgraded(5)), worker(12, upgraded(3)))
    found = decided(generation("2", 50), oldest, generation("3", 20))
    assert Retire(12, "1", 3, Why.GENERATIONS) == found


def test_two_loads_need_two_places() -> None:
    """As when an upstream has to be known before traffic moves to it."""
    found = decided(generation("1", 90), generation("2", 50), loads=2)
    assert Retire(1, "1", 0, Why.GENERATIONS) == found


def test_an_old_generation_has_its_time() -> None:
    """Whatever waits."""
    young = [generation(str(at), 3.0 - at) for at in range(1, 4)]
    urgent = Turn(NOW, NOW - 20, urgent=NOW - 20)
    assert Wait(NOW + GRANTED - 2.0, Why.GRANTED) == decided(*young, turn=urgent)


def test_a_change_waits_for_what_ends_by_itself() -> None:
    """For a moment, if it is not urgent."""
    old = [generation(str(at), 90 - at) for at in range(1, 4)]
    assert Wait(NOW + PATIENCE, Why.PATIENCE) == decided(*old, turn=Turn(NOW, NOW))
    assert Retire(1, "1", 0, Why.GENERATIONS) == decided(*old, turn=Turn(NOW, NOW, urgent=NOW))


def test_nobody_leaves_before_the_change_is_due() -> None:
    """Connections live as long as nothing would be loaded anyway."""
    old = [generation(str(at), 90 - at) for at in range(1, 4)]
    assert Wait(NOW + 4, Why.COALESCING) == decided(*old, turn=Turn(NOW + 4, NOW - 1))


def test_requests_are_cut_only_when_nothing_else_makes_room() -> None:
    """A generation without requests leaves first, and after a while one with requests, and that is said."""
    busy = [generation(str(at), 30 - at, worker(at, Connections(http=1))) for at in range(1, 4)]
    quiet = generation("4", 20, worker(4, upgraded(7)))
    assert Retire(4, "4", 7, Why.GENERATIONS) == decided(*busy[:2], quiet)
    assert Wait(NOW - 5 + LATE, Why.REQUESTS) == decided(*busy)
    assert Retire(1, "1", 1, Why.CUT) == decided(*busy, turn=Turn(NOW, NOW - LATE))


def test_requests_that_have_timed_out_are_none() -> None:
    """What outlives every time-out is no request."""
    busy = [generation(str(at), 90 - at, worker(at, Connections(http=1))) for at in range(1, 4)]
    assert Retire(1, "1", 1, Why.GENERATIONS) == decided(*busy)


def test_clients_come_back_one_after_the_other() -> None:
    """The next worker leaves when the clients of the last one had time, if no change has waited too long."""
    old = [generation("1", 90, worker(11, upgraded(500)), worker(12, upgraded(600)))]
    old += [generation(str(at), 50 - at) for at in (2, 3)]
    cuts = Cuts({10: NOW - 1}, NOW - 1, 100)
    turn = Turn(NOW - 6, NOW - 7)
    assert Wait(NOW - 1 + 100 / RATE, Why.RECONNECTS) == decided(*old, cuts=cuts, turn=turn)
    late = Turn(NOW - 6, NOW - LATEST)
    assert Retire(11, "1", 500, Why.GENERATIONS) == decided(*old, cuts=cuts, turn=late)


def test_a_large_generation_begins_to_leave_earlier() -> None:
    """So that its clients have time to come back, and the change does not wait for them."""
    large = generation("1", 90, worker(11, upgraded(150)), worker(12, upgraded(600)))
    old = [large, generation("2", 50), generation("3", 20)]
    turn = Turn(NOW + 2.9, NOW - 3)
    assert Retire(11, "1", 150, Why.GENERATIONS) == decided(*old, turn=turn)


def test_what_has_begun_to_leave_goes_on() -> None:
    """Another generation does not begin meanwhile."""
    begun = generation("2", 50, worker(21, upgraded(2)), worker(22, upgraded(2)))
    cuts = Cuts({21: NOW - 1}, NOW - 1, 2)
    found = decided(generation("1", 90), begun, generation("3", 20), cuts=cuts)
    assert Retire(22, "2", 2, Why.GENERATIONS) == found


def test_who_does_not_leave_is_waited_for_and_then_not() -> None:
    """A worker that ignores its signal stops nobody."""
    old = [generation(str(at), 90 - at) for at in range(1, 4)]
    assert Wait(NOW - 1 + STUCK, Why.LEAVING) == decided(*old, cuts=Cuts({1: NOW - 1}, NOW - 1, 0))
    assert Go(Why.DUE) == decided(*old, cuts=Cuts({1: NOW - STUCK - 1}, NOW - STUCK - 1, 0))


def test_memory_counts_as_generations_do() -> None:
    """A load takes twice what a generation does."""
    old = generation("1", 90, worker(1, upgraded(1), memory=30))
    assert Go(Why.DUE) == decided(old, budget=Budget(memory=100))
    assert Retire(1, "1", 1, Why.MEMORY) == decided(old, budget=Budget(memory=99))


def test_memory_that_cannot_be_read_does_not_count() -> None:
    """The number of generations does."""
    old = [generation(str(at), 90 - at, worker(at, memory=None)) for at in range(1, 4)]
    assert Go(Why.DUE) == decided(old[0], budget=Budget(memory=1))
    assert Retire(1, "1", 0, Why.GENERATIONS) == decided(*old, budget=Budget(memory=1))


def test_with_one_generation_left_changes_are_served() -> None:
    """Too little memory for another one is said, and feared, but for ever is longer."""
    budget = Budget(memory=1)
    assert Wait(NOW - 5 + LATEST, Why.MEMORY) == decided(budget=budget)
    assert Go(Why.OVER) == decided(budget=budget, turn=Turn(NOW, NOW - LATEST))


def test_what_the_kernel_would_kill_for_waits() -> None:
    """A load needs at least what the workers have and, once more, what they share with the master."""
    late = Turn(NOW, NOW - LATEST)
    assert Go(Why.OVER) == decided(budget=Budget(memory=1, most=30), turn=late)
    assert Wait(NOW + AGAIN, Why.NO_ROOM) == decided(budget=Budget(memory=1, most=29), turn=late)
    many = generation("9", None, worker(1, memory=15), worker(2, memory=15))
    assert (0, 1) == tuple(missing([many], 1, Budget(most=most)) for most in (75, 74))
    assert 45 == missing([many], 2, Budget(most=75))
    assert 0 == missing([generation("9", None, worker(1, memory=None))], 1, Budget(most=1))


def test_who_has_used_up_its_share_leaves_a_place() -> None:
    """For others, whose changes must not wait for it."""
    old = [generation("1", 90, worker(1, upgraded(1))), generation("2", 50)]
    shared = Turn(NOW, NOW - 5, shared=True)
    assert Retire(1, "1", 1, Why.GENERATIONS) == decided(*old, turn=shared)
    assert Go(Why.DUE) == decided(*old)


def test_what_is_not_known_of_connections_leaves_last() -> None:
    """And is taken for requests."""
    old = [generation(str(at), 30 - at, worker(at, held=None)) for at in range(1, 4)]
    assert Wait(NOW - 5 + LATE, Why.REQUESTS) == decided(*old)
    assert Retire(1, "1", None, Why.CUT) == decided(*old, turn=Turn(NOW, NOW - LATE))


def test_what_a_change_would_wait_for() -> None:
    """Who would leave for it, and how long that takes, if nobody left by itself."""
    old = [generation(str(at), 90 - at, worker(at, upgraded(at))) for at in range(1, 4)]
    now = Turn(NOW, NOW)
    assert Outlook(0.0, Why.DUE) == outlook(now, 1, (LIVE,), NONE, USUAL, NOW)
    found = outlook(now, 1, (*old, LIVE), NONE, USUAL, NOW)
    assert Outlook(PATIENCE, Why.PATIENCE, (Retire(1, "1", 1, Why.GENERATIONS),)) == found
    twice = outlook(now, 2, (*old, LIVE), NONE, USUAL, NOW)
    assert [1, 2] == [one.pid for one in twice.retires]


def test_the_outlook_on_memory_that_is_not_there_ends() -> None:
    """It is known for what it would wait, and not how long."""
    turn = Turn(NOW, NOW)
    old = generation("1", 90)
    found = outlook(turn, 1, (old, LIVE), NONE, Budget(memory=1, most=1), NOW)
    assert Outlook(None, Why.NO_ROOM, (Retire(1, "1", 0, Why.MEMORY),)) == found


def test_every_reason_has_words() -> None:
    """Whoever is told one is told what it means."""
    assert set(Why) == set(MEANS)
