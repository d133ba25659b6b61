"""Send the browser from ``/`` to the application's start page.

``app-root: /app`` answers requests for ``/`` with 302 to ``/app`` on the same host.  It works for the whole
host; when two Ingresses of a host set it, the oldest decides.

Writes ``if ($uri = /) { return 302 …; }`` into the server.
"""

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import Rejected, matching, with_variables
from painless.nginx.tokens import Expr

_path = matching(r"/?[-._~A-Za-z0-9/:$]*", "a path of letters, digits and - . _ ~ / :")


def _root(text: str) -> Expr | Rejected:
    path = _path(text)
    return path if isinstance(path, Rejected) else with_variables(path)


ROOT: Key[Expr | None] = Key(
    "app-root",
    _root,
    default=None,
    doc="Where requests for / are redirected to.",
    example="/app",
    scope=Scope.SERVER,
)

KEYS = (ROOT,)
SETTINGS = ()


def parse(values: Values) -> Expr | None:
    return values.get(ROOT)
