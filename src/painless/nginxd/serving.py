"""NGINX as the controller sees it: generations in and out, in place of ids and processes."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path

from painless.nginx.generation import Generation
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.nginxd.errors import Unresponsive
from painless.nginxd.files import within_room, write_whole
from painless.nginxd.generations import Census
from painless.nginxd.procfs import holders
from painless.nginxd.room import UNLIMITED, Room
from painless.nginxd.upgraded import Connections
from painless.plan.closing import Sighting
from painless.plan.governor import Budget
from painless.plan.steps import Outcome, Step
from painless.plan.workers import GenerationState, Sample

_ADOPT_TIMEOUT = 60.0  # Seconds for a load that somebody else began: 5,000 hosts take 2 s on a free core.
_POLL = 0.02  # Seconds between two looks at it.


class Serving:
    """The ports the controller's loop needs, on a real NGINX and its state directory."""

    def __init__(
        self,
        nginx: Nginx,
        disk: Disk,
        adopted: Callable[[str], object] = str,
        http_ports: frozenset[int] = frozenset(),
        room: Room = UNLIMITED,
    ) -> None:
        """``adopted`` is told of an NGINX that was taken over, and what is odd about it if anything is.

        What is said on ``http_ports`` is HTTP; on all others connections are passed on unread.  ``room`` says
        what NGINX's generations may have.
        """
        self._nginx = nginx
        self._disk = disk
        self._room = room
        self._adopted = adopted
        self._census = Census(disk.run, http_ports)
        self._counting = asyncio.Lock()
        self._connections = Connections()

    @property
    def reload_count(self) -> int:
        return self._nginx.reload_count

    async def generations(self) -> Sample:
        """Return which workers run what, and what they hold."""
        async with self._counting:
            return await asyncio.to_thread(self._census.look, self._nginx.master)

    async def retire_worker(self, pid: int, generation: str) -> None:
        self._nginx.retire_worker(pid, generation)

    async def upgraded(self, workers: Iterable[int], addresses: frozenset[str]) -> Sighting:
        """Return these workers' upgraded connections to pods at these addresses."""
        return await asyncio.to_thread(self._connections.look, workers, addresses)

    async def close_connections(self, inodes: Iterable[int]) -> frozenset[int]:
        """Close upgraded connections that were seen; return which of them were still there."""
        return await asyncio.to_thread(self._connections.close, inodes)

    async def budget(self, alive: Iterable[GenerationState]) -> Budget:
        """Return what all generations together may have; ``alive`` is what they have."""
        return await asyncio.to_thread(self._room.budget, alive)

    @property
    def outdated(self) -> bool:
        return self._nginx.outdated

    async def adopt(self) -> Generation | None:
        """Take over an NGINX that serves already; return the generation that it runs, if it is whole.

        Whoever was here before us may have died between a signal and its effect.  NGINX follows ``current``
        for each file that it reads, so the link must not be moved before it has come to rest; then it is
        put back to what runs, in case that load was refused or its signal was never sent.
        """
        adoption = await self._nginx.adopt()
        if adoption is None:
            return None
        self._adopted(adoption.note)
        loop = asyncio.get_running_loop()
        due = loop.time() + _ADOPT_TIMEOUT
        while (id_ := self._nginx.settled()) is None:
            if not self._nginx.running():
                return None
            if loop.time() > due:
                raise Unresponsive("NGINX's workers run different generations and do not come to one")
            await asyncio.sleep(_POLL)
        self._nginx.retire_others()
        await asyncio.to_thread(self._nginx.take_back, id_)
        found = self._disk.read_generation(id_)
        # Unreadable (another release wrote it): whatever we want differs from it, so it is replaced.
        return found if found is not None else Generation(id_, {})

    async def apply(self, steps: Iterable[Step]) -> Outcome:
        return await self._nginx.apply(steps)

    async def gone(self) -> None:
        await self._nginx.gone()

    async def last_good(self) -> Generation | None:
        """Return the generation that NGINX would load now, from before this controller."""
        id_ = self._disk.current_id()
        return None if id_ is None else self._disk.read_generation(id_)

    async def remember(self, content: bytes) -> None:
        """Keep what the next controller on this disk is to know, in place of what was kept before."""
        await asyncio.to_thread(self._remember, content)

    async def remembered(self) -> bytes:
        """Return what was kept; nothing before the first time."""
        return self._memory.read_bytes() if self._memory.exists() else b""

    @property
    def _memory(self) -> Path:
        return self._disk.root / "memory"

    def _remember(self, content: bytes) -> None:
        # Not forced to the disk: a machine that crashes loses the NGINX with it.
        with within_room(self._memory):
            write_whole(self._memory, content)

    async def markers_left(self) -> frozenset[str]:
        """Return the markers among the hot files on the disk."""
        return await asyncio.to_thread(self._disk.markers)

    async def tidy(self) -> None:
        """Keep within bounds what NGINX writes on its own."""
        await self._nginx.trim_log()

    async def alone(self, live: Generation) -> bool:
        """Remove what nothing runs; return whether ``live`` is all that does.

        Only then its hot files are all that may be opened: a Secret that was deleted leaves the disk.  What
        NGINX would load counts as well: it is another generation while a round that failed waits to be
        tried again.
        """
        await self._nginx.prune()
        used = {self._disk.current_id()}.union(*holders(self._disk.run).values())
        if used != {live.id}:
            return False
        await asyncio.to_thread(self._disk.keep_hot, live.hot)
        return True
