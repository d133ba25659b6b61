"""What an HTTP server of ours logs by itself: its mistakes, and nothing about what strangers send."""

import logging
import traceback

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

_THEIRS = (HttpProcessingError, OSError, web.RequestPayloadError)
"""No HTTP, or a client that went away: anybody can cause these, as often as they like."""


class _OursOnly(logging.Filter):
    """Lets our own mistakes pass, as events."""

    def filter(self, record: logging.LogRecord) -> bool:
        problem = record.exc_info[1] if record.exc_info else None
        if problem is None or isinstance(problem, _THEIRS):
            return False
        record.msg, record.args = "request_failed", ()
        record.fields = {"traceback": "".join(traceback.format_exception(problem))}
        return True


def quiet(name: str) -> logging.Logger:
    """Return the logger for a server, below ours."""
    logger = logging.getLogger(f"painless.{name}")
    logger.filters = [_OursOnly()]
    return logger
