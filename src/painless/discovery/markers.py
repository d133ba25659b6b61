"""Marker files: one empty file for each upstream without ready peers, in the state directory's ``down``.

NGINX asks for them in each request (``if (-f STATE/down/$upstream)``), so they change what it answers
without a reload.  An upstream that is a name outside the cluster has none: only the responder knows
whether that resolves.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from painless.discovery.answers import Answer

DOWN = "down"
"""The directory of the markers below the state directory."""


class Markers:
    """The markers below one state directory."""

    def __init__(self, state: Path) -> None:
        self._directory = state / DOWN
        # NGINX's workers run as another user and must be able to look.
        self._directory.mkdir(mode=0o755, parents=True, exist_ok=True)

    def put_up(self, answers: Iterable[Answer]) -> None:
        """Write the markers of those that have no peers: before the responder is told."""
        for one in answers:
            if is_down(one):
                # A disk without room for it is no reason to tell nobody: NGINX answers 502 in place of 503.
                with suppress(OSError):
                    self._path(one.upstream).touch(mode=0o644)

    def take_down(self, upstreams: Iterable[str], wanted: Mapping[str, Answer]) -> None:
        """Remove those of these markers that nothing wanted needs: after the responder was told.

        ``wanted`` is what holds at this moment, not what was told: another change may be on its way.
        """
        for name in upstreams:
            if name not in wanted or not is_down(wanted[name]):
                self._path(name).unlink(missing_ok=True)

    def names(self) -> tuple[str, ...]:
        """Return the upstreams that have a marker."""
        return tuple(one.name for one in self._directory.iterdir())

    def _path(self, upstream: str) -> Path:
        if "/" in upstream or upstream.startswith("."):
            raise ValueError(f"{upstream!r} cannot name a marker; expected a DNS name")
        return self._directory / upstream


def is_down(answer: Answer) -> bool:
    """Return whether nothing can serve this upstream."""
    return not answer.peers and not answer.external
