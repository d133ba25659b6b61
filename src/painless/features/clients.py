"""What clients may send, and how long they may take.

ConfigMap only.  ``keep-alive`` (seconds, default 75; 0 closes each connection) and ``keep-alive-requests``
(1000) limit how long a client's connection is used again.  ``client-header-timeout`` and
``client-body-timeout`` (60 seconds) limit how slowly a request may come, ``client-header-buffer-size`` (1k)
and ``large-client-header-buffers`` (``4 8k``) how large its headers may be.  ``use-http2`` (true) and
``http2-max-concurrent-streams`` (128) are about HTTP/2.  Headers with odd names are dropped unless
``ignore-invalid-headers`` is false, and such with underscores unless ``enable-underscores-in-headers`` is
true.

``http2-max-field-size``, ``http2-max-header-size`` and ``http2-max-requests`` have no effect: NGINX has one
limit for all versions of HTTP, which the keys above set.
"""

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import Rejected, boolean, matching, memory_size, whole_number
from painless.annotations.lifetimes import IDLE, KEEP_ALIVE, at_most
from painless.nginx.tree import Directive, directive

_MOST_SECONDS = 31_536_000  # A year; NGINX refuses what overflows.
_LARGEST = 2**30  # Bytes of one buffer.


def _time(name: str, default: int, doc: str) -> Setting[int]:
    return Setting(name, whole_number(1, _MOST_SECONDS), default, doc, str(default * 2))


REQUESTS = Setting(
    "keep-alive-requests",
    whole_number(1, 2**31 - 1),
    1000,
    "Requests on one connection of a client.",
    "10000",
)
HEADER_TIME = _time("client-header-timeout", 60, "Seconds within which a request's headers have to come.")
BODY_TIME = _time("client-body-timeout", 60, "Seconds between two pieces of a request's body.")
HEADER_BUFFER = Setting(
    "client-header-buffer-size", memory_size(1, _LARGEST), "1k", "Memory for a request's headers.", "2k"
)


def _buffers(text: str) -> tuple[int, str] | Rejected:
    words = text.split()
    expected = Rejected('a number and a size with a space between them, such as "4 8k"')
    if len(words) != 2:
        return expected
    number, size = whole_number(1, 1024)(words[0]), memory_size(64, _LARGEST)(words[1])
    if isinstance(number, Rejected) or isinstance(size, Rejected):
        return expected
    return number, size


LARGE_BUFFERS = Setting(
    "large-client-header-buffers",
    _buffers,
    (4, "8k"),
    "Number and size of buffers for large headers.",
    "4 16k",
)
HTTP2 = Setting("use-http2", boolean, default=True, doc="Whether clients may use HTTP/2.", example="false")
STREAMS = Setting(
    "http2-max-concurrent-streams",
    whole_number(1, 2**31 - 1),
    128,
    "Requests at once on one connection of HTTP/2.",
    "256",
)
IGNORE_INVALID = Setting(
    "ignore-invalid-headers", boolean, default=True, doc="Drop headers with odd names.", example="false"
)
UNDERSCORES = Setting(
    "enable-underscores-in-headers",
    boolean,
    default=False,
    doc="Take headers with underscores in their names.",
    example="true",
)
DEFAULT_TYPE = Setting(
    "default-type",
    matching(r"[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,64}", "a type such as text/html"),
    "text/html",
    "The type of NGINX's own answers.",
    "text/plain",
)

KEYS = ()
SETTINGS = (
    KEEP_ALIVE,
    REQUESTS,
    HEADER_TIME,
    BODY_TIME,
    HEADER_BUFFER,
    LARGE_BUFFERS,
    HTTP2,
    STREAMS,
    IGNORE_INVALID,
    UNDERSCORES,
    DEFAULT_TYPE,
)


def http(defaults: Defaults) -> tuple[Directive, ...]:
    number, size = setting(defaults, LARGE_BUFFERS)
    return (
        directive("default_type", setting(defaults, DEFAULT_TYPE)),
        directive(
            "keepalive_timeout",
            f"{at_most(setting(defaults, KEEP_ALIVE), setting(defaults, IDLE))}s",
            comment="Clients: how long they may take, how much they may send.",
        ),
        directive("keepalive_requests", setting(defaults, REQUESTS)),
        directive("keepalive_min_timeout", "1s", comment="At a reload idle clients are not cut at once."),
        directive("client_header_timeout", f"{setting(defaults, HEADER_TIME)}s"),
        directive("client_body_timeout", f"{setting(defaults, BODY_TIME)}s"),
        directive("client_header_buffer_size", setting(defaults, HEADER_BUFFER)),
        directive("large_client_header_buffers", number, size),
        directive("reset_timedout_connection", "on"),
        directive("http2", "on" if setting(defaults, HTTP2) else "off"),
        directive("http2_max_concurrent_streams", setting(defaults, STREAMS)),
        *(() if setting(defaults, IGNORE_INVALID) else (directive("ignore_invalid_headers", "off"),)),
        *((directive("underscores_in_headers", "on"),) if setting(defaults, UNDERSCORES) else ()),
    )
