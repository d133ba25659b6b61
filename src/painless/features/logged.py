"""Which requests are in the access log.

ConfigMap only.  ``skip-access-log-urls`` lists URIs, as clients send them, whose requests are left out; one
that begins with ``~`` (``~*``: in any case) is a regular expression.  Requests that no Ingress serves are
left out as well unless ``enable-access-log-for-default-backend`` is true, and so is what NGINX asks the
service of an ``auth-url`` unless ``enable-auth-access-log`` is.  The annotation ``enable-access-log`` decides
for the paths of an Ingress.
"""

import re

from painless.annotations.base import LONGEST_LIST, LONGEST_WORD, Defaults, Setting, setting
from painless.annotations.decode import Decoder, Rejected, boolean, comma_list
from painless.annotations.regex import regex
from painless.nginx.tokens import Expr, Literal, Regex, Var, expr
from painless.nginx.tree import Directive, block, directive, entry

_VARIABLE = "loggable"

Uri = Literal | Regex


def _uri(text: str) -> Uri | Rejected:
    prefix = next((one for one in ("~*", "~") if text.startswith(one)), "")
    if prefix:
        checked = regex(text.removeprefix(prefix))
        return checked if isinstance(checked, Rejected) else Regex(checked.pattern, prefix)
    if not text.isprintable() or " " in text or len(text.encode(errors="replace")) > LONGEST_WORD:
        return Rejected(f"URIs of at most {LONGEST_WORD} bytes, without spaces")
    # A map ignores the case of its texts, as far as they are ASCII, and refuses one that comes twice.
    return Literal(_CAPITAL.sub(lambda found: found[0].lower(), text))


_CAPITAL = re.compile("[A-Z]")
_uris: Decoder[tuple[Uri, ...]] = comma_list(
    _uri, expected="URIs such as /healthz, or expressions such as ~^/live, with commas between"
)


def _good_uris(text: str) -> tuple[Uri, ...]:
    """Return those that can be read."""
    found = (_uri(one.strip()) for one in text.split(",") if one.strip())
    return () if len(text) > LONGEST_LIST else tuple(one for one in found if not isinstance(one, Rejected))


SKIP: Setting[tuple[Uri, ...]] = Setting(
    "skip-access-log-urls",
    _uris,
    default=(),
    doc="URIs whose requests are not logged.",
    example="/healthz,~^/assets/",
    salvage=_good_uris,
    instead="the others are left out",
    longest=LONGEST_LIST,
)
DEFAULT_BACKEND = Setting(
    "enable-access-log-for-default-backend",
    boolean,
    default=False,
    doc="Log requests that no Ingress serves.",
    example="true",
)
AUTH = Setting(
    "enable-auth-access-log",
    boolean,
    default=False,
    doc="Log what the service of an auth-url is asked.",
    example="true",
)

KEYS = ()
SETTINGS = (SKIP, DEFAULT_BACKEND, AUTH)


def http(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what decides for all requests."""
    skipped = setting(defaults, SKIP)
    if not skipped:
        return ()
    lines = (entry(one, "0") for one in dict.fromkeys(skipped))
    body = (directive("default", "1"), *lines)
    return (block("map", Var("request_uri"), Var(_VARIABLE), body=body),)


def condition(defaults: Defaults) -> tuple[Expr, ...]:
    """Return the last word of ``access_log``, where there is a condition."""
    return (expr("if=", Var(_VARIABLE)),) if setting(defaults, SKIP) else ()


def keys(defaults: Defaults) -> tuple[str, ...]:
    """Return the texts that NGINX has to find room for in its table."""
    return tuple(one.text for one in setting(defaults, SKIP) if isinstance(one, Literal))


def nobody(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what a location says that no Ingress serves."""
    return () if setting(defaults, DEFAULT_BACKEND) else (directive("access_log", "off"),)


def asking(defaults: Defaults) -> tuple[Directive, ...]:
    """Return what a location says that asks a service about a request."""
    return (directive("log_subrequest", "on"),) if setting(defaults, AUTH) else ()
