"""How long to wait before the API server is asked again.  Pure: luck comes in, seconds go out."""

from collections.abc import Callable

DELAYS = (0.2, 10.0)
"""Seconds before the first further try and the longest: quick after a cut, calm while a server restarts."""


class Backoff:
    """Waits that double; each is drawn from its upper half, so that replicas do not come together."""

    def __init__(self, luck: Callable[[], float]) -> None:
        self._luck = luck
        self._next = DELAYS[0]

    def wait(self, at_least: float = 0.0) -> float:
        """Return the seconds until the next try; ``at_least`` is what the server has asked for."""
        longest = self._next
        self._next = min(2 * longest, DELAYS[1])
        return at_least + longest * (1 + self._luck()) / 2

    def reset(self) -> None:
        """Begin anew, since it went well."""
        self._next = DELAYS[0]
