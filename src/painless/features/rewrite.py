"""Rewrite the path on its way to the application; match paths as regular expressions.

``use-regex: "true"`` makes the paths of an Ingress regular expressions: matched without case from the start
of the path, not to its end.  ``rewrite-target: /$2`` does that too, and replaces the path; ``$1`` to ``$9``
are what the path's brackets matched.  The query is kept.

As in ingress-nginx, one Ingress with either key changes *every* path of its host, those of other Ingresses
included, to case-insensitive regular expressions (a diagnostic names the others).  Named groups in a path
become plain ones, since NGINX would make variables of them.

Writes ``location ~* "^path"`` and ``rewrite "(?i)path" target break``.
"""

from msgspec import Struct

from painless.annotations.base import Key, Values
from painless.annotations.decode import Rejected, boolean, matching, with_variables
from painless.nginx.tokens import Expr

_path = matching(
    r"/?[-._~A-Za-z0-9/:$]*", "a path of letters, digits and - . _ ~ / : with captures such as $1"
)


class Target(Struct, frozen=True):
    """What replaces the path: as written, and with its captures and variables told apart."""

    text: str
    replacement: Expr


def _target(text: str) -> Target | Rejected:
    path = _path(text)
    # A capture the path does not have is empty, as in NGINX.
    replacement = path if isinstance(path, Rejected) else with_variables(path, captures=9)
    return replacement if isinstance(replacement, Rejected) else Target(text, replacement)


TARGET: Key[Target | None] = Key(
    "rewrite-target",
    _target,
    default=None,
    doc="The path sent to the application in place of the one matched.",
    example="/$2",
)
USE_REGEX = Key(
    "use-regex",
    boolean,
    default=False,
    doc="Read the paths of this Ingress as regular expressions.",
    example="true",
)

KEYS = (TARGET, USE_REGEX)
SETTINGS = ()


class Rewrite(Struct, frozen=True):
    """Whether paths are expressions, and what replaces them, if anything does."""

    regex: bool
    target: Target | None

    def replaces(self, path: str) -> bool:
        """Whether ``path`` is rewritten: a target equal to the path is none."""
        return self.target is not None and self.target.text not in {"", path}


def parse(values: Values) -> Rewrite:
    return Rewrite(values.get(USE_REGEX), values.get(TARGET))
