"""Compress answers.

ConfigMap only.  ``use-gzip: "true"`` compresses answers of the types in ``gzip-types`` that are longer than
``gzip-min-length`` bytes (256), at ``gzip-level`` 1 (fast, the default) to 9 (small).  ``gzip-disable`` is a
regular expression; browsers whose User-Agent matches get answers as they are.
"""

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import Rejected, boolean, matching, whole_number
from painless.annotations.regex import regex
from painless.nginx.tokens import Regex
from painless.nginx.tree import Directive, directive

ENABLED = Setting("use-gzip", boolean, default=False, doc="Compress answers.", example="true")
LEVEL = Setting("gzip-level", whole_number(1, 9), 1, "How hard to try: 1 to 9.", "5")
LEAST = Setting(
    "gzip-min-length", whole_number(0, 2**31 - 1), 256, "Bytes from which on an answer is compressed.", "1000"
)

_type = matching(r"\*|[a-z0-9.+-]{1,64}/[a-z0-9.+*-]{1,64}", "a type")


def _types(text: str) -> tuple[str, ...] | Rejected:
    words = tuple(dict.fromkeys(text.split()))
    if not words or any(isinstance(_type(one), Rejected) for one in words):
        return Rejected("types such as text/css, with spaces between them, or *")
    # NGINX always compresses it, and warns about a type that is listed twice.
    return tuple(one for one in words if one != "text/html")


#: What ingress-nginx compresses.
_TYPES = tuple(
    """
application/atom+xml application/javascript application/x-javascript application/json application/rss+xml
application/vnd.ms-fontobject application/x-font-ttf application/x-web-app-manifest+json
application/xhtml+xml application/xml font/opentype image/svg+xml image/x-icon text/css text/javascript
text/plain text/x-component
""".split()
)

TYPES = Setting(
    "gzip-types", _types, _TYPES, "The types of answers that are compressed.", "text/css application/json"
)


def _browsers(text: str) -> str | Rejected:
    if not text:
        return ""
    checked = regex(text)
    return checked if isinstance(checked, Rejected) else checked.pattern


NOT_FOR = Setting(
    "gzip-disable", _browsers, "", "Browsers that get answers as they are: an expression.", "MSIE [1-6]"
)

KEYS = ()
SETTINGS = (ENABLED, LEVEL, LEAST, TYPES, NOT_FOR)


def http(defaults: Defaults) -> tuple[Directive, ...]:
    if not setting(defaults, ENABLED):
        return ()
    types, browsers = setting(defaults, TYPES), setting(defaults, NOT_FOR)
    return (
        directive("gzip", "on"),
        directive("gzip_comp_level", setting(defaults, LEVEL)),
        directive("gzip_min_length", setting(defaults, LEAST)),
        directive("gzip_http_version", "1.1"),
        directive("gzip_proxied", "any"),
        directive("gzip_vary", "on"),
        *((directive("gzip_types", *types),) if types else ()),
        *((directive("gzip_disable", Regex(browsers)),) if browsers else ()),
    )
