"""How often something dear is read: each second, as long as that costs no more than its share of a core.

What reading costs is measured as it is done, so that nobody has to guess: ten thousand connections are
counted each second, a hundred thousand less often.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

SAVED = 5.0
"""Seconds whose share may be spent at once: a reading that was slow does not make those late that follow."""


class Shares(NamedTuple):
    """What each kind of reading may cost of a core; together with the rest, less than a fiftieth."""

    counting: float = 0.0145
    """Clients' connections."""
    looking: float = 0.0015
    """What old workers' connections are about: their files, pods and traffic."""
    weighing: float = 0.001
    """Memory of workers, for which the kernel walks their pages."""
    searching: float = 0.0005
    """Workers that are no children of the master, among all processes there are."""


SHARES = Shares()


class Allowance:
    """What one kind of reading may cost of a core, over time."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._due = 0.0

    def allows(self, now: float) -> bool:
        """Whether enough time went by for what was read before."""
        return now >= self._due

    @contextmanager
    def spent(self, now: float) -> Iterator[None]:
        """Count the processor time that this thread needs meanwhile."""
        began = time.thread_time()
        try:
            yield
        finally:
            cost = time.thread_time() - began
            self._due = max(self._due, now - SAVED) + cost / self._share
