"""Give busy hosts a server block of their own.

Hosts that look alike share a server block, which makes thousands of them cheap to load and to keep.  A shared
block finds the Service of a host by a variable, and NGINX looks for an upstream that a variable names in the
list of all: about 1 µs of a worker's time for each request at 100 Services, 5 µs at 1,000 and 28 µs at 5,000.
``painless.dev/own-server: "true"`` gives the hosts of an Ingress blocks of their own, where the Service is
named literally and nothing is looked for, but where a path has a canary: worth it for the few hosts that
have most of the traffic.

ingress-nginx has no such annotation; it gives each host a block of its own.  The ConfigMap's ``own-server``
does the same for all.
"""

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import boolean

OWN_SERVER = Key(
    "painless.dev/own-server",
    boolean,
    default=False,
    doc="Give the hosts of this Ingress server blocks of their own, which cost memory and save time.",
    example="true",
    scope=Scope.SERVER,
    config="own-server",
)

KEYS = (OWN_SERVER,)
SETTINGS = ()


def parse(values: Values) -> bool:
    return values.get(OWN_SERVER)
