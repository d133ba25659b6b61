"""Redirect www.example.com to example.com, or the other way round.

``from-to-www-redirect: "true"`` on an Ingress of the host ``example.com`` answers every request for
``www.example.com`` with a redirect to the same URL at ``example.com``, and one of ``www.example.com`` the
reverse; the status is ``http-redirect-code`` (308).  The port is the one that the client named.  A trailing
slash of the URL is dropped, as ingress-nginx does.  A name that has an Ingress of its own is not redirected.

Over HTTPS the other name has the certificate of the host where that covers it.  Writes a server that all
such names share.
"""

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import boolean

BOTH = Key(
    "from-to-www-redirect",
    boolean,
    default=False,
    doc="Redirect the name with www. to the one without, or the reverse.",
    example="true",
    scope=Scope.SERVER,
)

KEYS = (BOTH,)
SETTINGS = ()


def parse(values: Values) -> bool:
    return values.get(BOTH)
