"""Answers are spread, and what nobody was ever told goes first."""

from painless.discovery.pace import PORTION, TICK, Pace


def test_a_burst_of_known_questions_is_spread():
    """One portion goes at once, then one a tick."""
    pace: Pace[int] = Pace()
    at_once = 0
    for number in range(250):
        if pace.may_go(1.0, fresh=False):
            at_once += 1
        else:
            pace.wait(number, fresh=False)
    assert (at_once, len(pace)) == (PORTION, 150)
    assert list(pace.portion()) == list(range(PORTION, 2 * PORTION))
    assert len(list(pace.portion())) == 50


def test_a_fresh_question_does_not_wait_behind_known_ones():
    """Whatever waits, a name that NGINX never heard of is answered at once."""
    pace: Pace[int] = Pace()
    for number in range(1000):
        pace.wait(number, fresh=False)
    assert pace.may_go(1.0, fresh=True)
    assert not pace.may_go(1.0, fresh=False)


def test_a_flood_of_fresh_questions_is_spread_too_and_goes_first():
    """Thousands at once would overflow NGINX's buffers; they still precede the known."""
    pace: Pace[str] = Pace()
    pace.wait("known", fresh=False)
    for _ in range(1500):
        if not pace.may_go(1.0, fresh=True):
            pace.wait("fresh", fresh=True)
    assert len(pace) == 501
    assert [one for _ in range(6) for one in pace.portion()] == ["fresh"] * 500 + ["known"]


def test_the_allowance_comes_back():
    """After a tick of silence another portion may go at once."""
    pace: Pace[int] = Pace()
    assert sum(pace.may_go(1.0, fresh=False) for _ in range(200)) == PORTION
    assert sum(pace.may_go(1.0 + 1.01 * TICK, fresh=False) for _ in range(200)) == PORTION


def test_a_large_backlog_drains_faster():
    """What waits never waits for long, however many generations ask."""
    pace: Pace[int] = Pace()
    for number in range(20_000):
        pace.wait(number, fresh=False)
    ticks = 0
    while len(pace):
        list(pace.portion())
        ticks += 1
    assert ticks * TICK < 0.6
