"""NGINX's spellings of times and sizes, as numbers; what is none, or a variable, is ``None``."""

import re
from collections.abc import Iterable

_TIME = re.compile(r"(\d{1,18})(ms|[smhdwMy]?)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_SIZE = re.compile(r"(\d{1,18})([kKmMgG]?)")
_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def seconds(words: Iterable[str]) -> float | None:
    """Return the seconds of a time such as ``1h 30m``."""
    text = "".join(words).replace(" ", "")
    if not text or not re.fullmatch(f"(?:{_TIME.pattern})+", text):
        return None
    return sum(int(number) * _SECONDS[unit or "s"] for number, unit in _TIME.findall(text))


def size(text: str) -> int | None:
    """Return the bytes of a size such as ``10m``."""
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _BYTES[found[2].lower()] if found else None


def number(text: str) -> int | None:
    """Return a whole number; ``None`` for ``auto``, a variable, or anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def counted(count: int, name: str) -> str:
    """Return a number and its word."""
    return f"{count} {name}{'' if count == 1 else 's'}"


def mib(count: float) -> str:
    return f"{count / (1 << 20):.0f} MiB"
