"""How long connections may last, as several features write it: an age, silence, and the lesser of two."""

from painless.annotations.base import Key, Setting
from painless.annotations.decode import Rejected, duration, seconds_of, whole_number

_YEAR = 31_536_000  # Seconds; NGINX refuses what overflows.


def lifetime(text: str) -> int | Rejected:
    """Decode a time such as ``4h`` to seconds; 0 is no limit."""
    if text == "0":
        return 0
    found = duration(text)
    if isinstance(found, Rejected):
        return Rejected(f"{found.expected}; or 0")
    return seconds_of(found)


def at_most(seconds: int, limit: int) -> int:
    """Return ``seconds``, but no more than a limit; 0 is none."""
    return min(seconds, limit) if limit else seconds


IDLE = Key(
    "painless.dev/connection-max-idle",
    lifetime,
    default=0,
    doc="How long a connection may be silent, if less than other time-outs say; 0 is no limit.",
    example="10m",
    config="connection-max-idle",
)
KEEP_ALIVE = Setting(
    "keep-alive",
    whole_number(0, _YEAR),
    75,
    "Seconds that a client's idle connection is kept; 0 is not at all.",
    "150",
)
