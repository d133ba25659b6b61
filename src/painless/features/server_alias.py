"""Further names for the hosts of an Ingress.

``server-alias: www.example.com,shop.example.com`` serves those names as the Ingress's hosts.  A name that
another Ingress has as a host belongs to that host; of two Ingresses with the same alias the oldest has it.
An alias gets the host's certificate only where the certificate covers it.
Writes further names into ``server_name``.
"""

from painless.annotations.base import LONGEST_LIST, Key, Scope, Values
from painless.annotations.decode import comma_list, host_name

ALIASES: Key[tuple[str, ...]] = Key(
    "server-alias",
    comma_list(host_name, expected="a comma separated list of host names"),
    default=(),
    doc="Further names of the Ingress's hosts.",
    example="www.example.com,shop.example.com",
    scope=Scope.SERVER,
    longest=LONGEST_LIST,
)

KEYS = (ALIASES,)
SETTINGS = ()


def parse(values: Values) -> tuple[str, ...]:
    return values.get(ALIASES)
