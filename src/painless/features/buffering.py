"""How much of an answer NGINX keeps while the client reads it.

``proxy-buffering: "on"`` lets NGINX take the whole answer at the application's pace; the default is off, so
that each piece goes on as it comes.  ``proxy-buffer-size`` (default 4k) has to hold all headers of an
answer, else the client gets 502.  With buffering there are ``proxy-buffers-number`` of them (default 4); what
does not fit goes to a file of at most ``proxy-max-temp-file-size`` (default 1024m, 0 for no file), and
``proxy-busy-buffers-size`` may be on its way to the client.  ``proxy-request-buffering: "off"`` passes
request bodies on as they come; such a request is not tried with another pod.

NGINX wants sizes that fit together: busy buffers hold at least one buffer and at most all but one, and a
file at least one.  Where they do not fit, the ConfigMap's sizes are used together, or the defaults.  Writes
``proxy_buffering``, ``proxy_buffer_size``, ``proxy_buffers``, ``proxy_busy_buffers_size``,
``proxy_max_temp_file_size`` and ``proxy_request_buffering``; for gRPC, which never buffers,
``grpc_buffer_size``, whose size for all is ``grpc-buffer-size-kb`` where the ConfigMap has it.
"""

from msgspec import Struct

from painless.annotations.base import Contribution, Defaults, Key, Place, Setting, Values, setting
from painless.annotations.decode import memory_size, one_of, size_in_bytes, whole_number
from painless.model.diagnostics import Reason
from painless.nginx.tree import Directive, directive

_LARGEST_BUFFER = 2**30  # NGINX multiplies it with their number, and must not overflow.
_LARGEST_FILE = 2**50  # More than any disk; NGINX refuses what overflows.
_MOST_BUFFERS = 1_000_000  # As above.


def _switch(name: str, default: str, doc: str) -> Key[str]:
    return Key(name, one_of("on", "off"), default, doc, "off" if default == "on" else "on", config=name)


def _size(name: str, default: str, lowest: int, doc: str, example: str) -> Key[str]:
    highest = _LARGEST_BUFFER if lowest else _LARGEST_FILE
    return Key(name, memory_size(lowest, highest), default, doc, example, config=name)


BUFFERING = _switch("proxy-buffering", "off", "Whether answers are taken at the application's pace.")
REQUEST_BUFFERING = _switch(
    "proxy-request-buffering", "on", "Whether a request's body is read whole before the application gets it."
)
SIZE = _size("proxy-buffer-size", "4k", 1, "The size of a buffer; one holds an answer's headers.", "16k")
NUMBER = Key(
    "proxy-buffers-number",
    whole_number(2, _MOST_BUFFERS),
    default=4,
    doc="How many buffers one answer may fill.",
    example="8",
    config="proxy-buffers-number",
)
BUSY = _size(
    "proxy-busy-buffers-size", "", 1, "How much of the buffers may be on its way to the client.", "32k"
)
FILE = _size(
    "proxy-max-temp-file-size", "1024m", 0, "How large the file may be that holds what buffers do not.", "0"
)

GRPC_SIZE = Setting(
    "grpc-buffer-size-kb",
    whole_number(0, 2**20),
    0,
    "Kilobytes of a buffer for answers of gRPC; 0 is the size of the others.",
    "16",
)

KEYS = (BUFFERING, SIZE, NUMBER, BUSY, FILE, REQUEST_BUFFERING)
SETTINGS = (GRPC_SIZE,)

SIZES = (SIZE, NUMBER, BUSY, FILE)
"""The keys whose values have to fit together."""


class Sizes(Struct, frozen=True):
    """One buffer, how many, how much may be busy (empty: NGINX decides), and the file."""

    one: str
    number: int
    busy: str
    file: str


Buffering = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of directives, and their arguments."""


def http(defaults: Defaults) -> tuple[Directive, ...]:
    common = _common(defaults)
    return _written((*common, *_common_grpc(defaults), *_fastcgi(common)))


def misfit(defaults: Defaults) -> str:
    """Return what NGINX would refuse about the ConfigMap's sizes together; empty when it takes them."""
    return _misfit(_common_sizes(defaults))


def parse(values: Values) -> tuple[Buffering, Buffering] | None:
    """Return what is this Ingress's own, for HTTP and for gRPC."""
    sizes = Sizes(values.get(SIZE), values.get(NUMBER), values.get(BUSY), values.get(FILE))
    wrong = _misfit(sizes)
    if wrong:
        name = next(key.name for key in SIZES if values.given(key))
        values.say(name, Reason.INVALID_ANNOTATION_VALUE, wrong, "the sizes of all Ingresses are used")
        sizes = _common_sizes(values.defaults)
    mine = _buffering(values.get(BUFFERING), values.get(REQUEST_BUFFERING), sizes)
    common, common_grpc = _common(values.defaults), _common_grpc(values.defaults)
    own = tuple(one for one in mine if one not in common)
    same = sizes == _common_sizes(values.defaults)
    own_grpc = () if same else tuple(one for one in _grpc(sizes) if one not in common_grpc)
    return (own, own_grpc) if own else None


def unbuffered(own: tuple[Buffering, Buffering] | None, defaults: Defaults) -> bool:
    """Whether the bodies of requests are passed on as they come; ``own`` is what ``parse`` returned."""
    switches = {**dict(_common(defaults)), **dict(own[0] if own else ())}
    return switches["proxy_request_buffering"] == ("off",)


def contribute(buffering: tuple[Buffering, Buffering], place: Place) -> Contribution:
    http, grpc = buffering
    if place.module == "fastcgi":
        return Contribution(location=_written(_fastcgi(http)))
    return Contribution(location=_written(grpc if place.module == "grpc" else http))


def _common_sizes(defaults: Defaults) -> Sizes:
    return Sizes(
        setting(defaults, SIZE), setting(defaults, NUMBER), setting(defaults, BUSY), setting(defaults, FILE)
    )


def _common(defaults: Defaults) -> Buffering:
    switches = setting(defaults, BUFFERING), setting(defaults, REQUEST_BUFFERING)
    return _buffering(*switches, _common_sizes(defaults))


def _buffering(answers: str, requests: str, sizes: Sizes) -> Buffering:
    return (
        ("proxy_buffering", (answers,)),
        ("proxy_buffer_size", (sizes.one,)),
        ("proxy_buffers", (str(sizes.number), sizes.one)),
        *((("proxy_busy_buffers_size", (sizes.busy,)),) if sizes.busy else ()),
        ("proxy_max_temp_file_size", (sizes.file,)),
        ("proxy_request_buffering", (requests,)),
    )


def _fastcgi(http: Buffering) -> Buffering:
    return tuple((name.replace("proxy_", "fastcgi_"), args) for name, args in http)


def _grpc(sizes: Sizes) -> Buffering:
    return (("grpc_buffer_size", (sizes.one,)),)


def _common_grpc(defaults: Defaults) -> Buffering:
    kilobytes = setting(defaults, GRPC_SIZE)
    return (("grpc_buffer_size", (f"{kilobytes}k",)),) if kilobytes else _grpc(_common_sizes(defaults))


def _misfit(sizes: Sizes) -> str:
    """Return what NGINX would refuse, as it reads the sizes: what may be busy is two buffers unless said."""
    one, file = size_in_bytes(sizes.one), size_in_bytes(sizes.file)
    busy = size_in_bytes(sizes.busy) if sizes.busy else 2 * one
    buffers = f"{sizes.number} buffers of {sizes.one}"
    if not one <= busy <= (sizes.number - 1) * one:
        found = f"{sizes.busy} of them busy" if sizes.busy else "two of them busy"
        return f"found {buffers} and {found}, expected at least one buffer busy and at most all but one"
    if 0 < file < one:
        return f"found {buffers} and a file of at most {sizes.file}, expected 0 or at least one buffer"
    return ""


def _written(buffering: Buffering) -> tuple[Directive, ...]:
    return tuple(directive(name, *args) for name, args in buffering)
