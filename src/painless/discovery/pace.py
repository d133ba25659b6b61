"""When an answer may go out: NGINX's sockets hold some hundred answers each, and what overflows is lost.

NGINX asks for everything at once when it loads, without reading answers meanwhile, and asks again for a lost
one only after 5 s.  So answers are spread.  A question never answered before goes first, and at once in any
usual number: a host that is new to NGINX has no peers until then.
"""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

TICK = 0.004  # seconds between two portions
PORTION = 100  # answers a tick: 5,000 upstreams at a reload take 0.4 s, and lost none when measured
_FRESH_BURST = 1000  # fresh answers at once: over 16 sockets of NGINX this many fit in its buffers
_BACKLOG = 50  # a backlog is drained by this part of it a tick, so that nothing waits longer than about 0.2 s

Item = TypeVar("Item")


class Pace(Generic[Item]):
    """Two queues and an allowance for each; time is an argument."""

    def __init__(self) -> None:
        self._fresh: deque[Item] = deque()
        self._known: deque[Item] = deque()
        self._fresh_allowance = float(_FRESH_BURST)
        self._known_allowance = float(PORTION)
        self._at = float("-inf")

    def __len__(self) -> int:
        return len(self._fresh) + len(self._known)

    def may_go(self, now: float, *, fresh: bool) -> bool:
        """Return whether an answer may go at once, which then counts as gone."""
        self._earn(now)
        if fresh and not self._fresh and self._fresh_allowance >= 1:
            self._fresh_allowance -= 1
            return True
        if not fresh and not len(self) and self._known_allowance >= 1:
            self._known_allowance -= 1
            return True
        return False

    def wait(self, item: Item, *, fresh: bool) -> None:
        """Keep an answer that may not go at once."""
        (self._fresh if fresh else self._known).append(item)

    def portion(self) -> Iterator[Item]:
        """Yield what goes out at this tick."""
        for _ in range(min(len(self), max(PORTION, len(self) // _BACKLOG))):
            yield (self._fresh or self._known).popleft()

    def _earn(self, now: float) -> None:
        earned = (now - self._at) / TICK * PORTION
        self._at = now
        self._fresh_allowance = min(_FRESH_BURST, self._fresh_allowance + earned)
        self._known_allowance = min(PORTION, self._known_allowance + earned)
