"""How much NGINX's generations may have: what the operator says, or what the cgroup leaves them.

Read anew for each decision, since a limit may change in place, and others in the cgroup need more or less.
"""

from collections.abc import Iterable
from pathlib import Path

from painless.kernel.memory import use
from painless.plan.governor import GENERATIONS, Budget
from painless.plan.workers import GenerationState

SHARE = 0.9
"""Of the cgroup's limit: the rest is for what comes suddenly, such as connections and their buffers."""


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
        memory = self._left(alive) if self._memory is None else self._memory
        return Budget(self._generations, memory)

    def _left(self, alive: Iterable[GenerationState]) -> int | None:
        found = use(self._folders)
        if found.limit is None or found.used is None:
            return None
        others = found.used - sum(one.memory or 0 for one in alive)
        return max(0, int(SHARE * found.limit) - max(0, others))


UNLIMITED = Room()
"""As many generations as usual, whatever they need."""
