"""What one look at NGINX means for a reload."""

import pytest

from painless.nginxd.probe import DRAINING, MASTER, WORKER, Sight, Verdict, Worker, judge


def sight(*workers: tuple[str, str | None], holds: str = "new") -> Sight:
    return Sight(
        master=1,
        holds=frozenset(holds.split()),
        workers=tuple(Worker(pid, title, id_) for pid, (title, id_) in enumerate(workers, 2)),
    )


BOTH = ((WORKER, "new"), (WORKER, "new"))
OLD = ((WORKER, "old"), (WORKER, "old"))


@pytest.mark.parametrize(
    ("seen", "excused", "verdict"),
    [
        pytest.param(sight(*BOTH), False, Verdict.LIVE, id="only new workers"),
        pytest.param(sight(*BOTH, (DRAINING, "old")), False, Verdict.LIVE, id="old ones on their way out"),
        pytest.param(sight(*BOTH, (WORKER, "old")), True, Verdict.PENDING, id="an old one still accepts"),
        pytest.param(sight(BOTH[0]), True, Verdict.PENDING, id="one of two"),
        pytest.param(sight(*BOTH, BOTH[0]), True, Verdict.PENDING, id="three of two"),
        pytest.param(
            sight(BOTH[0], (MASTER, "new")), True, Verdict.PENDING, id="a child without its title yet"
        ),
        pytest.param(sight(*BOTH, holds="new old"), True, Verdict.PENDING, id="the master holds both"),
        pytest.param(sight(*OLD, holds="old"), False, Verdict.PENDING, id="not begun"),
        pytest.param(sight(*OLD, holds="old"), True, Verdict.FAILED, id="given up"),
        pytest.param(sight(*OLD, holds="new old"), True, Verdict.PENDING, id="still trying a port"),
        pytest.param(sight(), True, Verdict.PENDING, id="no workers yet"),
    ],
)
def test_verdict(seen: Sight, excused: bool, verdict: Verdict) -> None:  # noqa: FBT001
    """New and only new is live; the old one alone, with a reason or out of time, is a failure."""
    assert verdict == judge(seen, "new", 2, excused=excused)


def test_an_unknown_number_of_workers_is_at_least_one() -> None:
    """A generation whose text is gone is confirmed by whatever workers there are."""
    assert (Verdict.LIVE, Verdict.PENDING) == (
        judge(sight(BOTH[0]), "new", None, excused=False),
        judge(sight(), "new", None, excused=False),
    )


@pytest.mark.parametrize(
    ("seen", "live"),
    [
        (sight(*BOTH, (DRAINING, "old")), "new"),
        (sight(*BOTH, (WORKER, "old")), None),
        (sight(*BOTH, holds="new old"), None),
        (sight(*OLD, holds="new"), None),
        (sight(), None),
    ],
)
def test_live(seen: Sight, live: str | None) -> None:
    """Live is what the master and all that accept agree on."""
    assert live == seen.live
