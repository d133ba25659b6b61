"""How things stand with the API server, list by list: for metrics, and one log line for each outage."""

import logging
from collections.abc import Callable

from msgspec import Struct

from painless.kube.errors import ApiError, Forbidden, KubeError
from painless.observe import logs

TOLD_AFTER = 2
"""Failures in a row of one list or watch that make an outage: every connection is cut now and then."""


class Line(Struct):
    """One list with its watch, in numbers; ``heard`` is when the server last said something.

    ``failures`` are those since it last answered.
    """

    kind: str
    heard: float
    events: int = 0
    lists: int = 0
    watches: int = 0
    failed: int = 0
    failures: int = 0
    refused: bool = False


class Contact:
    """All lists and watches; ``now`` is in seconds and never goes back."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.lines: list[Line] = []
        self._lost_at: float | None = None

    def line(self, kind: str) -> Line:
        """Return a new line to keep count on."""
        self.lines.append(Line(kind, self.now()))
        return self.lines[-1]

    def heard(self, line: Line) -> None:
        """Take note that the server answers there."""
        line.heard = self.now()
        if line.failures:
            line.failures = 0
            if line.refused:
                line.refused = False
                logs.event("api_server_allows_again", kind=line.kind)
            self._judge("")

    def failed(self, line: Line, problem: KubeError) -> None:
        """Take note that it does not; what is served stays as it is."""
        line.failed += 1
        line.failures += 1
        if isinstance(problem, Forbidden):
            if not line.refused:
                line.refused = True
                then = "changes of this kind are not seen, what is served stays as it is"
                logs.event(
                    "api_server_refuses", level=logging.ERROR, kind=line.kind, problem=str(problem), then=then
                )
        elif isinstance(problem, ApiError):
            logs.event("api_server_says_no", level=logging.DEBUG, kind=line.kind, problem=str(problem))
        self._judge(str(problem))

    def _judge(self, problem: str) -> None:
        lost = any(one.failures >= TOLD_AFTER and not one.refused for one in self.lines)
        if lost and self._lost_at is None:
            self._lost_at = self.now()
            then = "what is served stays as it is"
            logs.event("api_server_lost", level=logging.ERROR, problem=problem, then=then)
        elif not lost and self._lost_at is not None:
            logs.event("api_server_back", after=round(self.now() - self._lost_at, 1))
            self._lost_at = None
