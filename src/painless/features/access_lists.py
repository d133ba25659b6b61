"""Which client addresses may enter.

``allowlist-source-range: 10.0.0.0/8,192.168.1.7`` answers every other address with 403;
``denylist-source-range`` answers those listed with 403 and is looked at first.  The older name
``whitelist-source-range`` means the same as the first.  The ConfigMap sets either for all Ingresses.

An address that cannot be read closes the location with 503: serving it to everyone would open what was
meant to be closed.  Of a list in the ConfigMap, which is everybody's, the rest of the addresses counts.
Writes ``deny`` and ``allow``.
"""

from msgspec import Struct

from painless.annotations.base import LONGEST_LIST, Contribution, Key, Place, Values
from painless.annotations.decode import Rejected, network, networks
from painless.nginx.tree import directive

NOBODY = "0.0.0.0"
"""An address that no client has: for lists of which nothing can be read."""


def _readable(text: str) -> tuple[str, ...]:
    """Return the items of a list that are addresses or blocks."""
    found = (network(item.strip()) for item in text.split(","))
    return tuple(one for one in found if not isinstance(one, Rejected))


def _admitted(text: str) -> tuple[str, ...]:
    return _readable(text) or ((NOBODY,) if text.strip(" ,") else ())


ALLOWED: Key[tuple[str, ...]] = Key(
    "allowlist-source-range",
    networks,
    default=(),
    doc="Only these client addresses are served; others get 403.",
    example="10.0.0.0/8,192.168.1.7",
    aliases=("whitelist-source-range",),
    config="whitelist-source-range",
    denies=True,
    salvage=_admitted,
    instead="only what can be read of it is admitted",
    longest=LONGEST_LIST,
)
DENIED: Key[tuple[str, ...]] = Key(
    "denylist-source-range",
    networks,
    default=(),
    doc="These client addresses get 403.",
    example="203.0.113.0/24",
    config="denylist-source-range",
    denies=True,
    salvage=_readable,
    instead="only what can be read of it is refused",
    longest=LONGEST_LIST,
)

KEYS = (ALLOWED, DENIED)
SETTINGS = ()


class AccessLists(Struct, frozen=True):
    """Networks refused, then networks admitted; empty means no list."""

    denied: tuple[str, ...]
    allowed: tuple[str, ...]


def parse(values: Values) -> AccessLists | None:
    lists = AccessLists(values.get(DENIED), values.get(ALLOWED))
    return lists if lists.denied or lists.allowed else None


def contribute(lists: AccessLists, _place: Place) -> Contribution:
    # NGINX takes the first rule that matches, so the deny list has to come first.
    rules = (
        *(directive("deny", network) for network in lists.denied),
        *(directive("allow", network) for network in lists.allowed),
        *((directive("deny", "all"),) if lists.allowed else ()),
    )
    return Contribution(location=rules, guarded=True)
