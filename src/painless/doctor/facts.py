"""What the doctor knows: facts, each with where it is from and when it was read, and what could not be read.

Values only; ``gather`` reads them.  A fact has a name, a sysctl that of the kernel.  Checks name the facts
they need, and what is missing says why.
"""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")

CONF = "configuration"
WHOLE = "whole configuration"
"""The same, where all its files could be read: only then is what it does not say known to be absent."""
BUILD = "build"
LISTENERS = "listeners"
WORKERS = "workers"
CPUS = "CPUs"
QUOTA = "CPU quota"
THROTTLED = "throttling"
MEMORY = "memory"
PRESSURE = "pressure"
COUNTERS = "TCP counters"
SOCKETS = "memory of TCP"
PACKETS = "packets not taken"
TRACKED = "connection tracking"
TRACKING = "counters of connection tracking"
ERRORS = "error log"
CERTIFICATES = "certificates"
PAINLESS = "Painless"
NODE = "node"
NETWORK = "network namespace"


class Fact(Struct, Generic[T], frozen=True):
    """A value, where it was read, and when, in seconds since 1970."""

    value: T
    source: str
    at: float = 0.0


class Facts(Struct, frozen=True):
    """All that is known at one moment, and why the rest is not."""

    known: Mapping[str, Fact[Any]] = {}
    missing: Mapping[str, str] = {}

    def lack(self, name: str) -> str:
        """Return why a fact is not known."""
        return self.missing.get(name) or f"{name}: it was not looked at"


class Listener(Struct, frozen=True):
    """A socket of NGINX that listens; ``dropped`` counts the connections lost while we looked."""

    address: str
    port: int
    queue: int
    limit: int
    drops: int
    dropped: int = 0

    @property
    def name(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"


class Worker(Struct, frozen=True):
    """A worker of NGINX; ``None`` where it could not be read.  ``age`` in seconds, ``memory`` is its PSS."""

    pid: int
    draining: bool
    age: float
    most_files: int | None = None
    files: int | None = None
    memory: int | None = None


class Cpus(Struct, frozen=True):
    """CPUs that the process may run on, and that the machine has: NGINX's ``auto`` takes the second."""

    allowed: int
    online: int


class Quota(Struct, frozen=True):
    """CPUs that the cgroup grants; ``None`` without a limit."""

    cpus: float | None


class Moved(Struct, frozen=True):
    """By how much counters moved while we looked, and where they stand."""

    seconds: float
    by: Mapping[str, int]
    now: Mapping[str, int] = {}


class Memory(Struct, frozen=True):
    """Bytes of the cgroup: its limit (``None`` without one) and what is used; processes killed for it."""

    limit: int | None
    used: int | None
    kills: int | None
    together: bool = False
    """Whether one process that is killed takes all others of the cgroup with it."""


class Pressure(Struct, frozen=True):
    """The part of the last minute, in percent, in which something waited for CPU, or all for memory."""

    cpu: float
    memory: float


class Fill(Struct, frozen=True):
    """How full a table is."""

    count: int
    most: int


class Node(Struct, frozen=True):
    """What a node has, ``None`` where it could not be read; ``network`` names its network namespace.

    ``files`` is how many the container runtime may open, ``memory`` in bytes.
    """

    somaxconn: int | None
    tracked: Fill | None
    runtime: str
    files: int | None
    memory: int
    clock_kept: bool | None
    network: str


class Certificate(Struct, frozen=True):
    """A certificate that NGINX shows: days until it ends, and until it begins (0 when it has)."""

    name: str
    ends_in: float
    begins_in: float
    file: str


class Told(Struct, frozen=True):
    """A kind of line in the error log: how often, and the last one."""

    count: int
    last: str


class Errors(Struct, frozen=True):
    """What the error log said in the last ``seconds``, by kind (``errorlines``)."""

    seconds: float
    kinds: Mapping[str, Told]


class Painless(Struct, frozen=True):
    """A controller of ours that runs: what is wrong with it, and how many seconds ago NGINX had to load."""

    ready: bool
    missing: str
    held: int
    loads: tuple[float, ...]
    because: tuple[str, ...]
