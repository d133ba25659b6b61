"""What happened to the configuration lately: loads with what each changed, refusals, ends of NGINX.

Kept in memory for whoever looks, the newest first, and bounded: so many entries, and so much text of each.
Hot files, which have what is secret, are no part of any difference.
"""

import asyncio
from collections.abc import Callable
from enum import StrEnum
from itertools import islice
from typing import Never

from msgspec import Struct, structs

from painless.controller.status import Load
from painless.nginx.generation import Generation
from painless.plan.difference import difference

ENTRIES = 40
"""Entries that are kept: at a reload each minute, the last three quarters of an hour."""
LINES = 2_000
"""Lines of one difference; of more nobody reads each."""
COMPARED = 5_000
"""Lines between the first and the last that differ, beyond which they are only counted: a second's work."""
LETTERS = 200_000
"""Letters of one difference, since a line may be long: 8 MB for all."""


class What(StrEnum):
    """What happened."""

    LOADED = "loaded"
    REFUSED = "refused"
    FAILED = "failed"
    ENDED = "ended"
    REPLACED = "replaced"


class Entry(Struct, frozen=True, rename="camel"):
    """One thing that happened at a time (UTC), with a ``number`` of its own.

    ``load`` is what was loaded and why.  ``diff`` is the difference to the generation before: ``None`` while
    it is made and where there was none before.
    """

    number: int
    at: str
    what: What
    says: str = ""
    load: Load | None = None
    diff: str | None = None


class History:
    """The last entries; ``live`` says which generation runs, ``now`` the time as it is shown.

    ``differs`` is told of each difference, with the generation that was loaded.  Entries count from
    ``first``, which the next controller has higher: a number is of one entry for ever.
    """

    def __init__(
        self,
        live: Callable[[], Generation | None],
        now: Callable[[], str],
        differs: Callable[[str, str], None] = lambda _generation, _diff: None,
        first: int = 0,
    ) -> None:
        self.entries: tuple[Entry, ...] = ()
        self._live = live
        self._now = now
        self._differs = differs
        self._before: Generation | None = None
        self._count = first
        self._undone: dict[int, tuple[Generation, Generation]] = {}
        self._bell = asyncio.Event()

    def loaded(self, load: Load) -> None:
        """Take note of a load; the difference is made by ``run``."""
        before, after = self._before, self._live()
        self._before = after
        self._add(Entry(self._count, load.at, What.LOADED, load=load))
        if before is not None and after is not None and before.id != after.id:
            self._undone[self._count - 1] = before, after
            # Whoever loads faster than differences are made loses the oldest of them, and no memory.
            while len(self._undone) > 2:
                del self._undone[min(self._undone)]
            self._bell.set()

    def happened(self, what: What, says: str) -> None:
        self._add(Entry(self._count, self._now(), what, says))

    async def run(self) -> Never:
        """Make differences, for ever; in a thread, since they are of thousands of lines."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._undone:
                number = min(self._undone)
                before, after = self._undone.pop(number)
                diff = await asyncio.to_thread(bounded, before, after)
                self._differs(after.id, diff)
                self.entries = tuple(
                    structs.replace(one, diff=diff) if one.number == number else one for one in self.entries
                )

    def _add(self, one: Entry) -> None:
        self._count += 1
        self.entries = (one, *self.entries[: ENTRIES - 1])


def bounded(before: Generation, after: Generation) -> str:
    """Return the difference of two generations, the first lines of it where it is long."""
    lines = difference(before, after, most=COMPARED)
    text = "".join(islice(lines, LINES))
    cut = len(text) > LETTERS or next(lines, None) is not None
    return f"{text[:LETTERS].rstrip()}\n… and more\n" if cut else text
