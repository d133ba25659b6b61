"""How much NGINX's generations may have: what the operator says, or what the cgroup leaves them.

Read anew for each decision, since a limit may change in place, and others in the cgroup need more or less.
"""

from collections.abc import Iterable
from pathlib import Path

from painless.kernel.memory import Use, use
from painless.plan.governor import GENERATIONS, Budget
from painless.plan.workers import GenerationState

SHARE = 0.9
"""Of the cgroup's limit: the rest is for what comes suddenly, such as connections and their buffers."""

MOST = 0.95
"""Of the cgroup's limit: past that a load is not even tried.  The controller needs some itself meanwhile."""


class Room:
    """The budget of one NGINX; ``folders`` are its cgroups, none where they cannot be seen from here."""

    def __init__(
        self, generations: int = GENERATIONS, memory: int | None = None, folders: tuple[Path, ...] = ()
    ) -> None:
        self._generations = generations
        self._memory = memory
        self._folders = folders

    def budget(self, alive: Iterable[GenerationState]) -> Budget:
        """Return the budget of all generations together; ``alive`` is what they have at the moment."""
        found, theirs = use(self._folders), sum(one.memory or 0 for one in alive)
        memory = _left(found, found.used, SHARE, theirs) if self._memory is None else self._memory
        return Budget(self._generations, memory, most=_left(found, found.kept, MOST, theirs))


def _left(found: Use, used: int | None, share: float, theirs: int) -> int | None:
    """Return what is left for generations of a share of the limit; ``theirs`` is what they use by now."""
    if found.limit is None or used is None:
        return None
    return max(0, int(share * found.limit) - max(0, used - theirs))


UNLIMITED = Room()
"""As many generations as usual, whatever they need."""
