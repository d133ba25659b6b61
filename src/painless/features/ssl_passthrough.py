"""Pass TLS on to the application without opening it.

With ``--enable-ssl-passthrough``, ``ssl-passthrough: "true"`` sends TLS connections that ask for a host of
the Ingress to the pods of its path ``/`` as they are: the application has the certificate, and no other
annotation means anything to them.  Over plain HTTP the host is served as others are, and that path asks the
application over HTTPS.  One Ingress of the host is enough to ask for it.

NGINX looks at the name in the handshake and hands all other connections on within the same process, without a
copy, as soon as one host asks for it.  Not together with ``auth-tls-secret``, which would let in everybody.
Writes servers with ``ssl_preread`` and ``pass`` in ``stream``.
"""

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import boolean

PASSTHROUGH = Key(
    "ssl-passthrough",
    boolean,
    default=False,
    doc="Pass TLS connections for the hosts on to the application of the path /.",
    example="true",
    scope=Scope.SERVER,
)

KEYS = (PASSTHROUGH,)
SETTINGS = ()


def parse(values: Values) -> bool:
    return values.get(PASSTHROUGH)
