"""Compress answers with Brotli, which is smaller than gzip.

ConfigMap only, and only where NGINX has the module ``ngx_brotli``: built in, or as a file that it can load
(``ngx_http_brotli_filter_module.so``, as of Debian).  Elsewhere the keys are told and left out.
``enable-brotli: "true"`` compresses answers of the types in ``brotli-types`` that are longer than
``brotli-min-length`` bytes (20), at ``brotli-level`` 0 to 11 (4), for browsers that ask for it.
"""

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import Rejected, boolean, matching, whole_number
from painless.nginx.tree import Directive, directive

MODULE = "ngx_brotli"

ENABLED = Setting(
    "enable-brotli",
    boolean,
    default=False,
    doc="Compress answers with Brotli.",
    example="true",
    needs=MODULE,
)
LEVEL = Setting("brotli-level", whole_number(0, 11), 4, "How hard to try: 0 to 11.", "6", needs=MODULE)
LEAST = Setting(
    "brotli-min-length",
    whole_number(0, 2**31 - 1),
    20,
    "Bytes from which on an answer is compressed.",
    "1000",
    needs=MODULE,
)

_type = matching(r"\*|[a-z0-9.+-]{1,64}/[a-z0-9.+*-]{1,64}", "a type")


def _types(text: str) -> tuple[str, ...] | Rejected:
    words = tuple(dict.fromkeys(text.split()))
    if not words or any(isinstance(_type(one), Rejected) for one in words):
        return Rejected("types such as text/css, with spaces between them, or *")
    # The module always compresses it.
    return tuple(one for one in words if one != "text/html")


#: What ingress-nginx compresses.
_TYPES = tuple(
    """
application/xml+rss application/atom+xml application/javascript application/x-javascript application/json
application/rss+xml application/vnd.ms-fontobject application/x-font-ttf application/x-web-app-manifest+json
application/xhtml+xml application/xml font/opentype image/svg+xml image/x-icon text/css text/javascript
text/plain text/x-component
""".split()
)

TYPES = Setting(
    "brotli-types", _types, _TYPES, "The types of answers that are compressed.", "text/css", needs=MODULE
)

KEYS = ()
SETTINGS = (ENABLED, LEVEL, LEAST, TYPES)


def compresses(defaults: Defaults) -> bool:
    """Whether anything is compressed so."""
    return setting(defaults, ENABLED)


def http(defaults: Defaults) -> tuple[Directive, ...]:
    if not compresses(defaults):
        return ()
    types = setting(defaults, TYPES)
    return (
        directive("brotli", "on"),
        directive("brotli_comp_level", setting(defaults, LEVEL)),
        directive("brotli_min_length", setting(defaults, LEAST)),
        *((directive("brotli_types", *types),) if types else ()),
    )
