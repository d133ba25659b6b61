"""Structured logs: an event is a constant in the past tense with fields, one line each.

For a terminal the line is for eyes; anywhere else it is JSON.
"""

import logging
import sys
from typing import TextIO

import msgspec

_LOGGER = logging.getLogger("painless")
_ENCODER = msgspec.json.Encoder(enc_hook=str)


def event(name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log that ``name`` happened."""
    _LOGGER.log(level, name, extra={"fields": fields})


def set_up(stream: TextIO | None = None, verbosity: int = 0) -> None:
    """Send logs to ``stream`` (standard error), as JSON unless it is a terminal."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Console() if out.isatty() else _Json())
    _LOGGER.handlers = [handler]
    _LOGGER.propagate = False
    _LOGGER.setLevel(logging.DEBUG if verbosity > 0 else logging.INFO)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        return _ENCODER.encode(line).decode()


class _Console(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = " ".join(f"{name}={_short(value)}" for name, value in getattr(record, "fields", {}).items())
        return f"{self.formatTime(record, '%H:%M:%S')} {record.levelname[:4]} {record.getMessage()} {fields}"


def _short(value: object) -> str:
    text = str(value)
    return f'"{text}"' if " " in text else text
