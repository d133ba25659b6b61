"""Why a listener drops connections: the cause for what was seen, in the order of causes."""

from collections.abc import Iterable

import pytest
from msgspec import structs

from painless.plan.accepting import REMEDIES, Cause, Queue, Sample, Worker, overflows

QUEUE = Queue("0.0.0.0:80", inode=1, depth=0, limit=16, drops=5)
FULL = structs.replace(QUEUE, depth=17, drops=12)
IDLE = Worker(10, "S", ran=1.0, waited=0.0, files=20, most_files=1024)
WORKS = structs.replace(IDLE, ran=1.3)
BEFORE = Sample(100.0, 1, (QUEUE,), (IDLE,), ((100, 0),))
NOW = Sample(101.0, 1, (FULL,), (WORKS,), ((110, 0),))


def cause(now: Sample, before: Sample = BEFORE) -> Cause:
    [found] = overflows(before, now)
    return found.cause


def with_workers(*some: Worker) -> Sample:
    return structs.replace(NOW, workers=some)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(with_workers(structs.replace(WORKS, files=1024)), Cause.FILES, id="all files open"),
        pytest.param(structs.replace(NOW, refusals=2), Cause.FILES, id="accept4 failed"),
        pytest.param(structs.replace(NOW, quotas=((110, 1),)), Cause.THROTTLED, id="one period of ten"),
        pytest.param(
            with_workers(structs.replace(IDLE, state="T", stopped=1.0)), Cause.BLOCKED, id="stopped"
        ),
        pytest.param(with_workers(structs.replace(WORKS, stopped=0.6)), Cause.BLOCKED, id="stopped mostly"),
        pytest.param(with_workers(IDLE), Cause.BLOCKED, id="asleep all the time"),
        pytest.param(
            with_workers(structs.replace(IDLE, ran=1.95)), Cause.OVERLOAD, id="at work all the time"
        ),
        pytest.param(with_workers(structs.replace(IDLE, waited=0.9)), Cause.OVERLOAD, id="no CPU for it"),
        pytest.param(
            structs.replace(NOW, queues=(structs.replace(FULL, depth=0),), workers=(IDLE,)),
            Cause.BURST,
            id="asleep with nobody waiting",
        ),
        pytest.param(NOW, Cause.BURST, id="nothing else"),
        pytest.param(with_workers(), Cause.UNKNOWN, id="no worker seen"),
    ],
)
def test_the_cause(now: Sample, expected: Cause) -> None:
    """Each kind of evidence alone."""
    assert expected == cause(now)


def test_the_order_of_causes() -> None:
    """A worker without files sleeps, one that is throttled works little: the first reason is right."""
    asleep = structs.replace(IDLE, files=1024, state="T", stopped=1.0)
    everything = structs.replace(NOW, workers=(asleep,), quotas=((110, 9),))
    throttled = structs.replace(everything, workers=(structs.replace(asleep, files=20),))
    assert [Cause.FILES, Cause.THROTTLED] == [cause(everything), cause(throttled)]


def reuseport(pid: int | None, *workers: Worker) -> tuple[Sample, Sample]:
    """Two looks at a listener of two workers, the second of which takes nothing."""

    def queues(*depths: int) -> tuple[Queue, ...]:
        return tuple(
            structs.replace(QUEUE, inode=at, slot=at, depth=depth, drops=depth, pid=pid if at else 10)
            for at, depth in enumerate(depths)
        )

    before = structs.replace(BEFORE, workers=(IDLE, structs.replace(IDLE, pid=11)), queues=queues(0, 9))
    return before, structs.replace(NOW, workers=workers, queues=queues(0, 17))


def test_one_worker_of_several_is_blocked() -> None:
    """With a queue for each worker one that is stopped is named, whatever its siblings do."""
    [found] = overflows(*reuseport(11, WORKS, structs.replace(IDLE, pid=11, state="T", stopped=1.0)))
    assert ("1", 8, Cause.BLOCKED, True) == (
        found.worker,
        found.drops,
        found.cause,
        "worker 11" in found.evidence,
    )


def test_a_worker_that_spins_is_blocked_too() -> None:
    """It has a CPU all the time and takes nothing, while the queue beside it is empty."""
    spins = structs.replace(IDLE, pid=11, ran=2.0)
    assert [Cause.BLOCKED] == [one.cause for one in overflows(*reuseport(11, WORKS, spins))]


def test_a_worker_that_cannot_be_told_apart() -> None:
    """Without the right to see whose queue it is, the queue itself is evidence."""
    [found] = overflows(*reuseport(None, WORKS, structs.replace(WORKS, pid=11)))
    assert (Cause.BLOCKED, True) == (found.cause, "its worker" in found.evidence)


def test_a_shared_queue_is_not_blocked_by_one_worker() -> None:
    """The others empty it."""
    stopped = structs.replace(IDLE, pid=11, state="T", stopped=1.0)
    assert Cause.BURST == cause(with_workers(WORKS, stopped))


@pytest.mark.parametrize(
    "queues",
    [(), (QUEUE,), (structs.replace(FULL, drops=5),), (structs.replace(FULL, drops=None),)],
    ids=["gone", "as before", "full without a drop", "unknown"],
)
def test_no_drop_is_no_overflow(queues: Iterable[Queue]) -> None:
    """A full queue that dropped nothing needs no explanation."""
    assert () == overflows(BEFORE, structs.replace(NOW, queues=tuple(queues)))


def test_a_new_socket_counts_from_nothing() -> None:
    """NGINX was started again: what its socket dropped is new, however little it is."""
    [found] = overflows(BEFORE, structs.replace(NOW, queues=(structs.replace(FULL, inode=2, drops=3),)))
    assert 3 == found.drops


def test_every_cause_has_a_remedy() -> None:
    """Nobody is left with a name alone."""
    assert set(Cause) == set(REMEDIES)
