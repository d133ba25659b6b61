"""Snippets among the directives that we write: what they replace, and where lists have to be complete.

NGINX refuses a directive that stands twice where it may stand once, and inherits a list of headers or error
pages whole or not at all.  So what a snippet says replaces ours by name, and each list is written out.
"""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import structs

from painless.annotations.base import Contribution, Place
from painless.annotations.snippet import Snippet
from painless.annotations.snippet_policy import DECIDING
from painless.compiler.lower_bulkheads import below, beside_snippet
from painless.compiler.lower_failed import inherit
from painless.compiler.lower_own_logs import logged, logs_of
from painless.compiler.options import Options
from painless.compiler.request_headers import request_headers
from painless.compiler.site import Route, Server
from painless.features import Everywhere, snippets
from painless.model.objects import ObjectRef, Origin
from painless.nginx.catalog import find
from painless.nginx.tokens import Literal, Regex, Token, Var
from painless.nginx.tree import Directive, directive, when

_MODULES = ("proxy", "grpc", "fastcgi")
_LISTS = frozenset(
    {"add_header", *(f"{module}_{what}" for module in _MODULES for what in ("hide_header", "set_header"))}
)
"""Directives that NGINX inherits whole or not at all, and that are written out with ours."""


def of_configmap(snippet: Snippet, name: str, options: Options) -> tuple[Directive, ...]:
    """Return the directives of a snippet of the ConfigMap, with their origin."""
    if options.configmap is None:
        return ()
    origin = Origin(ObjectRef("ConfigMap", *options.configmap), f"data[{name}]")
    return tuple(structs.replace(one, origin=origin) for one in snippet.tree)


def for_http(common: Everywhere, options: Options) -> tuple[Directive, ...]:
    """Return what the operator adds to http, but for headers of requests, which are in our list of them."""
    own = of_configmap(common.snippets.http, snippets.FOR_HTTP.name, options)
    return tuple(one for one in own if one.name not in _LISTS - {"add_header"})


def merged(body: Iterable[Directive], context: str) -> tuple[Directive, ...]:
    """Return ``body`` in which a later directive replaces an earlier one, where NGINX takes it once."""
    kept = list(body)
    last = {one.name: at for at, one in enumerate(kept)}
    return tuple(one for at, one in enumerate(kept) if last[one.name] == at or _repeats(one.name, context))


def _repeats(name: str, context: str) -> bool:
    entry = find(name, context)
    return entry is None or entry.repeats


def to_location(route: Route, common: Everywhere, place: Place, options: Options) -> tuple[Contribution, ...]:
    """Return what the snippets of a route add to its location: its author's, and then the operator's."""
    own, theirs = route.settings.snippet, common.snippets.location
    field = f"metadata.annotations[{options.annotations_prefix}/{snippets.CONFIGURATION.name}]"
    there = (
        *(("auth_basic", "auth_basic_user_file") if route.users else ()),
        *(("auth_request",) if route.auth_upstream else ()),
    )
    parts = (
        *((structs.replace(snippets.contribute(own, place), field=field),) if own else ()),
        *((snippets.contribute(theirs, place),) if theirs.tree else ()),
    )
    return tuple(_without(part, there) for part in parts)


def _without(part: Contribution, names: tuple[str, ...]) -> Contribution:
    return structs.replace(part, location=tuple(one for one in part.location if one.name not in names))


def has_own(route: Route, common: Everywhere) -> bool:
    """Whether a location has snippets."""
    return route.settings.snippet is not None or bool(common.snippets.location.tree)


def of_server(server: Server, common: Everywhere, options: Options, owner: object) -> tuple[Directive, ...]:
    """Return the directives of a server's snippets: of its Ingress, and then the operator's."""
    own = server.snippet.tree if server.snippet else ()
    theirs = of_configmap(common.snippets.server, snippets.FOR_SERVERS.name, options)
    return (*(structs.replace(one, origin=owner) for one in own), *theirs)


def within(common: Everywhere, tree: tuple[Directive, ...]) -> Everywhere:
    """Return what the locations of a server share that has the snippets ``tree``."""
    if not tree:
        return common
    added = tuple(structs.replace(one, origin=None) for one in tree if one.name == "add_header")
    hidden = (name for module in _MODULES for name in snippets.hidden(tree, module))
    return structs.replace(
        common,
        added=(*inherited(added, common), *added),
        sent=(*common.sent, *snippets.sent(tree), *snippets.sent(tree, "grpc")),
        hidden=tuple(dict.fromkeys((*common.hidden, *hidden))),
        error_pages=tuple(structs.replace(one, origin=None) for one in tree if one.name == "error_page"),
        bulkheads=below(common.bulkheads, tree),
        logs=logs_of(tree),
    )


def inherited(added: tuple[Directive, ...], common: Everywhere) -> tuple[Directive, ...]:
    """Return the headers of all answers that those of a server do not replace."""
    names = {_name(one) for one in added}
    return tuple(one for one in common.added if _name(one) not in names)


def _name(one: Directive) -> str:
    return one.args[0].text.lower() if isinstance(one.args[0], Literal) else ""


def snippet_lines(tree: tuple[Directive, ...], common: Everywhere, *, asks: bool) -> tuple[Directive, ...]:
    """Return what snippets add to a server before its locations.

    ``asks``: a location of it asks a service whether a request may pass.
    """
    plain = tuple(one for one in tree if one.name != "location" and one.name not in _LISTS)
    added = tuple(one for one in tree if one.name == "add_header")
    decides = any(one.name in DECIDING for one in plain)
    return (
        *((_not_for_questions(),) if asks and decides else ()),
        *logged(plain, common.bulkheads.log),
        *beside_snippet(plain, common.bulkheads),
        *added,
        *(inherit(added, common.added) if added else ()),
        *_headers(tree, common),
    )


def _not_for_questions() -> Directive:
    # A question to the service is a request of its own here, and no answer but the service's may open a door.
    return when(Var("uri"), "!~", Regex("^/"), body=(directive("break"),))


def _headers(tree: tuple[Directive, ...], common: Everywhere) -> Iterator[Directive]:
    """Yield complete lists of headers of requests, where a server has any of its own."""
    for module in _MODULES:
        own: Mapping[str, Token] = dict(snippets.sent(tree, module))
        if own:
            sent = request_headers(dict(common.sent), own)
            yield from (directive(f"{module}_set_header", *header) for header in sent.items())
        hide = tuple(snippets.hidden(tree, module))
        if hide:
            names = dict.fromkeys((*common.hidden, *hide))
            yield from (directive(f"{module}_hide_header", name) for name in names)


def locations_of(tree: Iterable[Directive]) -> Iterator[Directive]:
    return (one for one in tree if one.name == "location")


def beside_snippets(ours: Iterable[Directive], tree: tuple[Directive, ...]) -> tuple[Directive, ...]:
    """Return our locations but those for which a snippet has one, which then stays.

    The snippet of an Ingress has none for a path of its host (``server_snippets``), so this is the operator's
    word.
    """
    theirs = {key_of(one) for one in locations_of(tree)}
    return tuple(one for one in ours if not theirs or key_of(one) not in theirs)


def key_of(location: Directive) -> tuple[str, str]:
    """Return what NGINX takes for one location: two with the same key are refused."""
    words = [_word(one) for one in location.args]
    if len(words) == 1:
        sign = next((one for one in ("~*", "^~", "=", "~") if words[0].startswith(one)), "")
        words = [sign, words[0].removeprefix(sign)]
    return ("" if words[0] == "^~" else words[0], words[1])


def _word(token: Token) -> str:
    match token:
        case Literal(text):
            return text
        case Regex(pattern, sign):
            return f"{sign}{pattern}"
        case _:
            return repr(token)
