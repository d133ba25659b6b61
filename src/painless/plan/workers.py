"""What is known of NGINX's workers at one moment: who runs what, what it costs, and who holds it alive.

Values only: they are read off processes and sockets elsewhere, and decided on in ``governor``.  What could
not be read is ``None``, which is never taken for nothing.
"""

from msgspec import Struct

from painless.model.objects import ObjectRef


class Connections(Struct, frozen=True):
    """Clients' connections that are open, by what is said on them."""

    http: int = 0
    upgraded: int = 0
    stream: int = 0

    @property
    def total(self) -> int:
        return self.http + self.upgraded + self.stream


class WorkerState(Struct, frozen=True):
    """One worker; ``memory`` is its proportional share (PSS) in bytes."""

    pid: int
    draining: bool
    connections: Connections | None = None
    memory: int | None = None


class Remote(Struct, frozen=True):
    """Where connections to pods go: an address, and how many there are."""

    address: str
    connections: int


class Holder(Struct, frozen=True):
    """Who keeps a generation alive, as far as it can be known: connections to pods of this Ingress's host.

    ``more`` is how many other hosts the same pods answer: which of them it is, no socket says.  Without a
    host these are all others together.
    """

    host: str
    ingress: ObjectRef
    connections: int
    more: int = 0


class GenerationState(Struct, frozen=True):
    """The workers that run one generation.

    ``age`` is the time since the first of them was started, ``draining`` since another generation took over
    (``None`` for the one that serves); both in seconds.  ``unattributed`` is what its workers hold together
    where it is not known which of them holds what: of the one that serves.  ``remotes`` is where the
    connections of old workers to pods go, and ``held_by`` who that is.
    """

    id: str
    age: float
    draining: float | None
    workers: tuple[WorkerState, ...]
    unattributed: Connections | None = None
    remotes: tuple[Remote, ...] = ()
    held_by: tuple[Holder, ...] = ()

    @property
    def memory(self) -> int | None:
        """Bytes of all its workers; ``None`` when one of them could not be read."""
        known = [one.memory for one in self.workers if one.memory is not None]
        return sum(known) if len(known) == len(self.workers) else None

    @property
    def connections(self) -> Connections | None:
        """What all its workers hold; ``None`` when one of them could not be read."""
        if self.unattributed is not None:
            return self.unattributed
        known = [one.connections for one in self.workers if one.connections is not None]
        if len(known) != len(self.workers):
            return None
        return Connections(
            http=sum(one.http for one in known),
            upgraded=sum(one.upgraded for one in known),
            stream=sum(one.stream for one in known),
        )


class Sample(Struct, frozen=True):
    """Who runs what at one moment, the one that serves first.

    ``unknown`` are sentences about what could not be read, each of them the same as long as that lasts.
    """

    generations: tuple[GenerationState, ...] = ()
    unknown: tuple[str, ...] = ()
