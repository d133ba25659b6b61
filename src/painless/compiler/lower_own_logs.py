"""Logs of ours beside those of users: NGINX inherits logs whole or not at all.

All of ours stand above all servers, each with the condition that puts a request into it.  So whoever has logs
of their own, from an annotation or a snippet, repeats ours.
"""

from collections.abc import Iterable

from msgspec import structs

from painless.annotations.base import Contribution
from painless.nginx.tokens import Literal
from painless.nginx.tree import Directive

Tree = tuple[Directive, ...]


def logs_of(tree: Iterable[Directive]) -> Tree:
    """Return the logs that a level has, for those below it."""
    return tuple(structs.replace(one, origin=None) for one in tree if one.name == "access_log")


def logged(tree: Tree, ours: Tree) -> Tree:
    """Return the directives of a level, with our logs among them where it has logs of its own."""
    if not ours or not logs_of(tree):
        return tree
    # "off" would have silenced ours as well.
    return (*(one for one in tree if not is_silent(one)), *ours)


def logged_in(tree: Tree, added: Iterable[Contribution], counted: Tree, server: Tree) -> Tree:
    """Return the directives of a location, with our logs where it does not inherit them.

    ``added`` is what its features add, ``counted`` are those of bulkheads, where its requests count.
    ``server`` are the logs of the server's snippets, which know nothing of what one location adds.
    """
    more = tuple(one for part in added for one in part.log)
    inherited = server if more and not logs_of(tree) else ()
    return logged((*tree, *inherited), (*counted, *more))


def is_silent(one: Directive) -> bool:
    """Whether a directive switches off all logs."""
    return one.name == "access_log" and one.args == (Literal("off"),)
