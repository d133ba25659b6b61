"""Whether something keeps the machine's clock right, as the kernel knows it."""

import ctypes

_SIZE = 256  # Bytes: struct timex has 208.
_ERROR = 5  # TIME_ERROR: nobody has told the kernel the time for long, or its error grew too large.
_LIBC = ctypes.CDLL(None, use_errno=True)


def kept() -> bool | None:
    """Return whether the clock is kept right; ``None`` where we may not ask."""
    # All zero changes nothing and only asks.
    state = _LIBC.adjtimex(ctypes.create_string_buffer(_SIZE))
    return None if state < 0 else state != _ERROR
