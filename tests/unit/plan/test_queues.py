"""Accept queues over time: counts that go on, the longest of a window, overflows from begin to end."""

from msgspec import structs

from painless.plan.accepting import Cause, Queue, Sample, Worker
from painless.plan.queues import QUIET, WINDOW, News, Queues, took

QUEUE = Queue("0.0.0.0:80", inode=1, depth=0, limit=16, drops=0)
KEY = ("0.0.0.0:80", "all")


def sample(at: float, *, depth: int = 0, drops: int = 0, inode: int = 1, stopped: float = 0.0) -> Sample:
    queue = structs.replace(QUEUE, depth=depth, drops=drops, inode=inode)
    worker = Worker(10, "S", ran=at / 2, stopped=stopped)
    return Sample(at, 1, (queue,), (worker,))


def after(*samples: Sample | None) -> tuple[Queues, list[News]]:
    """Return the queues after one sample a second, and what was to be told after each."""
    queues, told = Queues(), []
    for at, one in enumerate(samples):
        queues, news = took(queues, one, one.at if one is not None else float(at))
        told.append(news)
    return queues, told


def test_drops_go_on_when_nginx_is_started_again() -> None:
    """The kernel counts for each socket, and a restart makes new ones."""
    queues, _ = after(sample(0, drops=7), sample(1, drops=9), None, sample(3, drops=2, inode=2))
    assert 11 == queues.lines[KEY].drops


def test_what_was_dropped_before_we_came_is_no_overflow() -> None:
    """A controller that adopts an NGINX does not tell of the past."""
    _, told = after(sample(0, drops=7), sample(1, drops=7))
    assert [News(), News()] == told


def test_the_longest_of_the_window() -> None:
    """A burst between two scrapes is seen, and forgotten later."""
    queues, _ = after(sample(0), sample(1, depth=9), sample(2))
    later, _ = took(queues, sample(2 + WINDOW), 2 + WINDOW)
    assert (9, 0) == (queues.lines[KEY].longest, later.lines[KEY].longest)


def test_a_queue_that_dropped_was_full() -> None:
    """However short it is when we look; one more than the limit fits."""
    queues, _ = after(sample(0), sample(1, drops=1))
    assert 17 == queues.lines[KEY].longest


def test_an_overflow_is_told_once_for_each_cause() -> None:
    """Not each second; and once when it is over, with all that it dropped."""
    _, told = after(
        sample(0),
        sample(1, drops=1),
        sample(2, drops=3),
        sample(3, drops=4, stopped=1.0),
        sample(3 + QUIET, drops=4),
        sample(4 + QUIET, drops=4),
    )
    causes = [[one.cause for one in news.told] for news in told]
    over = [(one.drops, one.seconds, one.causes) for news in told for one in news.over]
    assert [[], [Cause.BURST], [], [Cause.BLOCKED], [], []] == causes
    assert [(4, 2.0, ("burst", "worker_blocked"))] == over


def test_an_overflow_ends_with_nginx() -> None:
    """Nobody drops anything any more."""
    queues, _ = after(sample(0), sample(1, drops=1))
    queues, news = took(queues, None, 2 + QUIET)
    assert ({}, 1) == (queues.episodes, len(news.over))
