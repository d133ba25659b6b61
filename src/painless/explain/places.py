"""Which server and which location NGINX takes, and which directives hold there."""

from collections.abc import Iterable

from msgspec import Struct

from painless.explain.expressions import Unclear, match
from painless.nginx.tokens import Literal, Regex, Token
from painless.nginx.tree import Directive

HANDLERS = frozenset({"proxy_pass", "grpc_pass", "fastcgi_pass", "stub_status"})
"""What answers in the content phase."""


class Place(Struct, frozen=True, gc=False):
    """A location, and how it is compared with paths."""

    sign: str
    pattern: str
    block: Directive


class Found(Struct, frozen=True):
    """The location of a path.

    ``unclear`` are expressions of which nobody can say here whether they match.  ``slash``: NGINX redirects
    to the path with a slash behind it.
    """

    block: Directive | None
    unclear: tuple[str, ...] = ()
    slash: bool = False


NOWHERE = Found(None)


def place_of(block: Directive) -> Place:
    """Return how a location is compared; its sign may stand in the same word."""
    words = block.args
    last = words[-1]
    if isinstance(last, Regex):
        return Place(_text(words[0]) if len(words) > 1 else last.prefix, last.pattern, block)
    return Place(_text(words[0]) if len(words) > 1 else "", _text(last), block)


def places(tree: Iterable[Directive]) -> tuple[Place, ...]:
    """Return the locations of a block that requests are compared with."""
    found = (place_of(one) for one in tree if one.name == "location")
    return tuple(one for one in found if not one.pattern.startswith("@") or one.sign)


def locate(tree: Iterable[Directive], path: str) -> Found:
    """Return the location that NGINX takes for a path."""
    some = places(tree)
    exact = next((one for one in some if one.sign == "=" and one.pattern == path), None)
    if exact:
        return Found(exact.block)
    plain = [one for one in some if one.sign in {"", "^~"}]
    beyond = next((one for one in plain if one.pattern == f"{path}/" and answers(one.block)), None)
    if beyond:
        return Found(beyond.block, slash=True)
    begin = [one for one in plain if path.startswith(one.pattern)]
    longest = max(begin, key=lambda one: len(one.pattern), default=None)
    within = locate(longest.block.block or (), path) if longest and longest.block.block else NOWHERE
    if within.block:
        return within
    prefix = longest.block if longest else None
    return Found(prefix) if longest and longest.sign == "^~" else _by_expression(some, path, prefix)


def _by_expression(some: Iterable[Place], path: str, otherwise: Directive | None) -> Found:
    """Return the location of the first expression that matches, in the order of the file."""
    unclear: list[str] = []
    for one in some:
        if one.sign not in {"~", "~*"}:
            continue
        found = match(one.pattern, path, case=one.sign == "~")
        if isinstance(found, Unclear):
            unclear.append(one.pattern)
        elif found is not None:
            return Found(one.block, tuple(unclear))
    return Found(otherwise, tuple(unclear))


def answers(block: Directive) -> bool:
    """Whether a location asks an application."""
    return any(one.name in HANDLERS for one in block.block or ())


def _text(token: Token) -> str:
    return token.text if isinstance(token, Literal) else ""


class Levels(Struct, frozen=True):
    """The blocks around a request, from ``http`` inwards: a directive of the innermost one holds."""

    blocks: tuple[tuple[Directive, ...], ...]

    def within(self, block: Directive) -> "Levels":
        return Levels((*self.blocks, block.block or ()))

    def every(self, name: str) -> tuple[Directive, ...]:
        """Return the directives of a name that hold; those of outer blocks do where no inner one has any."""
        if name == "add_header" and self._merges():
            return tuple(each for one in self.blocks for each in one if each.name == name)
        for one in reversed(self.blocks):
            if found := tuple(each for each in one if each.name == name):
                return found
        return ()

    def _merges(self) -> bool:
        """Whether headers of outer blocks are sent, too."""
        inherit = [each.args for each in self.blocks[-1] if each.name == "add_header_inherit"]
        return inherit == [(Literal("merge"),)]

    def first(self, name: str) -> Directive | None:
        return next(iter(self.every(name)), None)

    def own(self, name: str, blocks: int) -> Directive | None:
        """Return a directive of the innermost ``blocks``: handlers are not inherited from further out."""
        inner = Levels(self.blocks[-blocks:])
        return inner.first(name)
