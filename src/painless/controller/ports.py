"""What the loop needs from the outside, and nothing more: fakes and the real things both fit."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec import Struct

from painless.discovery.answers import Answer, Peer
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Object, ObjectRef
from painless.nginx.generation import Generation
from painless.plan.closing import Sighting
from painless.plan.governor import Budget
from painless.plan.steps import Outcome, Step
from painless.plan.workers import GenerationState, Sample


class WorldError(Exception):
    """Something outside failed; the message is a sentence, and trying again later may help."""


class CannotStart(WorldError):
    """NGINX cannot start here, whatever the objects say: a port is taken."""


class Change(Struct, frozen=True):
    """What became of a source's objects since the change before; the first holds everything.

    ``diagnostics`` is always the complete current set of what the source itself has to say.
    """

    upserts: tuple[Object, ...] = ()
    removals: tuple[ObjectRef, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    first: bool = False


class NginxPort(Protocol):
    """NGINX and its disk."""

    async def adopt(self) -> Generation | None:
        """Take over an NGINX that serves already; return the generation that it runs, if it is whole."""

    async def apply(self, steps: Iterable[Step]) -> Outcome:
        """Perform the steps; raises ``WorldError``."""

    async def gone(self) -> None:
        """Wait until NGINX has ended."""

    async def last_good(self) -> Generation | None:
        """Return the generation that NGINX would load now, from before this controller."""

    async def remember(self, content: bytes) -> None:
        """Keep what the next controller on this disk is to know, in place of what was kept before."""

    async def remembered(self) -> bytes:
        """Return what was kept; nothing if there is nothing."""

    async def markers_left(self) -> frozenset[str]:
        """Return the markers among the hot files on the disk."""

    async def tidy(self) -> None:
        """Keep within bounds what NGINX writes on its own."""

    async def alone(self, live: Generation) -> bool:
        """Remove what nothing runs; return whether ``live`` is all that does."""

    async def generations(self) -> Sample:
        """Return which workers run what, and what they hold; cheap enough to be asked each second."""

    async def retire_worker(self, pid: int, generation: str) -> None:
        """End a worker that drains and runs ``generation``; nothing happens to any other process."""

    async def upgraded(self, workers: Iterable[int], addresses: frozenset[str]) -> Sighting:
        """Return these workers' upgraded connections to pods at these addresses; not dearer than samples."""

    async def close_connections(self, inodes: Iterable[int]) -> frozenset[int]:
        """Close upgraded connections that were seen; return which of them were still there."""

    async def budget(self, alive: Iterable[GenerationState]) -> Budget:
        """Return what all generations together may have; ``alive`` is what they have."""

    @property
    def reload_count(self) -> int: ...

    @property
    def outdated(self) -> bool:
        """Whether NGINX's binary was replaced on the disk since it was started."""


class ResponderPort(Protocol):
    """The process that answers NGINX's resolver."""

    async def replace(self, answers: Iterable[Answer]) -> None: ...
    async def put(self, answers: Iterable[Answer]) -> None: ...

    async def peers(self, upstreams: Iterable[str]) -> Mapping[str, tuple[Peer, ...]]:
        """Return what these upstreams stand for now; where only addresses are known the port is 0."""

    async def unanswered(self, upstreams: Iterable[str], since: float = 0.0) -> frozenset[str]:
        """Return those upstreams that NGINX has not asked for and been answered since then."""

    @property
    def apart(self) -> str:
        """Where only an NGINX asks that starts beside another one."""


class Turns(Protocol):
    """Whose turn it is to load, among replicas that all see the same change."""

    async def ask(self, *, urgent: bool) -> float:
        """Return the seconds until to ask again; 0 when we may load, until ``over`` says that we have."""

    async def over(self, generation: str | None) -> None:
        """Let the next one load; ``generation`` is what is served now, ``None`` if our change still waits."""


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> float:
        """Return seconds since some moment; never goes back."""

    async def sleep(self, seconds: float) -> None: ...
