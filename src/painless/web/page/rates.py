"""Rates of requests, made of counts that were taken now and then: only while somebody looks."""

from collections import deque
from collections.abc import Mapping

from painless.observe.tally import Answered
from painless.web.page.seen import Rate

WINDOW = 10.0
"""Seconds that a rate is of: NGINX holds lines for one, and a number that jumps says nothing."""
FORGOTTEN = 60.0
"""Seconds after which a count says nothing of now any more."""
TREND = 120
"""Points of the curve that are kept: two minutes of one a second."""

Counts = Mapping[str, Answered]
NOTHING = Answered()


class Rates:
    """The last counts, and the rates that follow from them."""

    def __init__(self) -> None:
        self.trend: tuple[Rate, ...] = ()
        """The rates of all hosts together, the oldest first."""
        self._taken: deque[tuple[float, Counts]] = deque()
        self._last: tuple[float, Mapping[str, Rate] | None] = -WINDOW, None

    def take(self, at: float, counts: Counts | None) -> Mapping[str, Rate] | None:
        """Take new counts, ``None`` for unknown ones; return the rate of each host where it is known.

        Who counts may be late: for a moment the last rates stand.
        """
        if counts is not None:
            self._last = at, self._of(at, counts)
        return self._last[1] if at - self._last[0] < WINDOW else None

    def _of(self, at: float, counts: Counts) -> Mapping[str, Rate] | None:
        while self._taken and at - self._taken[0][0] > FORGOTTEN:
            self._taken.popleft()
            self.trend = ()
        # The oldest that stays is the first one beyond the window.
        while len(self._taken) > 1 and at - self._taken[1][0] >= WINDOW:
            self._taken.popleft()
        before = self._taken[0] if self._taken else None
        self._taken.append((at, counts))
        if before is None or at <= before[0]:
            return None
        seconds = at - before[0]
        found = {
            host: _rate(_since(before[1].get(host, NOTHING), now), seconds) for host, now in counts.items()
        }
        every = sum((_since(before[1].get(host, NOTHING), now) for host, now in counts.items()), NOTHING)
        self.trend = (*self.trend, _rate(every, seconds))[-TREND:]
        return found


def _since(before: Answered, now: Answered) -> Answered:
    if now.requests < before.requests:
        return now  # Who counts was started again and has begun at zero.
    return Answered(now.requests - before.requests, now.refused - before.refused, now.failed - before.failed)


def _rate(some: Answered, seconds: float) -> Rate:
    if not some.requests:
        return Rate(0.0, 0.0, 0.0)
    return Rate(some.requests / seconds, some.failed / some.requests, some.refused / some.requests)
