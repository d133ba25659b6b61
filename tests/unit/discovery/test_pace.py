"""Answers are spread, and what nobody was ever told goes first."""

from painless.discovery.pace import PORTION, TICK, Pace


def waiting(fresh: int = 0, known: int = 0) -> Pace[str]:
    pace: Pace[str] = Pace()
    pace.fresh.extend(["fresh"] * fresh)
    pace.known.extend(["known"] * known)
    return pace


def test_a_burst_of_known_questions_is_spread():
    """A tick earns one portion, and the first has no more than a late one would."""
    pace = waiting(known=5 * PORTION)
    gone = [len(list(pace.portion(1.0 + at * TICK))) for at in range(5)]
    assert gone == [2 * PORTION, PORTION, PORTION, PORTION, 0]


def test_a_late_tick_makes_up_for_it():
    """What the work of a tick delays the next one by is not lost: the rate is that of the clock."""
    pace = waiting(known=10 * PORTION)
    list(pace.portion(1.0))
    assert len(list(pace.portion(1.0 + 1.5 * TICK))) == 1.5 * PORTION
    assert len(list(pace.portion(2.0))) == 2 * PORTION


def test_a_fresh_question_does_not_wait_behind_known_ones():
    """Whatever waits, a name that NGINX never heard of is answered at the next tick, and first."""
    pace = waiting(known=5 * PORTION)
    list(pace.portion(1.0))
    pace.fresh.append("fresh")
    assert next(iter(pace.portion(1.0 + TICK))) == "fresh"


def test_a_flood_of_fresh_questions_is_spread_too_and_goes_first():
    """A thousand go at once, more would overflow NGINX's buffers; the known wait for all of them."""
    pace = waiting(fresh=1000 + 2 * PORTION, known=1)
    gone = [list(pace.portion(1.0 + at * TICK)) for at in range(4)]
    assert [len(one) for one in gone] == [1000, PORTION, PORTION, 1]
    assert gone[3] == ["known"]


def test_a_large_backlog_drains_faster():
    """What waits never waits for long, however many generations ask."""
    pace = waiting(known=100_000)
    ticks = 0
    while len(pace):
        list(pace.portion(1.0 + ticks * TICK))
        ticks += 1
    assert ticks * TICK < 1.0
