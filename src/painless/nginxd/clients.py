"""Whose connections are whose: what old workers hold, what is left for those that serve.

Which worker has a connection is known only from its open files, and to go through those of a busy worker is
the dearest thing there is to read.  It is done for old workers alone: they take no new connections, so what
they had is counted down by one question to the kernel, and all the rest belongs to those that serve.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from painless.kernel import sockdiag
from painless.kernel.sockdiag import Traffic
from painless.nginxd import procfs
from painless.nginxd.allowance import Allowance, Shares
from painless.plan.workers import Connections

STILL = 5.0
"""Seconds without a byte after which an answer that has begun is taken for a connection that stays."""

NETLINK = "HTTP and upgraded connections of old workers are not told apart, and counting is slow: {}"
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
        self._began: dict[int, Traffic] = {}
        self._answered: dict[int, int] = {}
        self._stays: set[int] = set()

    def count(self, accepted: Mapping[int, int], http: frozenset[int]) -> None:
        """Count what it holds of the clients' connections there are."""
        if self.sockets is None:
            self.connections = None
            return
        mine = self.sockets & accepted.keys()
        plain = {one for one in mine if accepted[one] in http}
        stays = len(plain & self._stays)
        self.connections = Connections(http=len(plain) - stays, upgraded=stays, stream=len(mine) - len(plain))

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
        self._ports: frozenset[int] = frozenset()
        self._accepted: dict[int, int] = {}
        self._http_open = 0
        self._refusal = sockdiag.refusal()
        self._forbidden = False

    @property
    def unknown(self) -> tuple[str, ...]:
        """What cannot be read here, and what it takes."""
        netlink = (NETLINK.format(self._refusal),) if self._refusal else ()
        return (*netlink, *((FILES,) if self._forbidden else ()))

    def look(self, now: float, ports: frozenset[int], old: Sequence[Old]) -> None:
        """Bring what is known up to date, as far as it is due; ``ports`` are those that NGINX listens on."""
        # Old workers may have connections to a port that is not listened on any more.
        self._ports = ports | self._ports if old else ports
        changed = [one for one in old if one.sockets is None]
        self._read_files(changed)
        if old and self._looking.allows(now):
            with self._looking.spent(now):
                self._look_into(old)
        if self._counting.allows(now):
            with self._counting.spent(now):
                self._accepted = sockdiag.accepted(self._ports)
                self._http_open = sum(port in self._http for port in self._accepted.values())
                for one in old:
                    one.count(self._accepted, self._http)
        else:
            for one in changed:
                one.count(self._accepted, self._http)

    def rest(self, old: Iterable[Old]) -> Connections | None:
        """Return what those hold that serve: all that there are, but for these; ``None`` if unknown."""
        held = [one.connections for one in old]
        known = [one for one in held if one is not None]
        if len(known) != len(held):
            return None
        # What was counted at different moments may differ by what came and went meanwhile.
        return Connections(
            http=max(0, self._http_open - sum(one.http + one.upgraded for one in known)),
            stream=max(0, len(self._accepted) - self._http_open - sum(one.stream for one in known)),
        )

    def _look_into(self, old: Iterable[Old]) -> None:
        """See where old workers' connections go, and what goes through them."""
        self._read_files(old)
        traffic = sockdiag.traffic(self._ports)
        every = frozenset[int]().union(*(one.sockets or () for one in old))
        leads = sockdiag.remotes(every - traffic.keys() - self._accepted.keys())
        for one in old:
            one.follow(traffic)
            counts = Counter(leads[inode] for inode in (one.sockets or frozenset()) & leads.keys())
            one.remotes = Counter({sockdiag.text(address): count for address, count in counts.items()})

    def _read_files(self, some: Iterable[Old]) -> None:
        for one in some:
            try:
                one.sockets = procfs.sockets(one.pid)
                self._forbidden = False
            except PermissionError:
                self._forbidden = True
