"""Directives of NGINX's own: snippets.

Off unless the ConfigMap says ``allow-snippet-annotations: "true"`` (or the flag of that name is given) and
``annotations-risk-level: Critical``.  Then ``configuration-snippet`` adds directives to the paths of an
Ingress and ``server-snippet`` to its hosts, where the oldest Ingress with one has its way.
``auth-snippet`` adds directives about the question to the service of ``auth-url``, such as
``proxy_set_header``, and none that answer it; ``global-auth-snippet`` to that of ``global-auth-url``.
``stream-snippet`` adds servers for what is no HTTP, at ports that nobody has yet: ``server { listen 9000;
proxy_pass database.shop.svc:5432; }`` asks the pods of that Service, and another name's addresses, as they
come and go.  A server that lacks anything it says is left out.
``main-snippet``, ``http-snippet``, ``server-snippet`` (all hosts), ``location-snippet`` (all paths) and
``stream-snippet`` of the ConfigMap are the operator's and always count.

A snippet is read, checked and written anew, so no text in it can end its place.  Each directive has to be one
that stock NGINX has there, with the right number of arguments and only variables that somebody defines;
others are told with their line, and the rest counts.  Annotations have no directive that reads or writes
files, loads a module, shows what others do, or changes what they are served; ``proxy_pass`` takes an address,
and only ``stream-snippet`` opens ports.  Where a directive that keeps somebody out cannot be had (``deny``,
``auth_request``, ``return`` and the like), or a snippet cannot be read at all, the paths answer 503.

What a snippet says counts instead of what Painless would say: ``proxy_read_timeout 5s`` replaces the one of
an annotation, ``proxy_set_header Host x`` the header that is sent anyway, and ``add_header`` adds to those of
the ConfigMap.  Only whom requests go to, and who asks for a password, stays.  ``if``, ``set``, ``return`` and
``rewrite`` run after the redirect to HTTPS.  No ``location`` stands in a ``configuration-snippet``.
"""

from collections.abc import Callable, Iterable

from msgspec import Struct, structs

from painless.annotations.base import LONGEST_LIST, Contribution, Key, Place, Scope, Setting, Values
from painless.annotations.decode import Rejected, boolean
from painless.annotations.snippet import IMPOSSIBLE, Around, Read, Snippet, read_snippet
from painless.annotations.snippet_policy import DECIDING, Author
from painless.annotations.stream_snippet import read_stream
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ConfigMap
from painless.nginx.directives import TABLES
from painless.nginx.tokens import Literal, Token
from painless.nginx.tree import Directive


def _text(text: str) -> str | Rejected:
    return Rejected("directives of NGINX") if IMPOSSIBLE.search(text) else text


_LEFT_OUT = "what cannot be had is left out"


def _key(name: str, doc: str, example: str, scope: Scope = Scope.LOCATION) -> Key[str]:
    return Key(name, _text, "", doc, example, scope, instead=_LEFT_OUT, longest=LONGEST_LIST)


def _setting(name: str, doc: str, example: str) -> Setting[str]:
    return Setting(name, _text, "", doc, example, instead=_LEFT_OUT, longest=LONGEST_LIST)


CONFIGURATION = _key(
    "configuration-snippet", "Directives for the paths.", "add_header X-Frame-Options DENY always;"
)
SERVER = _key("server-snippet", "Directives for the hosts.", "location /ping { return 200; }", Scope.SERVER)
AUTH = _key("auth-snippet", "Directives for the question to auth-url.", "proxy_set_header X-Team shop;")
STREAM = _key(
    "stream-snippet",
    "Servers for what is no HTTP.",
    "server { listen 9000; proxy_pass database.shop.svc:5432; }",
    Scope.SERVER,
)

ALLOWED = Setting(
    "allow-snippet-annotations",
    boolean,
    default=False,
    doc="Whether annotations with directives count; annotations-risk-level has to be Critical, too.",
    example="true",
)
FOR_MAIN = _setting("main-snippet", "Directives outside all others.", "worker_priority 5;")
FOR_HTTP = _setting("http-snippet", "Directives for all of HTTP.", "map $http_a $b { default 1; }")
FOR_SERVERS = _setting("server-snippet", "Directives for all hosts.", "if ($http_a) { return 403; }")
FOR_LOCATIONS = _setting(
    "location-snippet", "Directives for all paths.", "proxy_ignore_headers X-Accel-Expires;"
)
FOR_AUTH = _setting(
    "global-auth-snippet", "Directives for the question to global-auth-url.", "proxy_set_header X-Team all;"
)
FOR_STREAM = _setting(
    "stream-snippet", "Servers for what is no HTTP.", "server { listen 9000; proxy_pass 10.0.0.7:5432; }"
)

KEYS = (CONFIGURATION, SERVER, AUTH, STREAM)
SETTINGS = (ALLOWED, FOR_AUTH, FOR_MAIN, FOR_HTTP, FOR_SERVERS, FOR_LOCATIONS, FOR_STREAM)

_MODULES = frozenset(module for module, _ in TABLES if module)
_NESTED = (("location", "a path of the Ingress, or server-snippet, is where it can be"),)
_ANSWERED = "the path has an application that answers"
_IN_LOCATION = (*_NESTED, ("proxy_pass", _ANSWERED), ("grpc_pass", _ANSWERED), ("fastcgi_pass", _ANSWERED))


class ForAll(Struct, frozen=True, cache_hash=True):
    """What the operator says about snippets, and his own.

    ``allowed``: those of annotations count.  ``lacks`` are the modules that this NGINX has not.  ``closed``
    says why no path is open, if none is.
    """

    allowed: bool = False
    lacks: frozenset[str] = frozenset()
    main: Snippet = Snippet()
    http: Snippet = Snippet()
    server: Snippet = Snippet()
    location: Snippet = Snippet()
    auth: Snippet = Snippet()
    stream: Snippet = Snippet()
    closed: str = ""

    def around(self, context: str, never: tuple[tuple[str, str], ...] = ()) -> Around:
        """Return what a snippet of an annotation stands in."""
        return Around(Author.TENANT, context, self.lacks, self.http.names, never)


def for_all(
    configmap: ConfigMap | None, has: Callable[[str], bool], *, allowed: bool
) -> tuple[ForAll, tuple[Diagnostic, ...]]:
    """Return what the ConfigMap says, and what of it cannot be had."""
    lacks = frozenset(one for one in _MODULES if not has(one))
    if configmap is None:
        return ForAll(allowed, lacks), ()
    data = dict(configmap.data)
    said: list[Diagnostic] = []
    closed: list[str] = []

    def of(key: Setting[str], context: str, names: frozenset[str] = frozenset()) -> Snippet:
        text = data.get(key.name, "")
        if not text.strip() or len(text.encode(errors="replace")) > key.longest:
            return Snippet()
        never = _IN_LOCATION if context == "location" else ()
        around = Around(Author.OPERATOR, context, lacks, names, never)
        found = read_stream(text, around) if context == "stream" else read_snippet(text, around)
        if found.closed:
            closed.append(f"{key.name} of the ConfigMap cannot be had, and it may keep somebody out")
        hint = "every path answers 503 until this is mended" if found.closed else "it is left out"
        severity = Severity.REJECTED if found.closed else Severity.ERROR
        about, reason = (configmap.ref, f"data[{key.name}]"), Reason.SNIPPET_DIRECTIVE
        said.extend(Diagnostic(*about, reason, severity, one, hint) for one in found.problems)
        return found.snippet

    main, http = of(FOR_MAIN, "main"), of(FOR_HTTP, "http")
    server = of(FOR_SERVERS, "server", http.names)
    location = of(FOR_LOCATIONS, "location", http.names | server.names)
    asking = _about_question(of(FOR_AUTH, "location", http.names))
    about, reason = (configmap.ref, f"data[{FOR_AUTH.name}]"), Reason.SNIPPET_DIRECTIVE
    said.extend(Diagnostic(*about, reason, Severity.ERROR, one, "it is left out") for one in asking.problems)
    stream = of(FOR_STREAM, "stream")
    return ForAll(
        allowed, lacks, main, http, server, location, asking.snippet, stream, (*closed, "")[0]
    ), tuple(said)


_ANSWERS = frozenset(
    {"proxy_pass", "proxy_method", "proxy_intercept_errors", "proxy_pass_request_body", "proxy_redirect"}
)
"""What decides how a service is asked and what its answer means, of which a snippet says nothing."""


def _about_question(snippet: Snippet) -> Read:
    """Return what is about how a service is asked: nothing but its answer may open a door."""
    tree = tuple(one for one in snippet.tree if _asks(one.name))
    expected = "expected directives about how the service is asked"
    problems = tuple(f"found {one.name}, {expected}" for one in snippet.tree if not _asks(one.name))
    return Read(Snippet(tree), problems, closed=False)


def _asks(name: str) -> bool:
    return name.startswith("proxy_") and not name.startswith("proxy_cache") and name not in _ANSWERS


class Snippets(Struct, frozen=True):
    """What an Ingress adds to its paths, its hosts, its questions and to what is no HTTP, if anything."""

    location: Snippet | None = None
    server: Snippet | None = None
    auth: Snippet | None = None
    stream: Snippet | None = None


def parse(values: Values, common: ForAll, *, with_password: bool, with_service: bool) -> Snippets:
    """Return the snippets of an Ingress.

    ``with_password`` and ``with_service``: its annotations ask for a password, or a service, already.
    """
    if common.closed:
        values.denied = values.denied or common.closed
    if not common.allowed:
        for key in KEYS:
            if values.given(key):
                says = f"found {key.name}, and snippets are not allowed"
                values.say(key.name, Reason.SNIPPETS_NOT_ALLOWED, says, "the paths are served without it")
        return Snippets()
    server = _read(values, SERVER, common.around("server"))
    around = common.around("location", _IN_LOCATION)
    # A variable that the hosts set is there for the paths.
    names = around.names | (server.names if server else frozenset())
    says = "annotations say it already"
    taken = (
        *((("auth_basic", says),) if with_password else ()),
        *((("auth_request", says),) if with_service else ()),
    )
    location = _read(values, CONFIGURATION, structs.replace(around, names=names, stays=taken))
    question = _read_question(values, around, asks=with_service)
    return Snippets(location, server, question, _read_stream(values, common))


def _read_stream(values: Values, common: ForAll) -> Snippet | None:
    text = values.text(STREAM)
    if not text.strip():
        return None
    around = Around(Author.TENANT, "stream", common.lacks, common.stream.names)
    found = read_stream(text, around) if len(text.encode(errors="replace")) <= STREAM.longest else _TOO_LONG
    for says in found.problems:
        values.say(STREAM.name, Reason.SNIPPET_DIRECTIVE, says, "it is left out")
    return found.snippet if found.snippet.tree else None


def _read_question(values: Values, around: Around, *, asks: bool) -> Snippet | None:
    if values.given(AUTH) and not asks:
        says = f"found {AUTH.name} without auth-url, expected both"
        values.say(AUTH.name, Reason.INCOMPLETE_ANNOTATION, says, "it is ignored")
        return None
    found = _read(values, AUTH, around)
    if found is None:
        return None
    asking = _about_question(found)
    for says in asking.problems:
        values.say(AUTH.name, Reason.SNIPPET_DIRECTIVE, says, "it is left out")
    return asking.snippet if asking.snippet.tree else None


_TOO_LONG = Read(Snippet(), (f"found more than {LONGEST_LIST} bytes",), closed=True)


def _read(values: Values, key: Key[str], around: Around) -> Snippet | None:
    text = values.text(key)
    if not text.strip():
        return None
    found = _TOO_LONG if len(text.encode(errors="replace")) > key.longest else read_snippet(text, around)
    for says in found.problems:
        if found.closed:
            hint = "the paths answer 503 until this is mended: it may keep somebody out"
            values.deny(key.name, Reason.LOCATION_DENIED, says, hint)
        else:
            values.say(key.name, Reason.SNIPPET_DIRECTIVE, says, "it is left out")
    return found.snippet if found.snippet.tree else None


def contribute(snippet: Snippet, place: Place) -> Contribution:
    """Return what a snippet adds to a location."""
    module = place.module
    lists = {f"{module}_set_header", f"{module}_hide_header"}
    return Contribution(
        late=tuple(one for one in snippet.tree if one.name in DECIDING),
        location=tuple(one for one in snippet.tree if one.name not in DECIDING | lists),
        request_headers=tuple(sent(snippet.tree, module)),
        hide_headers=tuple(hidden(snippet.tree, module)),
        guarded=snippet.closes,
    )


def sent(tree: Iterable[Directive], module: str = "proxy") -> Iterable[tuple[str, Token]]:
    """Return the headers of requests that a snippet sets."""
    for one in tree:
        if one.name == f"{module}_set_header" and isinstance(one.args[0], Literal):
            yield one.args[0].text, one.args[1]


def hidden(tree: Iterable[Directive], module: str = "proxy") -> Iterable[str]:
    """Return the application's headers that a snippet hides."""
    for one in tree:
        if one.name == f"{module}_hide_header" and isinstance(one.args[0], Literal):
            yield one.args[0].text
