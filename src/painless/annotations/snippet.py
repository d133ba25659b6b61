"""A snippet: NGINX's own language in an annotation or in the ConfigMap, read as a tree that we print.

Each directive is checked against the catalog and the policy of its author (``snippet_policy``).  One that
cannot be had is told with its line and left out, and so is what depends on it; where something that keeps
somebody out may be lost with it, the snippet is ``closed``, and what it is for must not stand open.
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from painless.annotations.addresses import no_other_machine
from painless.annotations.decode import Rejected, shown
from painless.annotations.regex import regex
from painless.annotations.snippet_policy import (
    DECIDING,
    FRAMING,
    Author,
    closes,
    is_lua,
    refused,
)
from painless.annotations.variables import OF_MODULES, READABLE, is_nginx, is_ours
from painless.nginx import catalog
from painless.nginx.reader import Node, ReadError, read
from painless.nginx.spans import FORMAT
from painless.nginx.tokens import Expr, Literal, Regex, Token, Var
from painless.nginx.tree import Directive, when

_DEEPEST = 6  # Blocks within blocks; NGINX itself has no use for more.
MOST_TOLD = 12  # Findings about one snippet: the first few are mended first.
IMPOSSIBLE = re.compile("[\0\ud800-\udfff]")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([1-9])|(\w+))", re.ASCII)
_NAMED = re.compile(r"\(\?(?:P?<(?![=!])|')(\w*)")
_GROUP = re.compile(r"[A-Za-z_]\w{0,31}", re.ASCII)
_TARGET = re.compile(r"https?://(\[[0-9a-fA-F:.]+\]|[0-9.]+)(?::\d{1,5})?(?=[/?]|\Z)")
_OPERATORS = {"=": False, "!=": False, "~": True, "~*": True, "!~": True, "!~*": True}
"""The operators of ``if``, and whether an expression follows."""
_FILE_TESTS = frozenset(f"{no}-{test}" for no in ("", "!") for test in "fdex")
_OWN_PLACES = re.compile(r"@(?:upstream_failed|signin|custom|error|page|mirror)")
_OWN_FORMATS = frozenset({"upstreaminfo", "log_stream", "inflight_refused", FORMAT, "combined"})
_ONLY_OURS = frozenset({"resolver", "resolver_timeout"})
"""What http and stream have for the addresses of pods."""
_ZONES = {
    "limit_req_zone": re.compile(r"zone=([^:]+):.*"),
    "proxy_cache_path": re.compile(r"keys_zone=([^:]+):.*"),
    "fastcgi_cache_path": re.compile(r"keys_zone=([^:]+):.*"),
    "limit_conn_zone": re.compile(r"zone=([^:]+):.*"),
}
_USES = {
    "limit_req": re.compile(r"zone=(.+)"),
    "limit_conn": re.compile(r"([^$]+)"),
    "proxy_cache": re.compile(r"([^$]+)"),
}
"""Directives that make shared memory, and those that name it."""


class Snippet(Struct, frozen=True, cache_hash=True):
    """What is left of a snippet.

    ``closes``: something in it keeps somebody out.  ``names`` are what it defines for others: variables with
    their dollar sign, and zones of shared memory.
    """

    tree: tuple[Directive, ...] = ()
    closes: bool = False
    names: frozenset[str] = frozenset()


class Around(Struct, frozen=True):
    """What a snippet stands in.

    ``lacks`` are the modules that this NGINX has not.  ``names`` are what others define for it.  ``never``
    are directives that mean something else at this place, and why; those that ``stays`` has are there
    already, and close as much.
    """

    author: Author
    context: str
    lacks: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    never: tuple[tuple[str, str], ...] = ()
    stays: tuple[tuple[str, str], ...] = ()


class Read(Struct, frozen=True):
    """A snippet as it can be had, and what cannot; ``closed``: without that it might stand open."""

    snippet: Snippet
    problems: tuple[str, ...]
    closed: bool


class _No(Exception):
    """A directive cannot be had; says why."""


class _There(_No):
    """It is there already, so nothing is lost with it."""


def read_snippet(text: str, around: Around) -> Read:
    """Read a snippet; never raises."""
    nodes = nodes_of(text)
    return Read(Snippet(), (nodes,), closed=True) if isinstance(nodes, str) else read_nodes(nodes, around)


def nodes_of(text: str) -> tuple[Node, ...] | str:
    """Return a text as NGINX reads it, or why it cannot be read."""
    if found := IMPOSSIBLE.search(text):
        return f"found {shown(found[0])}, expected text that NGINX can hold"
    try:
        return tuple(read(text, "the snippet"))
    except ReadError as problem:
        lua = next((word for word in re.findall(r"\w+", text) if is_lua(word)), "")
        return f'"{lua}": stock NGINX has no Lua' if lua else str(problem)


def read_nodes(nodes: Iterable[Node], around: Around) -> Read:
    """Return what can be had of what was read."""
    nodes = tuple(nodes)
    reader = _Reader(around)
    tree = reader.body(nodes, around.context, _NAMES.get(around.context, around.context), ())
    kept_out = any(closes(one.name) for one in every(nodes))
    closed = kept_out and any(one.name in DECIDING or closes(one.name) for one in reader.lost)
    found_snippet = Snippet(tree, kept_out, frozenset(reader.names))
    return Read(found_snippet, tuple(reader.problems[:MOST_TOLD]), closed)


_NAMES = {"main": "", "stream server": "server", "if in location": "if"}
"""What the block is called that a context is within."""


def every(some: Iterable[Node] | Iterable[Directive]) -> Iterator[Node | Directive]:
    """Yield what is there and what is within it, as deep as it goes."""
    left: list[Node | Directive] = [*some]
    while left:
        one = left.pop()
        yield one
        left.extend(one.block or ())


class _Reader:
    """Makes directives of nodes; collects what is defined, what is lost, and why."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._stream = around.context.startswith("stream")
        self.names: set[str] = set()
        self.problems: list[str] = []
        self.lost: list[Node] = []

    def body(
        self, nodes: Iterable[Node], context: str, parent: str, outer: tuple[Node, ...]
    ) -> tuple[Directive, ...]:
        """Return the directives of a block called ``parent`` that can be had."""
        found: list[Directive] = []
        once: set[str] = set()
        for node in nodes:
            try:
                one = self._one(node, context, parent, outer)
                _first(one, context, once)
            except _No as why:
                self.lost += [] if isinstance(why, _There) else [node]
                self.problems.append(f"line {node.line}: {shown(node.name)} {why}")
                continue
            once.add(one.name)
            found.append(one)
        return tuple(found)

    def _one(self, node: Node, context: str, parent: str, outer: tuple[Node, ...]) -> Directive:
        if len(outer) > _DEEPEST:
            raise _No(f"is within more than {_DEEPEST} blocks")
        if context in _LISTS:
            return self._line(node, context, parent)
        self._allowed(node, context)
        if node.name == "if":
            return self._if(node, context, outer)
        _placed(node, outer)
        args = tuple(self._word(node, at, parent, context) for at in range(len(node.args)))
        one = Directive(node.name, args)
        self._check(one if node.block is None else Directive(node.name, args, ()), context)
        self._note_zone(node)
        if node.block is None:
            return one
        return Directive(node.name, args, self._inner(node, context, outer))

    def _inner(self, node: Node, context: str, outer: tuple[Node, ...]) -> tuple[Directive, ...]:
        within = catalog.inside(node.name, context)
        if not within:
            raise _No(f"has no block in {context}")
        return self.body(node.block or (), within, node.name, (*outer, node))

    def _check(self, one: Directive, context: str) -> None:
        if problems := catalog.check((one,), context):
            raise _No(problems[0].removeprefix(f'"{one.name}" in {context}: '))

    def _allowed(self, node: Node, context: str) -> None:
        """Refuse what the author may not have, or this NGINX has not."""
        author = self._around.author
        if context == self._around.context and (why := dict(self._around.stays).get(node.name)):
            raise _There(f"is not taken: {why}")
        here = dict(self._around.never).get(node.name, "")
        if why := here or ("" if _is_off(node) else refused(node.name, author, context)):
            raise _No(f"is not taken: {why}")
        if node.name in _ONLY_OURS and context in {"http", "stream"}:
            raise _No("is not taken: Painless itself writes it")
        if node.name == "log_format" and node.args and node.args[0].text in _OWN_FORMATS:
            raise _No("is not taken: there is a format of this name")
        entry = catalog.find(node.name, context)
        if entry and entry.module in self._around.lacks:
            raise _No(f"needs an NGINX that is built with {entry.module}")
        if author is Author.TENANT and not self._stream:
            _of_tenant(node)
        self._known_zone(node)

    def _known_zone(self, node: Node) -> None:
        pattern = _USES.get(node.name)
        found = pattern.fullmatch(node.args[0].text) if pattern and node.args else None
        if found and found[1] != "off" and found[1] not in self._around.names | self.names:
            raise _No(f"names {shown(found[1])}, which nobody defines")

    def _note_zone(self, node: Node) -> None:
        if pattern := _ZONES.get(node.name):
            matches = (pattern.fullmatch(word.text) for word in node.args)
            self.names.update(found[1] for found in matches if found)

    def _line(self, node: Node, context: str, parent: str) -> Directive:
        """Return a line of a map and the like, whose first word is data."""
        if node.block is not None or node.name == "include":
            raise _No("is not taken: a list holds lines")
        if catalog.find(node.name, context):
            args = tuple(self._word(node, at, parent, context) for at in range(len(node.args)))
            one = Directive(node.name, args)
        else:
            values = (self._text(word.text, expands=context == "map") for word in node.args)
            one = Directive("", (self._key(node.name, context), *values))
        self._check(one, context)
        return one

    def _key(self, text: str, context: str) -> Token:
        if context != "map":
            return Literal(text)
        if text.startswith("~"):
            sign = "~*" if text.startswith("~*") else "~"
            return Regex(self._expression(text.removeprefix(sign)), sign)
        return Literal(text.removeprefix("\\"))

    def _word(self, node: Node, at: int, parent: str, context: str) -> Token:
        """Return one argument."""
        text = node.args[at].text
        entry = catalog.find(node.name, context)
        if entry and at in entry.names and text.startswith("$"):
            return self._defined(text[1:])
        sign = _sign(node, at)
        if sign is not None:
            return Regex(self._expression(text.removeprefix(sign)), sign)
        return self._text(text, expands=catalog.expands(node.name, at, parent))

    def _defined(self, name: str) -> Var:
        """Return a variable that the snippet defines."""
        if not _GROUP.fullmatch(name):
            raise _No(f"defines {shown('$' + name)}, expected a name of letters, digits and _")
        if is_ours(name) or is_nginx(name, stream=self._stream):
            raise _No(f"defines ${name}, which has a meaning already")
        self.names.add(f"${name}")
        return Var(name)

    def _expression(self, text: str) -> str:
        found = regex(text)
        if isinstance(found, Rejected):
            raise _No(f"has {shown(text)}, expected {found.expected}")
        names = _NAMED.findall(text)
        if len(set(names)) < len(names):
            raise _No(f"has {shown(text)}, expected each name of a group once")
        for name in names:
            self._defined(name)
        return text

    def _text(self, text: str, *, expands: bool) -> Token:
        """Return a word with its variables told apart."""
        if not expands or "$" not in text:
            return Literal(text)
        parts: list[Literal | Var] = []
        end = 0
        for found in _VARIABLE.finditer(text):
            self._add(parts, text[end : found.start()])
            parts.append(Var(self._known(found[1] or found[2] or found[3])))
            end = found.end()
        self._add(parts, text[end:])
        return parts[0] if len(parts) == 1 and isinstance(parts[0], Var) else Expr(tuple(parts))

    def _add(self, parts: list[Literal | Var], text: str) -> None:
        if "$" in text:
            raise _No("has a dollar sign that begins no variable")
        if text:
            parts.append(Literal(text))

    def _known(self, name: str) -> str:
        if name.isdigit() and len(name) == 1 and name != "0":
            return name
        defined = f"${name}" in self._around.names or f"${name}" in self.names
        if not (defined or self._is_there(name)):
            raise _No(f"names ${name}, which nobody defines")
        return name

    def _is_there(self, name: str) -> bool:
        if self._stream:
            module = next((one for begins, one in OF_MODULES.items() if name.startswith(begins)), "")
            return is_nginx(name, stream=True) and module not in self._around.lacks
        return name in READABLE or is_nginx(name)

    def _if(self, node: Node, context: str, outer: tuple[Node, ...]) -> Directive:
        """Return an ``if``: its condition is three words, and brackets that stand where they like."""
        words = _condition([word.text for word in node.args])
        if node.block is None:
            raise _No("needs a block")
        match words:
            case [name]:
                subject: Literal | Var = self._subject(name)
                rest: tuple[Token, ...] = ()
            case [test, file] if test in _FILE_TESTS and self._around.author is Author.OPERATOR:
                subject, rest = Literal(test), (self._text(file, expands=True),)
            case [name, operator, text] if operator in _OPERATORS:
                is_regex = _OPERATORS[operator]
                value = Regex(self._expression(text)) if is_regex else self._text(text, expands=True)
                subject, rest = self._subject(name), (Literal(operator), value)
            case _:
                raise _No("expected a condition such as ($request_method = POST)")
        # Read first: what it matches may define variables.
        one = when(subject, *rest, body=self._inner(node, context, outer))
        self._check(Directive(one.name, one.args, ()), context)
        return one

    def _subject(self, text: str) -> Var:
        found = _VARIABLE.fullmatch(text)
        if found is None:
            raise _No("expected a condition that begins with a variable")
        return Var(self._known(found[1] or found[2] or found[3]))


def _first(one: Directive, context: str, once: set[str]) -> None:
    entry = catalog.find(one.name, context)
    if one.name in once and not (entry and entry.repeats):
        raise _No("stands there twice, and NGINX accepts it once")


_LISTS = frozenset({"map", "geo", "split_clients", "types"})
"""Contexts of lines whose first word is data."""


def _is_off(node: Node) -> bool:
    """Whether this only keeps something out of the log, which is everybody's to say."""
    return node.name == "access_log" and [word.text for word in node.args] == ["off"]


def _sign(node: Node, at: int) -> str | None:
    """Return the sign within the word of an argument that is an expression; ``None`` when it is none."""
    text = node.args[at].text
    written = next((sign for sign in ("~*", "~") if text.startswith(sign)), None)
    match node.name:
        case "rewrite" | "fastcgi_split_path_info":
            return "" if at == 0 else None
        case "gzip_disable":
            return ""
        case "location":
            return (
                ""
                if at == 1 and node.args[0].text in {"~", "~*"}
                else written
                if len(node.args) == 1
                else None
            )
        case "server_name" | "valid_referers":
            return "~" if written else None
        case "proxy_redirect" | "proxy_cookie_path" | "proxy_cookie_domain" | "proxy_cookie_flags":
            return written if at == 0 else None
        case _:
            return None


def _condition(words: list[str]) -> list[str]:
    """Return the words within the brackets of a condition."""
    if not words or not words[0].startswith("(") or not words[-1].endswith(")"):
        raise _No("expected a condition in brackets")
    words = [words[0][1:], *words[1:]]
    words[-1] = words[-1][:-1]
    return [*filter(None, words[:1]), *words[1:-1], *filter(None, words[1:][-1:])]


def _placed(node: Node, outer: tuple[Node, ...]) -> None:
    """Refuse a location that NGINX would not have at its place."""
    if node.name != "location" or not node.args:
        return
    sign, pattern = _location(node)
    if _OWN_PLACES.match(pattern) and not sign:
        raise _No(f"has {shown(pattern)}, which is a place of Painless")
    if not sign.startswith("~") and not pattern.startswith(("/", "@")):
        raise _No(f"has {shown(pattern)}, expected a path that begins with /")
    around = next((one for one in reversed(outer) if one.name == "location"), None)
    if around is None:
        return
    around_sign, around_pattern = _location(around)
    if around_sign == "=" or around_pattern.startswith("@") or pattern.startswith("@"):
        raise _No("stands within a location that can hold none")
    if not sign.startswith("~") and not pattern.startswith(around_pattern):
        raise _No(f"has {shown(pattern)}, which is not within {shown(around_pattern)}")


def _location(node: Node) -> tuple[str, str]:
    """Return the sign and the pattern of a location, written together or not."""
    words = [word.text for word in node.args]
    if len(words) > 1:
        return words[0], words[1]
    sign = next((sign for sign in ("~*", "^~", "=", "~") if words[0].startswith(sign)), "")
    return sign, words[0].removeprefix(sign)


def _of_tenant(node: Node) -> None:
    """Refuse what depends on the arguments."""
    words = [word.text for word in node.args]
    if node.name == "proxy_pass" and words:
        _reachable(words[0])
    if node.name == "proxy_set_header" and words and words[0].lower() in FRAMING:
        raise _No(f"sets {words[0]}, which says where a request ends")


def _reachable(target: str) -> None:
    found = _TARGET.match(target)
    if found is None:
        raise _No("is not taken: expected a URL with an address; a Service or a name is for a path's backend")
    try:
        address = ipaddress.ip_address(found[1].strip("[]"))
    except ValueError:
        raise _No(f"has {shown(found[1])}, expected an address") from None
    if no_other_machine(address):
        raise _No(f"has {address}, expected an address that is not this machine's")
