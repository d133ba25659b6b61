"""When an answer may go out: NGINX's sockets hold some 270 answers each, and what overflows is lost.

NGINX asks for everything at once when it loads, without reading answers meanwhile, and asks again for a lost
one only after 5 s.  It is given sockets enough for a whole round of small answers (``compiler.lower_http``);
answers are spread over ticks so that large ones fit as well.  A question never answered before goes first,
and at once in any usual number: a host that is new to NGINX has no peers until then.
"""

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

TICK = 0.004  # seconds between two portions
PORTION = 200  # answers a tick: 5,000 upstreams at a reload take 0.2 s, and five generations never queue
_LATE = 2  # portions at most that a late tick makes up for: under load every tick is late
_FRESH_BURST = 1000  # fresh answers at once: over 16 sockets of NGINX this many fit in its buffers
_BACKLOG = 50  # a backlog is drained by this part of it a tick, so that nothing waits longer than about 0.2 s

Item = TypeVar("Item")


class Pace(Generic[Item]):
    """Two queues, and an allowance for each that time earns; time is an argument."""

    def __init__(self) -> None:
        self.fresh: deque[Item] = deque()
        self.known: deque[Item] = deque()
        self._fresh_allowance = self._known_allowance = 0.0
        self._at = float("-inf")

    def __len__(self) -> int:
        return len(self.fresh) + len(self.known)

    def portion(self, now: float) -> Iterator[Item]:
        """Yield what goes out at this tick: the fresh ones first, then the known."""
        earned = (now - self._at) / TICK * PORTION
        self._at = now
        self._fresh_allowance = min(_FRESH_BURST, self._fresh_allowance + earned)
        self._known_allowance = min(_LATE * PORTION, self._known_allowance + earned)
        late = len(self) // _BACKLOG
        fresh = min(len(self.fresh), max(int(self._fresh_allowance), late))
        known = min(len(self.known), max(0, int(self._known_allowance) - fresh, late - fresh))
        self._fresh_allowance = max(0.0, self._fresh_allowance - fresh)
        self._known_allowance = max(0.0, self._known_allowance - fresh - known)
        for _ in range(fresh):
            yield self.fresh.popleft()
        for _ in range(known):
            yield self.known.popleft()
