"""What NGINX will serve, in NGINX's words: the value between Kubernetes objects and directives.

Everything that an author decided carries its origin; after this stage nobody looks at an annotation.
"""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from painless.annotations.snippet import Snippet
from painless.features import Parsed
from painless.features.backend_tls import Files
from painless.features.balancing import Balancing
from painless.features.canary import Canary
from painless.features.external_auth import Pool
from painless.features.server_tls import Ciphers
from painless.features.tls_redirect import TlsRedirect
from painless.model.objects import ObjectRef, Origin, PathType
from painless.nginx.tokens import Expr
from painless.nginx.tree import Directive

DEFAULT_LABEL = "upstream-default-backend"
"""What ingress-nginx calls the answer for what nobody serves, in logs and metrics."""

NOBODY = Origin(ObjectRef("", "", ""), "")
"""The origin of what no object asked for: the catch-all's answer."""


class EndpointsFeed(Struct, frozen=True, gc=False):
    """Peers are the ready endpoints of a Service's port.

    ``port_name`` picks the port within the EndpointSlices.  ``number`` is the port number that all
    endpoints share and the configuration names; ``None`` when they may differ or when each peer needs a
    name of its own, so that the port travels with the address (SRV).  ``ipv6`` when some have such addresses.
    """

    port_name: str
    number: int | None
    ipv6: bool = False


class ExternalFeed(Struct, frozen=True, gc=False):
    """Peers are the addresses of a name outside the cluster (a Service of type ExternalName)."""

    hostname: str
    number: int


class StaticFeed(Struct, frozen=True, gc=False):
    """The one peer is an address that does not change: a Service's ClusterIP."""

    address: str
    number: int


Feed = EndpointsFeed | ExternalFeed | StaticFeed


class Binding(Struct, frozen=True, gc=False):
    """The cookie that keeps a client on a peer.

    ``persistent``: for as long as the peer lives.  ``canary``: it is given by the pods of a canary only.
    """

    cookie: str
    persistent: bool
    canary: bool = False


class Upstream(Struct, frozen=True, gc=False):
    """A group of peers that one Service port feeds in one way.

    ``name`` is its identity in NGINX and in DNS, made of namespace, Service and port and of what is special
    about it: equal names are equal upstreams, whoever refers to them.  Peers survive a reload only under the
    same name.  ``label`` is what ingress-nginx calls it, in logs and metrics.  ``pool`` is how many idle
    connections are kept, where somebody says so.
    """

    name: str
    label: str
    namespace: str
    service: str
    port: str
    feed: Feed
    origin: Origin
    affinity: Binding | None = None
    balancing: Balancing | None = None
    pool: Pool | None = None


class CanaryArm(Struct, frozen=True, gc=False):
    """The Service that takes a part of a route's requests, the rule that says which, and who asks for it."""

    upstream: str
    label: str
    rule: Canary
    origin: Origin


class Proxy(Struct, frozen=True, gc=False):
    """The route is answered by an upstream, a part of it perhaps by a canary."""

    upstream: str
    label: str
    canary: CanaryArm | None = None


class Unavailable(Struct, frozen=True, gc=False):
    """The route has no Service to answer it: 503 after redirects to HTTPS."""

    why: str


class Denied(Struct, frozen=True, gc=False):
    """The route is closed, since serving it would ignore what its author asked for: 503 at once."""

    why: str


class NotFound(Struct, frozen=True, gc=False):
    """Nobody serves the route and there is no default backend: 404, after access rules."""


class Redirected(Struct, frozen=True, gc=False):
    """The route's settings answer every request with a redirect; ``label`` is the Service's, for logs."""

    label: str


Answer = Proxy | Redirected | Unavailable | Denied | NotFound


class Failing(Struct, frozen=True, gc=False):
    """Who answers where a route's Service does not.

    ``pages`` does for the statuses in ``codes``, ``instead`` where nobody is ready behind the Service; both
    are upstreams, or empty.  ``about`` is what they are told: namespace, Ingress, Service, port, and the
    Service that the Ingress names for this, with slashes between.  ``own``: that Service makes the pages.
    """

    codes: tuple[int, ...]
    pages: str
    instead: str
    about: str
    own: bool


class Route(Struct, frozen=True, gc=False):
    """What an Ingress's path asks for, with everything its annotations mean.

    ``users`` is the hot file with the users who may enter; empty when anyone may.  ``backend`` are the files
    for TLS to the application, if it wants any.  ``auth_upstream`` is who is asked about each request; empty
    when nobody is.  ``failing`` is who answers in place of the Service, if anybody does,
    ``mirror_upstream`` who gets copies of its requests.
    """

    path: str
    path_type: PathType
    answer: Answer
    settings: Parsed
    origin: Origin
    users: str = ""
    implicit: bool = False
    backend: Files | None = None
    auth_upstream: str = ""
    failing: Failing | None = None
    mirror_upstream: str = ""

    @property
    def upstreams(self) -> frozenset[str]:
        """Every upstream that its requests may go to: they, copies of them, or questions about them."""
        answer, failing = self.answer, self.failing
        if isinstance(answer, Denied):
            return frozenset()
        found: tuple[str, ...] = (self.auth_upstream,)
        if failing is not None:
            found += (failing.pages, failing.instead)
        if isinstance(answer, Proxy):
            found += (answer.upstream, answer.canary.upstream if answer.canary else "", self.mirror_upstream)
        return frozenset(filter(None, found))


class Modifier(StrEnum):
    """How NGINX compares a location's path."""

    EXACT = "="
    PREFIX = ""
    REGEX = "~*"


class Location(Struct, frozen=True, gc=False):
    """One location block: a route, and how NGINX finds it.

    ``rewrite`` is the expression and the path that replaces what it matches.
    """

    modifier: Modifier
    pattern: str
    route: Route
    rewrite: tuple[str, Expr] | None = None


class Own(Struct, frozen=True, gc=False):
    """What a location has of its own among hosts that look alike: names, which NGINX can look up by host.

    ``upstream`` and ``label`` are its Service's, those with ``canary_`` its canary's; ``canary`` names that
    Ingress.  ``users`` is the hot file of who may enter, ``ingress`` the Ingress, ``why`` what an answer
    that is no Service's is for, ``auth_upstream`` who is asked about its requests,
    ``mirror_upstream`` who gets copies of them.  ``pages_upstream``,
    ``instead_upstream`` and ``about`` are those of ``Failing``.
    """

    upstream: str = ""
    label: str = ""
    canary_upstream: str = ""
    canary_label: str = ""
    canary: str = ""
    users: str = ""
    ingress: str = ""
    why: str = ""
    auth_upstream: str = ""
    mirror_upstream: str = ""
    pages_upstream: str = ""
    instead_upstream: str = ""
    about: str = ""


class Clients(Struct, frozen=True, gc=False):
    """Which certificates a host wants of its clients.

    ``authorities`` and ``revoked`` are cold files.  ``closed``: nobody may enter, since it cannot be known
    who may.  ``redirect`` is how plain HTTP, which has no certificates, is sent to HTTPS.
    """

    closed: bool = False
    verify: str = "on"
    depth: int = 1
    page: str = ""
    subject: str = ""
    passed_on: bool = False
    authorities: str = ""
    revoked: str = ""
    redirect: TlsRedirect | None = None

    @property
    def required(self) -> bool:
        """Whether nobody may enter without a certificate: plain HTTP, which has none, is closed."""
        return self.verify == "on" or self.subject != ""


class OwnTls(Struct, frozen=True, gc=False):
    """What a host has of its own in TLS, so that NGINX needs a TLS context for it."""

    clients: Clients | None = None
    ciphers: Ciphers | None = None


class Server(Struct, frozen=True, gc=False):
    """The names of one host that are served alike; the empty host is the catch-all, NGINX's default server.

    ``tls``: an Ingress asks for TLS, so plain HTTP is redirected where it may be.  ``shape`` names everything
    of the locations that hosts may share; ``own`` is the rest, one for each location.  ``alone``: an Ingress
    asks for a block of its own.  ``own_tls`` and ``snippet``, what an Ingress adds to the server, are part of
    what hosts share, too; ``snippet_of`` is whose that is.  ``pages`` is the upstream that makes the error
    pages of all Ingresses, if any does.
    """

    host: str
    names: tuple[str, ...]
    tls: bool
    locations: tuple[Location, ...]
    shape: str
    own: tuple[Own, ...]
    origin: Origin | None
    app_root: tuple[Expr, Origin] | None = None
    alone: bool = False
    own_tls: OwnTls | None = None
    pages: str = ""
    snippet: Snippet | None = None
    snippet_of: Origin | None = None


class Twin(Struct, frozen=True, gc=False):
    """A name that redirects to a host: the same with ``www.`` before it or without, and who asks for it."""

    name: str
    code: int
    origin: Origin


class StreamServer(Struct, frozen=True, gc=False):
    """A port whose connections or datagrams go to an upstream unread.

    ``decode``: clients speak the PROXY protocol.  ``encode``: the pods are spoken to in it.
    """

    port: int
    udp: bool
    upstream: str
    decode: bool
    encode: bool
    origin: Origin


class Passthrough(Struct, frozen=True, gc=False):
    """A host whose TLS connections go to an upstream as they are."""

    host: str
    upstream: str
    origin: Origin


class Site(Struct, frozen=True, gc=False):
    """Everything NGINX will serve.

    ``certificates``: for each name of a server, the hot file of its certificate without suffix.  ``files``:
    cold files that are no configuration, such as authorities, by name.  ``streams`` and ``passthrough`` are
    passed on unread, to ``stream_upstreams``.  ``stream_snippets`` are what
    somebody wrote for what is no HTTP.
    """

    servers: tuple[Server, ...]
    twins: tuple[Twin, ...]
    upstreams: tuple[Upstream, ...]
    certificates: Mapping[str, str]
    files: Mapping[str, str] = {}
    streams: tuple[StreamServer, ...] = ()
    passthrough: tuple[Passthrough, ...] = ()
    stream_upstreams: tuple[Upstream, ...] = ()
    stream_snippets: tuple[Directive, ...] = ()

    @property
    def has_stream(self) -> bool:
        """Whether anything but HTTP is served."""
        return bool(self.streams or self.passthrough or self.stream_snippets)

    @property
    def every_upstream(self) -> tuple[Upstream, ...]:
        """The upstreams of http and of stream, each name once: it means the same in both."""
        if not self.stream_upstreams:
            return self.upstreams
        return tuple({one.name: one for one in (*self.upstreams, *self.stream_upstreams)}.values())
