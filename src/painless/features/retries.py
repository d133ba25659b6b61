"""When a request is tried again with another pod.

``proxy-next-upstream`` lists what counts as a failure (default ``error timeout``), ``off`` for never;
``proxy-next-upstream-tries`` how many pods are tried (default 3, 0 for all of them), and
``proxy-next-upstream-timeout`` for how many seconds tries may begin (default 0, no limit).

A request whose method is not idempotent, POST, LOCK or PATCH, and that has been sent is not tried again
unless the list says ``non_idempotent`` or the ConfigMap ``retry-non-idempotent``.  Writes
``proxy_next_upstream*``, or ``grpc_next_upstream*`` for gRPC and ``fastcgi_next_upstream*`` for FastCGI,
which has no ``http_502`` and ``http_504``.
"""

from painless.annotations.base import Contribution, Defaults, Key, Place, Setting, Values, setting
from painless.annotations.decode import boolean, whole_number, word_list
from painless.nginx.tree import Directive, directive

_NON_IDEMPOTENT = "non_idempotent"
_OF_GATEWAYS = frozenset({"http_502", "http_504"})

CONDITIONS: Key[tuple[str, ...]] = Key(
    "proxy-next-upstream",
    word_list(
        "error",
        "timeout",
        "invalid_header",
        "http_500",
        "http_502",
        "http_503",
        "http_504",
        "http_403",
        "http_404",
        "http_429",
        _NON_IDEMPOTENT,
        "off",
    ),
    default=("error", "timeout"),
    doc="What makes NGINX try another pod.",
    example="error timeout http_503",
    config="proxy-next-upstream",
)
TIMEOUT = Key(
    "proxy-next-upstream-timeout",
    whole_number(0, 31_536_000),  # A year: NGINX counts in milliseconds and refuses what overflows.
    default=0,
    doc="Seconds during which another pod may be tried; 0 is no limit.",
    example="10",
    config="proxy-next-upstream-timeout",
)
TRIES = Key(
    "proxy-next-upstream-tries",
    whole_number(0, 2**31 - 1),
    default=3,
    doc="How many pods are tried, the first included; 0 is no limit.",
    example="2",
    config="proxy-next-upstream-tries",
)
RETRY_ALL = Setting(
    "retry-non-idempotent",
    boolean,
    default=False,
    doc="Try POST, LOCK and PATCH again too.",
    example="true",
)

KEYS = (CONDITIONS, TIMEOUT, TRIES)
SETTINGS = (RETRY_ALL,)

Retries = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of directives without their module's prefix, and their arguments."""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    common = _common(defaults)
    return tuple(one for module in ("proxy", "grpc", "fastcgi") for one in _directives(module, common))


def parse(values: Values) -> Retries | None:
    """Return what is this Ingress's own."""
    always = setting(values.defaults, RETRY_ALL)
    mine = _retries(values.get(CONDITIONS), values.get(TIMEOUT), values.get(TRIES), always=always)
    common = _common(values.defaults)
    return tuple(one for one in mine if one not in common) or None


def contribute(retries: Retries, place: Place) -> Contribution:
    return Contribution(location=_directives(place.module, retries))


def _common(defaults: Defaults) -> Retries:
    return _retries(
        setting(defaults, CONDITIONS),
        setting(defaults, TIMEOUT),
        setting(defaults, TRIES),
        always=setting(defaults, RETRY_ALL),
    )


def _retries(conditions: tuple[str, ...], timeout: int, tries: int, *, always: bool) -> Retries:
    """Return the directives; ``always``: whatever the request's method is."""
    failures = tuple(one for one in conditions if one != _NON_IDEMPOTENT)
    any_method = always or _NON_IDEMPOTENT in conditions
    return (
        ("next_upstream", (*failures, _NON_IDEMPOTENT) if any_method else failures),
        ("next_upstream_timeout", (f"{timeout}s",)),
        ("next_upstream_tries", (str(tries),)),
    )


def _directives(module: str, retries: Retries) -> tuple[Directive, ...]:
    known = _for_fastcgi(retries) if module == "fastcgi" else retries
    return tuple(directive(f"{module}_{name}", *args) for name, args in known)


def _for_fastcgi(retries: Retries) -> Retries:
    """Return the directives as NGINX takes them for FastCGI, which knows no gateways behind it."""
    return tuple(
        (name, _without_gateways(args) if name == "next_upstream" else args) for name, args in retries
    )


def _without_gateways(conditions: tuple[str, ...]) -> tuple[str, ...]:
    left = tuple(one for one in conditions if one not in _OF_GATEWAYS)
    return left if left not in {(), (_NON_IDEMPOTENT,)} else ("off",)
