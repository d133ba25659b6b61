"""Which requests of an Ingress are logged.

``enable-access-log: "false"`` keeps its requests out of the access log.  ``enable-rewrite-log: "true"`` has
NGINX say in the error log what each rewrite did, for looking into an expression that does not match.  Writes
``access_log off`` and ``rewrite_log on``.
"""

from painless.annotations.base import Contribution, Key, Place, Values
from painless.annotations.decode import boolean
from painless.nginx.tree import directive

ACCESS = Key(
    "enable-access-log", boolean, default=True, doc="Whether requests are in the access log.", example="false"
)
REWRITE = Key(
    "enable-rewrite-log",
    boolean,
    default=False,
    doc="Say in the error log what rewrites did.",
    example="true",
)

KEYS = (ACCESS, REWRITE)
SETTINGS = ()

Logs = tuple[tuple[str, str], ...]
"""Names of directives and their argument."""


def parse(values: Values) -> Logs | None:
    access = () if values.get(ACCESS) else (("access_log", "off"),)
    rewrite = (("rewrite_log", "on"),) if values.get(REWRITE) else ()
    return (*access, *rewrite) or None


def contribute(logs: Logs, _place: Place) -> Contribution:
    return Contribution(location=tuple(directive(name, value) for name, value in logs))
