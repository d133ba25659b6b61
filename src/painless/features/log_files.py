"""Where NGINX's logs go.

ConfigMap only.  Lines about requests go to the container's standard output (see ``--access-log``), by way
of a file in the state directory; NGINX writes nowhere else.  Of ``access-log-path``,
``http-access-log-path`` (requests) and ``stream-access-log-path`` (connections) only the file's name counts:
``/var/log/nginx/access.log`` is ``log/access.log`` there.  ``/dev/null`` and ``off`` mean no log,
``/dev/stdout`` the default.  ``disable-access-log``, ``disable-http-access-log`` and
``disable-stream-access-log`` switch it off.  ``access-log-params`` are ``buffer=`` and ``flush=``, by
default ``buffer=64k flush=1s``.

``error-log-level`` (``notice``) is the least that the error log tells.  It is ``error.log`` in the state
directory; another name in ``error-log-path`` begins with ``error``, and the first then has only what stops
NGINX, which Painless reads.

``enable-syslog: "true"`` sends both logs to ``syslog-host``, an address, at UDP ``syslog-port`` (514): lines
about requests then go nowhere else.
"""

import ipaddress
import re

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import (
    Rejected,
    boolean,
    duration,
    memory_size,
    one_of,
    whole_number,
)
from painless.nginx.tokens import Expr, Literal, Token
from painless.nginx.tree import Directive, directive

OFF = ""
"""The name of no file."""

ERROR_LOG = "error.log"
"""Where the controller reads why NGINX refuses."""

_ACCESS_LOG = "access.log"

_NOWHERE = frozenset({"/dev/null", "off"})
_STANDARD = frozenset({"/dev/stdout", "/dev/stderr", "/proc/self/fd/1", "/proc/self/fd/2", "stderr"})
_NAME = re.compile(r"(?:.*/)?(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,99})")
# What carries the log on renames some files so; the other is a log's end that was kept.
_KEPT = (".old", ".1")


def _name(text: str) -> str | None:
    """Return the name of the file of a path; ``None`` when it has none that could be ours."""
    found = _NAME.fullmatch(text)
    return None if found is None or found["name"].endswith(_KEPT) else found["name"]


def _access(text: str) -> str | Rejected:
    if text in _NOWHERE or text in _STANDARD:
        return OFF if text in _NOWHERE else _ACCESS_LOG
    name = _name(text)
    if name is None or name.startswith("error"):
        # Our own, and error-log-path's, begin so.
        return Rejected(
            "the path of a file whose name has letters, digits and ._-, and neither begins with"
            f" error nor ends in {' or '.join(_KEPT)}"
        )
    return name


def _own(text: str) -> str | Rejected | None:
    # ingress-nginx's default for both.
    return _access(text) if text else None


def _error(text: str) -> str | Rejected:
    if text in _NOWHERE or text in _STANDARD:
        return OFF if text in _NOWHERE else ERROR_LOG
    name = _name(text)
    if name is None or not name.startswith("error"):
        return Rejected(f"the path of a file whose name begins with error, such as {ERROR_LOG}")
    return name


_BUFFER, _FLUSH = "64k", "1s"
"""One write for some 400 lines, and no line waits for longer than a second."""
_LARGEST = 2**20  # Bytes of a buffer, which each worker has for each file.

Params = tuple[str, ...]
"""Words of ``access_log``."""

_DEFAULT: Params = (f"buffer={_BUFFER}", f"flush={_FLUSH}")


def _params(text: str) -> Params | Rejected:
    found = {"buffer": _BUFFER, "flush": _FLUSH}
    for word in text.split():
        name, _, value = word.partition("=")
        decode = {"buffer": memory_size(1024, _LARGEST), "flush": duration}.get(name)
        if decode is None or isinstance(good := decode(value), Rejected):
            return Rejected('words such as "buffer=64k" (up to 1m) and "flush=1s"')
        found[name] = good
    return tuple(f"{name}={value}" for name, value in found.items())


def _good_params(text: str) -> Params:
    """Return those of the parameters that can be had."""
    good = _DEFAULT
    kept: list[str] = []
    for word in text.split():
        if not isinstance(tried := _params(" ".join((*kept, word))), Rejected):
            kept.append(word)
            good = tried
    return good


def _address(text: str) -> str | Rejected:
    if not text:
        return ""
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return Rejected("an IP address: NGINX would not start while a name is unknown")
    if "%" in text:
        return Rejected("an IP address without a zone")
    return f"[{address}]" if address.version == 6 else str(address)


ACCESS_PATH = Setting(
    "access-log-path",
    _access,
    _ACCESS_LOG,
    "The file of the access log: its name, or /dev/null.",
    "/var/log/nginx/requests.log",
)
HTTP_PATH: Setting[str | None] = Setting(
    "http-access-log-path", _own, None, "The same for requests only.", "/var/log/nginx/http.log"
)
STREAM_PATH: Setting[str | None] = Setting(
    "stream-access-log-path",
    _own,
    None,
    "The same for connections of TCP and UDP services only.",
    "/var/log/nginx/stream.log",
)
PARAMS = Setting(
    "access-log-params",
    _params,
    _DEFAULT,
    "How the access log is written.",
    "buffer=16k flush=5s",
    salvage=_good_params,
    instead="the other words count; gzip cannot be had, since the container's output is text",
)
DISABLE = Setting("disable-access-log", boolean, default=False, doc="No access log.", example="true")
HTTP_DISABLE = Setting(
    "disable-http-access-log", boolean, default=False, doc="None of requests.", example="true"
)
STREAM_DISABLE = Setting(
    "disable-stream-access-log",
    boolean,
    default=False,
    doc="None of connections of TCP and UDP services.",
    example="true",
)
ERROR_PATH = Setting(
    "error-log-path",
    _error,
    ERROR_LOG,
    "The file of the error log: its name, or /dev/null.",
    "/var/log/nginx/error.log",
)
LEVEL = Setting(
    "error-log-level",
    one_of("debug", "info", "notice", "warn", "error", "crit", "alert", "emerg"),
    "notice",
    "The least that the error log tells.",
    "error",
)
SYSLOG = Setting("enable-syslog", boolean, default=False, doc="Send both logs to syslog.", example="true")
SYSLOG_HOST = Setting("syslog-host", _address, "", "The address of the syslog server.", "10.0.0.9")
SYSLOG_PORT = Setting("syslog-port", whole_number(1, 65_535), 514, "Its UDP port.", "5140")

KEYS = ()
SETTINGS = (
    *(ACCESS_PATH, HTTP_PATH, STREAM_PATH, PARAMS, DISABLE, HTTP_DISABLE, STREAM_DISABLE),
    *(ERROR_PATH, LEVEL, SYSLOG, SYSLOG_HOST, SYSLOG_PORT),
)


def misfit(defaults: Defaults) -> str:
    """Return what is wrong with the settings together; empty when nothing is."""
    without = setting(defaults, SYSLOG) and not setting(defaults, SYSLOG_HOST)
    return "found no address in syslog-host, expected one with enable-syslog" if without else ""


def main(defaults: Defaults, folder: str) -> tuple[Directive, ...]:
    """Return where errors go; ``folder`` is that of the logs."""
    level, name = setting(defaults, LEVEL), setting(defaults, ERROR_PATH)
    syslog = (directive("error_log", _server(defaults), level),) if setting(defaults, SYSLOG) else ()
    if name == ERROR_LOG:
        return directive("error_log", f"{folder}/{ERROR_LOG}", level), *syslog
    own = (directive("error_log", f"{folder}/{name}", level),) if name != OFF else ()
    # Why NGINX refuses is read there, whatever else is wanted.
    return directive("error_log", f"{folder}/{ERROR_LOG}", "emerg"), *own, *syslog


def http(defaults: Defaults, folder: str, form: str, condition: tuple[Expr, ...]) -> Directive:
    """Return where lines about requests go, in this format, under this condition; no folder, no file."""
    disabled = setting(defaults, DISABLE) or setting(defaults, HTTP_DISABLE)
    name = OFF if disabled else setting(defaults, HTTP_PATH)
    return _log(defaults, folder, name, (Literal(form), *condition), disabled=disabled)


def stream(defaults: Defaults, folder: str, form: str) -> Directive:
    """Return the same for connections."""
    disabled = setting(defaults, DISABLE) or setting(defaults, STREAM_DISABLE)
    return _log(defaults, folder, setting(defaults, STREAM_PATH), (Literal(form),), disabled=disabled)


def _log(
    defaults: Defaults, folder: str, own: str | None, words: tuple[Token, ...], *, disabled: bool
) -> Directive:
    name = setting(defaults, ACCESS_PATH) if own is None else own
    if disabled:
        return directive("access_log", "off")
    if setting(defaults, SYSLOG):
        return directive("access_log", _server(defaults), *words)
    if name == OFF or not folder:
        return directive("access_log", "off")
    form, *condition = words
    return directive("access_log", f"{folder}/{name}", form, *setting(defaults, PARAMS), *condition)


def _server(defaults: Defaults) -> str:
    return f"syslog:server={setting(defaults, SYSLOG_HOST)}:{setting(defaults, SYSLOG_PORT)}"
