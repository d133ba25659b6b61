"""How often something dear is read: as often as its share of a core allows.

A machine with a hundred connections is read each second, one with a hundred thousand seldom; what reading
costs is measured as it is done, so that nobody has to guess.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Shares(NamedTuple):
    """What each kind of reading may cost of a core; together with the rest, less than a fiftieth."""

    counting: float = 0.006
    """Clients' connections: at 10,000 they are counted every other second."""
    looking: float = 0.004
    """What old workers' connections are about: their files, pods and traffic."""
    weighing: float = 0.002
    """Memory of workers, for which the kernel walks their pages."""
    searching: float = 0.001
    """Workers that are no children of the master, among all processes there are."""


SHARES = Shares()


class Allowance:
    """What one kind of reading may cost of a core, over time."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._due = 0.0

    def allows(self, now: float) -> bool:
        """Whether enough time went by for what the last reading cost."""
        return now >= self._due

    @contextmanager
    def spent(self, now: float) -> Iterator[None]:
        """Count the processor time that this thread needs meanwhile."""
        began = time.thread_time()
        try:
            yield
        finally:
            self._due = now + (time.thread_time() - began) / self._share
