"""Who is told what the loop does: metrics, logs, and in a cluster the objects' owners."""

from collections.abc import Iterable
from typing import Protocol

from painless.compiler.fit import Fit
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Ingress
from painless.plan.changes import Change


class Listener(Protocol):
    """Is told what happened."""

    def reloaded(self, generation: str, reasons: tuple[Change, ...], count: int) -> None: ...
    def applied_live(self, generation: str) -> None: ...
    def confirmed(self, ingresses: tuple[Ingress, ...]) -> None:
        """NGINX took what these Ingresses ask for: all that are ours, but for those that it refuses."""

    def fitted(self, fit: Fit) -> None:
        """NGINX took other values that follow from the machine than before, or its first."""

    def endpoints_updated(self, upstreams: int) -> None: ...
    def refused(self, output: str, about: str) -> None: ...
    def failed(self, problem: Exception, retry_in: float) -> None: ...
    def renewed(self, problem: str) -> None:
        """NGINX's binary was replaced on the disk, and NGINX by it, unless there was a problem."""

    def unreadable(self, what: str) -> None:
        """Something about NGINX's workers cannot be read here; told once."""

    def nginx_gone(self) -> None: ...
    def diagnosed(self, new: Iterable[Diagnostic], gone: Iterable[Diagnostic]) -> None: ...
