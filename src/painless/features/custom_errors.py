"""Have a Service of your own say what went wrong.

``custom-http-errors: 404,503`` replaces answers with these statuses, the application's own and NGINX's: the
Service that ``default-backend: error-pages`` names, or else the one of ``--default-backend-service``, is
asked for ``/`` and its answer, status included, is the client's.  It is told what happened by ``X-Code``,
``X-Format`` (what the client accepts), ``X-Original-URI``, ``X-Namespace``, ``X-Ingress-Name``,
``X-Service-Name``, ``X-Service-Port`` and ``X-Request-ID``.  With ``disable-proxy-intercept-errors`` the
application's own answers pass as they are.

``default-backend`` alone answers in place of a Service without ready endpoints, or one that does not exist:
with the URI that was asked for, ``X-Code: 503`` and the other headers, after access rules.

The first port of that Service is asked, over plain HTTP, and without endpoints NGINX answers by itself.
Nobody who was refused gets further than to the page that says so.  Writes ``error_page`` and
``proxy_intercept_errors`` (``grpc_``, ``fastcgi_``).
"""

from msgspec import Struct

from painless.annotations.base import Defaults, Key, Setting, Values, setting
from painless.annotations.decode import Decoder, Rejected, boolean, comma_list, matching, whole_number

_CLOSED_BY_CLIENT = 499
"""Nobody is there to read a page, and NGINX refuses one."""


def _code(lowest: int) -> Decoder[int]:
    number = whole_number(lowest, 599)

    def decode(text: str) -> int | Rejected:
        found = number(text)
        return Rejected(f"{lowest} to 599 but 499") if found == _CLOSED_BY_CLIENT else found

    return decode


def _codes(lowest: int) -> Decoder[tuple[int, ...]]:
    numbers = comma_list(_code(lowest), expected=f"a comma separated list of statuses from {lowest}, but 499")

    def decode(text: str) -> tuple[int, ...] | Rejected:
        found = numbers(text)
        return found if isinstance(found, Rejected) else tuple(sorted(set(found)))

    return decode


_FROM_ANY = 300
_any_code = _code(_FROM_ANY)


def _good(text: str) -> tuple[int, ...]:
    """Return the statuses of a list that can be read."""
    found = (_any_code(one.strip()) for one in text.split(","))
    return tuple(sorted({one for one in found if not isinstance(one, Rejected)}))


CODES: Key[tuple[int, ...]] = Key(
    "custom-http-errors",
    _codes(400),
    default=(),
    doc="Statuses whose answers come from the default backend.",
    example="404,503",
    instead="the ConfigMap's are used",
)
BACKEND = Key(
    "default-backend",
    matching(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", "the name of a Service of the same namespace"),
    default="",
    doc="The Service that answers where the one of a rule cannot, and for custom-http-errors.",
    example="error-pages",
    instead="there is none",
)
AS_THEY_ARE = Key(
    "disable-proxy-intercept-errors",
    boolean,
    default=False,
    doc="Let the application's own answers pass whatever their status is.",
    example="true",
    config="disable-proxy-intercept-errors",
)
FOR_ALL: Setting[tuple[int, ...]] = Setting(
    "custom-http-errors",
    _codes(_FROM_ANY),
    (),
    "As the annotation, for all Ingresses without it: the Service of --default-backend-service is asked.",
    "404,503",
    salvage=_good,
    instead="the statuses that can be read are used",
)

KEYS = (CODES, BACKEND, AS_THEY_ARE)
SETTINGS = (FOR_ALL,)


class CustomErrors(Struct, frozen=True):
    """Which statuses become pages, and who makes them.

    ``own``: the Ingress names the statuses, so ``backend`` makes the pages where there is one.
    ``as_they_are``: the application's own answers pass.
    """

    codes: tuple[int, ...]
    own: bool
    backend: str
    as_they_are: bool


def parse(values: Values) -> CustomErrors | None:
    own, common = values.get(CODES), setting(values.defaults, FOR_ALL)
    backend, as_they_are = values.get(BACKEND), values.get(AS_THEY_ARE)
    codes = own or common
    if not codes and not backend:
        return None
    return CustomErrors(codes, bool(own), backend, as_they_are and bool(codes))


def for_all(defaults: Defaults) -> tuple[int, ...]:
    """Return the statuses whose pages the default backend makes for everybody."""
    return setting(defaults, FOR_ALL)
