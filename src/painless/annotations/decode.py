"""Text to value: decoders accept what they understand and say what they expected.

A decoder never raises; it returns the value or ``Rejected``.  The sets of accepted texts follow
ingress-nginx v1.15, tightened where its patterns are not anchored.  What comes out is safe to become an
NGINX token: control characters never pass.
"""

import ipaddress
import re
from collections.abc import Callable, Collection
from typing import TypeVar

from msgspec import Struct

from painless.nginx.tokens import Expr, Literal, Var

T = TypeVar("T")


class Rejected(Struct, frozen=True):
    """The text is not a value of this kind; what was expected, to follow "expected"."""

    expected: str


Decoder = Callable[[str], T | Rejected]

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def boolean(text: str) -> bool | Rejected:
    """Decode a boolean as Go's strconv.ParseBool spells it."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else Rejected('"true" or "false"')


def whole_number(lowest: int, highest: int) -> Decoder[int]:
    """Return a decoder of decimal whole numbers between ``lowest`` and ``highest``, both included."""

    def decode(text: str) -> int | Rejected:
        if re.fullmatch(r"[+-]?[0-9]{1,18}", text) and lowest <= int(text) <= highest:
            return int(text)
        return Rejected(f"a whole number from {lowest} to {highest}")

    return decode


def seconds(text: str) -> int | Rejected:
    """Decode a time-out: seconds, without a unit, as ingress-nginx writes them."""
    # 31,536,000 s, a year: NGINX counts in milliseconds and refuses what overflows.
    value = whole_number(1, 31_536_000)(text)
    return (
        Rejected("a whole number of seconds, at least 1, without a unit")
        if isinstance(value, Rejected)
        else value
    )


_SECONDS_OF = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST_TIME = 31_536_000  # Seconds, a year: NGINX counts in milliseconds and refuses what overflows.


def duration(text: str) -> str | Rejected:
    """Decode a time as NGINX writes it, such as ``10m``; a number without a unit is in seconds."""
    matched = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text)
    if matched is None or not 1 <= int(matched[1]) * _SECONDS_OF[matched[2]] <= _LONGEST_TIME:
        return Rejected('a time such as "10m": digits and one of s, m, h, d; a year at most')
    return text


def seconds_of(value: str) -> int:
    """Return how many seconds a time is that ``duration`` returned."""
    unit = value[-1] if value[-1].isalpha() else ""
    return int(value.removesuffix(unit)) * _SECONDS_OF[unit]


_LARGEST_SIZE = 2**63 - 1
_UNIT = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def size(text: str) -> str | Rejected:
    """Decode a size such as ``8m`` and return it as NGINX writes it (``b`` is dropped)."""
    matched = re.fullmatch(r"([0-9]{1,18})([bkmgBKMG]?)", text)
    if matched is None or int(matched[1]) * _UNIT[matched[2].lower()] > _LARGEST_SIZE:
        return Rejected('a size such as "8m": digits and one of k, m, g')
    unit = matched[2].lower()
    return str(int(matched[1])) + ("" if unit == "b" else unit)


def memory_size(lowest: int, highest: int) -> Decoder[str]:
    """Return a decoder of sizes of buffers and files, which NGINX writes without ``g``: ``1g`` is ``1024m``.

    ``lowest`` and ``highest`` are in bytes, both included.
    """

    def decode(text: str) -> str | Rejected:
        value = size(text)
        if isinstance(value, Rejected) or not lowest <= size_in_bytes(value) <= highest:
            least = "0 or " if lowest == 0 else ""
            return Rejected(f'{least}a size such as "8k": digits and one of k, m, g; at most {highest} bytes')
        return f"{int(value[:-1]) * 1024}m" if value.endswith("g") else value

    return decode


def size_in_bytes(value: str) -> int:
    """Return how many bytes a decoded size means."""
    digits = value.rstrip("kmg")
    return int(digits) * _UNIT[value[len(digits) :]]


def one_of(*words: str, fold: bool = False) -> Decoder[str]:
    """Return a decoder of an enumeration; ``fold`` ignores case and returns the listed spelling."""
    listed = {word.lower() if fold else word: word for word in words}
    expected = words[0] if len(words) == 1 else "one of " + ", ".join(words)

    def decode(text: str) -> str | Rejected:
        found = listed.get(text.lower() if fold else text)
        return found if found is not None else Rejected(expected)

    return decode


def word_list(*words: str) -> Decoder[tuple[str, ...]]:
    """Return a decoder of words separated by spaces, each one of ``words``; a repeated word counts once."""

    def decode(text: str) -> tuple[str, ...] | Rejected:
        found = tuple(dict.fromkeys(text.split()))
        bad = next((one for one in found if one not in words), "")
        if not found or bad:
            which = f"; {shown(bad)} is none" if bad else ""
            return Rejected(f"one or more of {', '.join(words)}, separated by spaces{which}")
        return found

    return decode


def matching(pattern: str, expected: str) -> Decoder[str]:
    """Return a decoder of texts that match ``pattern`` from end to end."""
    compiled = re.compile(pattern)

    def decode(text: str) -> str | Rejected:
        return text if compiled.fullmatch(text) else Rejected(expected)

    return decode


def comma_list(item: Decoder[T], *, expected: str) -> Decoder[tuple[T, ...]]:
    """Return a decoder of comma separated items; empty items are skipped, one bad item rejects all."""

    def decode(text: str) -> tuple[T, ...] | Rejected:
        values: list[T] = []
        for part in text.split(","):
            if not part.strip():
                continue
            value = item(part.strip())
            if isinstance(value, Rejected):
                return Rejected(f"{expected}; {shown(part.strip())} is none")
            values.append(value)
        return tuple(values) if values else Rejected(expected)

    return decode


_NO_ADDRESS = "255.255.255.255"  # NGINX takes it for an address that cannot be read.


def network(text: str) -> str | Rejected:
    """Decode an IP address or CIDR block, normalised, since NGINX only warns about host bits."""
    if "%" in text:
        # A zone means something on one machine only.
        return Rejected("an IP address or CIDR block")
    try:
        block = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return Rejected("an IP address or CIDR block")
    if str(block.network_address) == _NO_ADDRESS:
        return Rejected("an IP address or CIDR block that clients may have")
    return str(block.network_address) if block.prefixlen == block.max_prefixlen else str(block)


networks = comma_list(network, expected="a comma separated list of IP addresses and CIDR blocks")

header_name = matching(r"[A-Za-z0-9_-]{1,256}", "a header name: letters, digits, - and _")
cookie_name = matching(r"[A-Za-z0-9_.~!#%&'*+^`|-]{1,256}", "a cookie name without spaces or separators")

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*", re.IGNORECASE)
_LONGEST_NAME = 253  # RFC 1035 section 2.3.4, as text.


def host_name(text: str) -> str | Rejected:
    """Decode a host name, perhaps with a leading wildcard label; returned in lower case."""
    if len(text) <= _LONGEST_NAME and _HOST.fullmatch(text):
        return text.lower()
    return Rejected("a host name such as www.example.com")


#: Variables that a user's text may name: they read the request and nothing else.
REQUEST_VARIABLES = frozenset(
    """
args binary_remote_addr body_bytes_sent bytes_sent content_length content_type document_uri host hostname
http_host http_referer http_user_agent https is_args msec query_string remote_addr remote_port remote_user
request request_id request_length request_method request_time request_uri scheme server_addr server_name
server_port server_protocol ssl_cipher ssl_client_s_dn ssl_protocol ssl_server_name status time_iso8601
time_local uri
""".split()
)
_OPEN_VARIABLES = ("http_", "arg_", "cookie_")
# NGINX reads one digit without braces: $10 is $1 followed by a nought.
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\d|\w+))", re.ASCII)


def with_variables(
    text: str,
    *,
    captures: int = 0,
    allowed: Collection[str] = REQUEST_VARIABLES,
    open_variables: tuple[str, ...] = _OPEN_VARIABLES,
) -> Expr | Rejected:
    """Split ``text`` at variables; those a user may not name are refused by name.

    ``captures``: how many numbered captures exist, so ``$1`` to that number are variables too.  ``allowed``
    are the names that may be named, ``open_variables`` beginnings of more of them.
    """
    parts: list[Literal | Var] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        name = found[1] or found[2]
        if name.isdecimal():
            if not 1 <= int(name) <= captures:
                return Rejected(f"at most {captures} captures, as many as the path has; ${name} is none")
        elif name not in allowed and not name.startswith(open_variables):
            return Rejected(f"only variables that read the request; ${name} is none")
        if found.start() > end:
            parts.append(Literal(text[end : found.start()]))
        parts.append(Var(name))
        end = found.end()
    if end < len(text):
        parts.append(Literal(text[end:]))
    return Expr(tuple(parts))


def shown(text: str) -> str:
    """Return ``text`` quoted for a sentence: printable and short."""
    safe = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:81])
    return f'"{safe[:80]}…"' if len(text) > 80 else f'"{safe}"'
