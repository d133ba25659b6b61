"""From endpoints to the responder: what each upstream's name stands for, and who has to be told.

This path touches no file and waits for nothing that NGINX does.  ``discovery.zone`` says what one upstream
stands for; here is which upstreams a Service feeds.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from painless.compiler.site import Site, StaticFeed, Upstream
from painless.controller.inbox import Inbox
from painless.controller.outside import Outside
from painless.controller.picture import Shown
from painless.controller.ports import WorldError
from painless.discovery.answers import Answer, Peer
from painless.discovery.zone import Findings, Ours, answer
from painless.model.diagnostics import Diagnostic
from painless.model.objects import EndpointSlice
from painless.model.snapshot import Name

Upstreams = tuple[Upstream, ...]
Slices = Mapping[Name, tuple[EndpointSlice, ...]]

AT_ONCE = 200  # Services between two looks at other work: a few milliseconds, which a probe may wait.


class Endpoints:
    """The upstreams that NGINX uses or is about to, by the Service that feeds them."""

    def __init__(self, inbox: Inbox, outside: Outside, shown: Shown) -> None:
        self._inbox = inbox
        self._responder = outside.responder
        self._allow_loopback = outside.reach.allow_loopback
        self._zone = outside.reach.zone
        self._own_ports = outside.options.own_ports
        self._ours = Ours(self._own_ports, outside.reach.is_own)
        self._shown = shown
        self._upstreams: Mapping[Name, Upstreams] = {}
        self._of: tuple[Site | None, Site | None] = (None, None)
        self._findings: dict[Name, tuple[Diagnostic, ...]] = {}
        self._moved: set[Name] = set()

    async def update(self, services: Iterable[Name]) -> tuple[str, ...]:
        """Tell the responder what became of the upstreams of these Services; return which there are.

        The responder is told everything again when it is back, so what it is not told now is not lost.
        """
        self._moved.update(services)
        answers = [one for name in services for one in self._answers_of(name)]
        if answers:
            self._show()
            await self._responder.put(answers)
        return tuple(one.upstream for one in answers)

    async def serve(self, live: Site | None, want: Site) -> None:
        """Have the responder answer for what NGINX is about to ask for, and for what it uses already."""
        if self._of[0] is live and self._of[1] is want:
            return
        known = self._upstreams
        new, changed = await asyncio.to_thread(_by_service, live, want, known)
        ours = self._listening(live, want)
        if ours != self._ours:
            changed = tuple(new)
        before, self._ours = self._ours, ours
        self._upstreams = new
        self._findings = {name: some for name, some in self._findings.items() if name in new}
        try:
            for some in _batched(changed):
                await self._responder.put([one for name in some for one in self._answers_of(name)])
        except WorldError:
            # What was not told is new the next time, too.
            self._upstreams, self._ours = known, before
            raise
        self._of = live, want
        self._show()

    async def refill(self) -> None:
        """Tell the responder all of what NGINX uses, and so to forget the rest."""
        self._moved.clear()
        answers: dict[Name, list[Answer]] = {}
        for some in _batched(tuple(self._upstreams)):
            answers |= {name: self._answers_of(name) for name in some}
            await asyncio.sleep(0)
        # What changed meanwhile must not be overwritten with what it was.
        answers |= {name: self._answers_of(name) for name in self._moved & answers.keys()}
        await self._responder.replace([one for some in answers.values() for one in some])

    def peers(self, upstream: Upstream) -> tuple[str, ...] | None:
        """Return the addresses that NGINX is told for an upstream; ``None`` where only DNS knows them."""
        found, _ = self._answer(upstream, self._inbox.slices((upstream.namespace, upstream.service)))
        return None if found.external else tuple(_spelled(one) for one in found.peers)

    def moved(self, site: Site, before: Slices, after: Slices) -> tuple[tuple[str, ...], Findings]:
        """Return which upstreams of a site other slices give other addresses, and what is found then."""
        names: list[str] = []
        found: list[Diagnostic] = []
        for one in site.every_upstream:
            service = (one.namespace, one.service)
            if service in after:
                old, now = self._answer(one, before.get(service, ())), self._answer(one, after[service])
                names += [one.name] if old[0] != now[0] else []
                found += (each for each in now[1] if each not in old[1])
        return tuple(sorted(names)), tuple(found)

    def _answer(self, upstream: Upstream, slices: Iterable[EndpointSlice]) -> tuple[Answer, Findings]:
        return answer(upstream, slices, allow_loopback=self._allow_loopback, ours=self._ours, zone=self._zone)

    def _listening(self, *sites: Site | None) -> Ours:
        streams = {stream.port for one in sites if one for stream in one.streams}
        return structs.replace(self._ours, ports=self._own_ports | streams)

    def _answers_of(self, service: Name) -> list[Answer]:
        slices = self._inbox.slices(service)
        answers: list[Answer] = []
        found: list[Diagnostic] = []
        for upstream in self._upstreams.get(service, ()):
            one, about = self._answer(upstream, slices)
            answers.append(one)
            found += about
        # Only Services with findings are kept, so that showing them costs nothing in a sound cluster.
        self._findings.pop(service, None)
        if found:
            self._findings[service] = tuple(found)
        return answers

    def _show(self) -> None:
        # The empty tuple is one object, so that nothing is compared where nothing was found.
        found = tuple(sorted({one for some in self._findings.values() for one in some}))
        self._shown.show(from_endpoints=found)


def _spelled(one: Peer) -> str:
    return f"[{one.address}]:{one.port}" if ":" in one.address else f"{one.address}:{one.port}"


def _by_service(
    live: Site | None, want: Site, known: Mapping[Name, Upstreams]
) -> tuple[dict[Name, Upstreams], tuple[Name, ...]]:
    """Return the upstreams of both by Service, and the Services of which they are not the known ones."""
    found: dict[Name, list[Upstream]] = {}
    every = (each for site in (live, want) if site for each in site.every_upstream)
    for one in {each.name: each for each in every}.values():
        if not isinstance(one.feed, StaticFeed):
            found.setdefault((one.namespace, one.service), []).append(one)
    new = {name: tuple(some) for name, some in found.items()}
    return new, tuple(name for name, some in new.items() if known.get(name) != some)


def _batched(names: tuple[Name, ...]) -> Iterator[tuple[Name, ...]]:
    return (names[at : at + AT_ONCE] for at in range(0, len(names), AT_ONCE))
