"""Quantities as people read them; how they are laid out is for whoever shows them."""

from itertools import pairwise

_TIMES = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_UNITS = ("B", "kB", "MB", "GB")


def size(count: int | None) -> str:
    """Return bytes as people read them; what is not known is a question mark."""
    if count is None:
        return "?"
    amount, unit = float(count), 0
    while amount >= 1000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if amount >= 10 or not unit else f"{amount:.1f} {_UNITS[unit]}"


def span(seconds: float | None) -> str:
    """Return a time as kubectl has it: 42s, 5m10s, 3h2m, 4d1h; nothing for none."""
    if seconds is None:
        return ""
    whole = int(seconds)
    # With the next smaller unit: 90 minutes are nearer to 1h30m than to 1h.
    for (unit, length), (smaller, least) in pairwise(_TIMES):
        if whole >= length:
            rest = whole % length // least
            return f"{whole // length}{unit}" + (f"{rest}{smaller}" if rest else "")
    return f"{whole}s"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number and its word."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
