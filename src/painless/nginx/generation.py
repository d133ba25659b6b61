"""The complete set of files that NGINX is given, with an id made from their content.

A *cold* file is read when NGINX loads; a *hot* one is opened for each request or handshake, so writing
it is enough.  The file's place says which it is; nobody keeps a list of special cases.
"""

import hashlib
from collections.abc import Mapping

from msgspec import Struct, field

from painless.sensitive import Sensitive

MAIN = "nginx.conf"
UPSTREAMS = "upstreams.conf"
STREAM_UPSTREAMS = "stream-upstreams.conf"

AT_LOAD = "at-load/"
"""The folder of hot files that NGINX reads when it loads, since they are secret; their content names them."""


class Generation(Struct, frozen=True):
    """What NGINX should serve.

    ``cold``: text by name, relative to the generation's folder; ``nginx.conf`` is the main file, and the
    upstream blocks have a file of their own so that a generation with the routes of one and the upstreams
    of another can be made without compiling (plan/diff.py).  ``hot``: content by path relative to the
    state directory's ``hot`` folder; an empty file is a marker.  ``origins``: for each cold file, what put
    each of its lines there, by line, counted from 0; ``None`` where nothing but Painless itself did.
    ``upstreams``: the upstreams whose names NGINX resolves.  ``routes``: which upstreams each route uses.
    """

    id: str
    cold: Mapping[str, str]
    hot: Mapping[str, Sensitive] = field(default_factory=dict)
    origins: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    upstreams: frozenset[str] = frozenset()
    routes: Mapping[str, frozenset[str]] = field(default_factory=dict)


def generation_id(cold: Mapping[str, str]) -> str:
    """Return the id of cold files: equal content has an equal id, on any machine."""
    digest = hashlib.blake2b(digest_size=6)
    for name in sorted(cold):
        digest.update(f"{name}\0{len(cold[name])}\0".encode())
        digest.update(cold[name].encode())
    return digest.hexdigest()
