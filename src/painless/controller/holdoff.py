"""When may NGINX load again?  Pure: times in, seconds out.

The first change after a quiet time is applied at once; those that follow are gathered, so that a burst costs
few reloads, and each change waits a bounded time.
"""

from msgspec import Struct

FIRST = (
    1.0  # Seconds after the first reload of a burst: most bursts (an apply of many files) are over by then.
)
NEXT = 1.5  # Seconds after each further one: 20 changes within 2 s cost three reloads, the last at 2.5 s.
QUIET = 5.0  # Seconds without a reload after which a burst is over.


class HoldOff(Struct, frozen=True):
    """When NGINX was last told to load, and how many loads this burst has had."""

    last: float = float("-inf")
    loads: int = 0

    def wait(self, now: float) -> float:
        """Return for how many seconds a load has to wait; 0 when it may be done now."""
        if self.loads == 0 or now - self.last >= QUIET:
            return 0.0
        gap = FIRST if self.loads == 1 else NEXT
        return max(0.0, self.last + gap - now)

    def loaded(self, now: float) -> "HoldOff":
        """Return the state after a load."""
        loads = 1 if now - self.last >= QUIET else self.loads + 1
        return HoldOff(now, loads)
