"""What the page is made of: everything the controller knows at one moment, and what of it is derived.

``Seen`` comes from the controller; what is derived (``hosts``, rates, versions of rows) is made of it here,
without asking anybody, and is never changed afterwards.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from msgspec import Struct

from painless.compiler import Compiled
from painless.compiler.site import Server, Site
from painless.controller.history import Entry
from painless.controller.status import Status
from painless.explain.answer import Explanation
from painless.explain.asked import Request
from painless.model.diagnostics import Diagnostic
from painless.model.objects import EndpointSlice, ObjectRef
from painless.model.snapshot import Name
from painless.observe.served import Certified
from painless.observe.tally import Answered

EVERY_OTHER = "_"
"""What the catch-all is called where a host needs a name: in links, and by NGINX in its log."""


class Seen(Struct, frozen=True):
    """What the controller knows; ``at`` is in seconds since 1970.

    ``without_pods`` asks the disk which upstreams have no pod that is ready.  ``answered`` is by name of a
    server, ``None`` where it is not known; ``counts`` says whether requests are counted at all.  ``doctor``
    returns the last report, as it is sent.
    """

    at: float
    status: Status
    compiled: Compiled | None = None
    findings: tuple[Diagnostic, ...] = ()
    without_pods: Callable[[], frozenset[str]] = frozenset
    history: tuple[Entry, ...] = ()
    answered: Mapping[str, Answered] | None = None
    counts: bool = True
    doctor: Callable[[], bytes] = bytes


class Looking(Protocol):
    """The controller, as far as the page looks at it."""

    async def see(self) -> Seen:
        """Return what is known at this moment; it costs little, and nothing is asked that may wait."""

    def slices(self, service: Name) -> tuple[EndpointSlice, ...]:
        """Return the endpoints of a Service."""

    def services_at(self, address: str) -> tuple[Name, ...]:
        """Return the Services that have an endpoint at an address."""

    async def explain(self, asked: Request) -> Explanation:
        """Return what happens to a request; raises ``WorldError``."""


class Rate(NamedTuple):
    """Requests each second, and the shares of them that failed (5xx) and that were refused (4xx)."""

    requests: float
    failed: float
    refused: float


class Host(Struct, frozen=True):
    """A host and all that serves it; ``name`` is ``_`` for what serves every other host."""

    name: str
    servers: tuple[Server, ...]
    names: tuple[str, ...]
    routes: int
    owners: tuple[ObjectRef, ...]
    upstreams: frozenset[str]
    problems: tuple[str, ...]


class Row(NamedTuple):
    """A host in the list: ``wrong`` says what is; rates are -1 where they are not known."""

    host: str
    routes: int
    owner: str
    wrong: str
    requests: float
    failed: float


class View(Struct, frozen=True):
    """What all who look at this moment are shown; ``trend`` are the rates of all requests, the oldest first.

    ``rows`` are in the order of their hosts.  ``changed`` says at which version each was as it is last, and
    ``hosts_since`` at which one the list had other hosts.
    """

    version: int
    seen: Seen
    hosts: Mapping[str, Host]
    without_pods: frozenset[str]
    certificates: tuple[Certified, ...]
    rates: Mapping[str, Rate] | None
    trend: tuple[Rate, ...]
    rows: tuple[Row, ...]
    changed: Mapping[str, int]
    hosts_since: int

    @property
    def site(self) -> Site | None:
        return self.seen.compiled.site if self.seen.compiled else None


class Ask(Struct, frozen=True):
    """What somebody wants to see: words of the path and of the query, and what only the loop can say.

    ``slices`` are the endpoints that are shown, ``found`` the Services with an endpoint at the address that
    is searched for; ``explained`` is what happens to a request, or why that cannot be said.
    """

    path: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    slices: Mapping[Name, tuple[EndpointSlice, ...]] = {}
    found: tuple[Name, ...] = ()
    explained: Explanation | str | None = None
