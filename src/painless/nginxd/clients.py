"""Whose connections are whose: what old workers hold, what is left for those that serve.

Which worker has a connection is known only from its open files, and to go through those of a busy worker is
the dearest thing there is to read.  It is done for old workers alone: they take no new connections, so what
they had is counted down by one question to the kernel, and all the rest belongs to those that serve.  What
cannot have changed is not read again: an old worker's files as long as they are as many, and the traffic of
connections of which it is known that they stay.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from painless.kernel import sockdiag
from painless.kernel.sockdiag import Place, Traffic
from painless.nginxd import procfs
from painless.nginxd.allowance import Allowance, Shares
from painless.plan.workers import Connections

STILL = 5.0
"""Seconds without a byte after which an answer that has begun is taken for a connection that stays."""

NETLINK = "HTTP and upgraded connections of old workers are not told apart, and counting is slow: {}"
ANYWAY = 30.0
"""Seconds after which files are read again that seem to be the same: one may have gone as another came."""
FILES = (
    "which worker holds which connection: /proc/PID/fd of NGINX's workers cannot be read, which takes their "
    "user or CAP_SYS_PTRACE"
)


class Old:
    """What is known of an old worker's connections; ``None`` as long as its files were not read."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.sockets: frozenset[int] | None = None
        self.connections: Connections | None = None
        self.remotes: Counter[str] = Counter()
        self.undecided = False
        """Whether there may be a connection whose kind only its traffic tells."""
        self._files: int | None = None
        self._read_at = 0.0
        self._began: dict[int, Traffic] = {}
        self._answered: dict[int, int] = {}
        self._stays: set[int] = set()

    def read(self, now: float) -> None:
        """Read its files; raises ``PermissionError``."""
        self._files, self._read_at = procfs.files(self.pid), now
        self.sockets = procfs.sockets(self.pid)
        self.undecided = True

    def stirred(self, now: float) -> bool:
        """Whether its files may be others than those that were read."""
        if self.sockets is None or self._files is None or now >= self._read_at + ANYWAY:
            return True
        return procfs.files(self.pid) != self._files

    def count(self, http: AbstractSet[int], stream: AbstractSet[int]) -> None:
        """Count what it holds of the clients' connections there are, to ports of either kind."""
        if self.sockets is None:
            self.connections = None
            return
        plain = self.sockets & http
        stays = len(plain & self._stays)
        self.undecided = stays < len(plain)
        self.connections = Connections(
            http=len(plain) - stays, upgraded=stays, stream=len(self.sockets & stream)
        )

    def follow(self, traffic: Mapping[int, Traffic]) -> None:
        """See from what goes through a connection whether it is an answer, or one that stays.

        An old worker answers one more request on each connection and closes it.  Where a client sends on
        after its answer has begun, or an answer has begun and nothing moves any more, it is something else: a
        WebSocket, another upgrade, or a stream of events.
        """
        for inode in self.sockets or ():
            if (now := traffic.get(inode)) is None:
                continue
            began = self._began.setdefault(inode, now)
            if now.sent > began.sent:
                received = self._answered.setdefault(inode, now.received)
                if now.received > received:
                    self._stays.add(inode)
            if now.sent and not now.unsent and STILL <= now.since_sent <= now.since_received:
                self._stays.add(inode)


class Clients:
    """The connections of NGINX's clients; those to ports in ``http`` speak HTTP, the others are passed on."""

    def __init__(self, http: frozenset[int], shares: Shares) -> None:
        self._http = http
        self._counting = Allowance(shares.counting)
        self._looking = Allowance(shares.looking)
        self._places: frozenset[Place] = frozenset()
        self._open: tuple[frozenset[int], frozenset[int]] = frozenset(), frozenset()
        self._refusal = sockdiag.refusal()
        self._forbidden = False
        self._moved = False
        """Whether files were read since it was seen where connections lead to."""

    @property
    def unknown(self) -> tuple[str, ...]:
        """What cannot be read here, and what it takes."""
        netlink = (NETLINK.format(self._refusal),) if self._refusal else ()
        return (*netlink, *((FILES,) if self._forbidden else ()))

    def look(self, now: float, places: frozenset[Place], old: Sequence[Old]) -> None:
        """Bring what is known up to date, as far as it is due; NGINX listens at ``places``."""
        # Old workers may have connections to a port that is not listened on any more.
        self._places = places | self._places if old else places
        fresh = [one for one in old if one.sockets is None]
        self._read(fresh, now)
        if self._looking.allows(now):
            with self._looking.spent(now):
                self._look_into(old, now)
        if self._counting.allows(now):
            with self._counting.spent(now):
                accepted = sockdiag.accepted(self._places)
                self._open = _union(accepted, self._http), _union(accepted, self._ports - self._http)
                fresh = [*old]
        for one in fresh:
            one.count(*self._open)

    @property
    def _ports(self) -> frozenset[int]:
        return frozenset(port for _, port in self._places)

    def rest(self, old: Iterable[Old]) -> Connections | None:
        """Return what those hold that serve: all that there are, but for these; ``None`` if unknown."""
        held = [one.connections for one in old]
        known = [one for one in held if one is not None]
        if len(known) != len(held):
            return None
        # What was counted at different moments may differ by what came and went meanwhile.
        http, stream = map(len, self._open)
        return Connections(
            http=max(0, http - sum(one.http + one.upgraded for one in known)),
            stream=max(0, stream - sum(one.stream for one in known)),
        )

    def _look_into(self, old: Sequence[Old], now: float) -> None:
        """See where old workers' connections go, and what goes through them, if that may have changed."""
        self._read([one for one in old if one.stirred(now)], now)
        if any(one.undecided for one in old):
            traffic = sockdiag.traffic(self._ports)
            for one in old:
                one.follow(traffic)
        if self._moved:
            self._moved = False
            self._see_where(old)

    def _see_where(self, old: Sequence[Old]) -> None:
        """See where those lead to that no client has opened."""
        every = frozenset[int]().union(*(one.sockets or () for one in old))
        leads = sockdiag.remotes(every, self._ports)
        for one in old:
            counts = Counter(leads[inode] for inode in (one.sockets or frozenset()) & leads.keys())
            one.remotes = Counter({sockdiag.text(address): count for address, count in counts.items()})

    def _read(self, some: Iterable[Old], now: float) -> None:
        for one in some:
            self._moved = True
            try:
                one.read(now)
                self._forbidden = False
            except PermissionError:
                self._forbidden = True


def _union(accepted: Mapping[int, AbstractSet[int]], ports: Iterable[int]) -> frozenset[int]:
    return frozenset[int]().union(*(accepted.get(port, ()) for port in ports))
