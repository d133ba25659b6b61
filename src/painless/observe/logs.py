"""Structured logs: an event is a constant in the past tense with fields, one line each.

For a terminal the line is for eyes; anywhere else it is JSON.  Whatever a field holds, it is one line,
nothing that a terminal obeys, and no longer than a reader takes.  Which events there are is ``events``'.
"""

import logging
import re
import sys
import time
import traceback
from collections.abc import Mapping
from itertools import islice
from typing import TextIO

import msgspec

DETAIL = logging.DEBUG - 1
"""The level of what is told from ``-v=2`` on: the differences of configurations."""
LONGEST = 8192
"""Characters of one text: containers' logs are cut into pieces of 16 KiB."""
MOST = 500
"""Texts of one list."""

_LOGGER = logging.getLogger("painless")
_ENCODER = msgspec.json.Encoder(enc_hook=str)
# JSON itself takes care of those below 0x20.  The others move the cursor, or turn around what is read.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_PLAIN = re.compile(r'[^\s"=\[\]{}]+')


def event(name: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Log that ``name`` happened."""
    _LOGGER.log(level, name, extra={"fields": fields})


def tells(level: int) -> bool:
    """Whether events of a level are told, for what costs something to say."""
    return _LOGGER.isEnabledFor(level)


def set_up(stream: TextIO | None = None, verbosity: int = 0) -> None:
    """Send logs to ``stream`` (standard error), as JSON unless it is a terminal; those of libraries, too."""
    out = stream or sys.stderr
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Console() if out.isatty() else _Json())
    _LOGGER.handlers = [handler]
    _LOGGER.propagate = False
    _LOGGER.setLevel(max(1, logging.DEBUG + 1 - verbosity) if verbosity > 0 else logging.INFO)
    others = logging.getLogger()
    others.handlers = [handler]
    others.setLevel(logging.WARNING)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        name, fields = _said(record)
        line = {"time": _time(record), "level": _level(record), "event": name, **fields}
        return _encoded(line)


class _Console(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        name, fields = _said(record)
        said = (f"{key}={_short(value)}" for key, value in fields.items())
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        return " ".join((clock, _level(record).upper()[:4], name, *said))


def _said(record: logging.LogRecord) -> tuple[str, dict[str, object]]:
    """Return an event and its fields; what a library says is an event, too."""
    if (fields := getattr(record, "fields", None)) is not None:
        return record.getMessage(), _each(fields)
    where = "".join(traceback.format_exception(record.exc_info[1])) if record.exc_info else ""
    fields = {"logger": record.name, "says": record.getMessage(), "traceback": where}
    return "library_said", _each(fields)


def _time(record: logging.LogRecord) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z"


def _level(record: logging.LogRecord) -> str:
    return "debug" if record.levelno < logging.DEBUG else record.levelname.lower()


def _each(fields: Mapping[object, object]) -> dict[str, object]:
    return {str(_bounded(str(key))): _bounded(value) for key, value in islice(fields.items(), MOST)}


def _bounded(value: object) -> object:
    """Return a value that is not longer than a reader takes, and that UTF-8 has bytes for."""
    if isinstance(value, str):
        more = len(value) - LONGEST
        text = f"{value[:LONGEST]}… ({more} more)" if more > 0 else value
        return text.encode(errors="backslashreplace").decode()
    if isinstance(value, Mapping):
        return _each(value)
    if isinstance(value, (list, tuple)):
        return [_bounded(one) for one in value[:MOST]]
    return value


def _encoded(value: object) -> str:
    text = _ENCODER.encode(value).decode()
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _short(value: object) -> str:
    plain = isinstance(value, str) and _PLAIN.fullmatch(value) and value.isprintable()
    return str(value) if plain else _encoded(value)
