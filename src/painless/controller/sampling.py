"""Each second: which workers NGINX has, what they hold, and who keeps the old ones alive.

What is read is the port's business and what is done about it the governor's; here it comes into the picture,
with names in place of addresses.
"""

import asyncio

from msgspec import structs

from painless.compiler.site import Site
from painless.controller.holding import Owner, fixed, holders, owners, places
from painless.controller.inbox import Inbox
from painless.controller.outside import Outside
from painless.controller.picture import Shown
from painless.controller.ports import WorldError
from painless.plan.workers import GenerationState, Sample

EVERY = 1.0  # Seconds between two samples.
ASK_AGAIN = 5.0
"""Seconds between two searches for pods: all addresses of all Services are looked through."""
AT_ONCE = 200  # Services between two looks at other work.


class Sampling:
    """Keeps the picture's generations up to date."""

    def __init__(self, inbox: Inbox, outside: Outside, shown: Shown) -> None:
        self._inbox = inbox
        self._nginx = outside.nginx
        self._clock = outside.clock
        self._listener = outside.listener
        self._shown = shown
        self._told: frozenset[str] = frozenset()
        # Whose an old generation's connections are stays true while it lives.
        self._owned: dict[str, dict[str, Owner | None]] = {}
        self._search_at = 0.0

    async def run(self) -> None:
        while True:
            await self.look()
            await self._clock.sleep(EVERY)

    async def look(self) -> None:
        """Show what there is at this moment."""
        try:
            sample = await self._nginx.generations()
        except (WorldError, OSError) as problem:
            sample = Sample(unknown=(str(problem),))
        self._tell(sample.unknown)
        self._keep(sample.generations)
        await self._search(sample.generations)
        self._shown.show(generations=tuple(map(self._named, sample.generations)))

    def _tell(self, unknown: tuple[str, ...]) -> None:
        for one in unknown:
            if one not in self._told:
                self._listener.unreadable(one)
        self._told |= set(unknown)

    def _keep(self, alive: tuple[GenerationState, ...]) -> None:
        """Remember of what the generations that are alive were made, and nothing else."""
        compiled, live = self._shown.picture.compiled, self._shown.live
        ids = {one.id for one in alive}
        ids |= {live.id} if live is not None else set()
        ids |= {compiled.generation.id} if compiled is not None else set()
        self._shown.sites = {id_: site for id_, site in self._shown.sites.items() if id_ in ids}
        self._owned = {id_: owned for id_, owned in self._owned.items() if id_ in ids}

    async def _search(self, alive: tuple[GenerationState, ...]) -> None:
        """Find out whose the addresses are that are not known yet."""
        if self._clock.now() < self._search_at:
            return
        for one in alive:
            known = self._owned.setdefault(one.id, {})
            wanted = {remote.address for remote in one.remotes if known.get(remote.address) is None}
            site = self._shown.sites.get(one.id) or self._site
            if wanted and site is not None:
                self._search_at = self._clock.now() + ASK_AGAIN
                known |= await self._found(site, wanted)

    @property
    def _site(self) -> Site | None:
        """What is wanted at the moment, in place of what a generation from before us was made of."""
        compiled = self._shown.picture.compiled
        return compiled.site if compiled is not None else None

    async def _found(self, site: Site, wanted: set[str]) -> dict[str, Owner | None]:
        by_service, at = await asyncio.to_thread(lambda: (owners(site), fixed(site)))
        names = tuple(by_service)
        for start in range(0, len(names), AT_ONCE):
            at |= places(names[start : start + AT_ONCE], self._inbox.slices, wanted)
            await asyncio.sleep(0)
        return {address: by_service.get(at[address]) if address in at else None for address in wanted}

    def _named(self, one: GenerationState) -> GenerationState:
        held_by = holders(one.remotes, self._owned.get(one.id, {}))
        return structs.replace(one, held_by=held_by) if held_by else one
