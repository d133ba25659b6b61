"""Who is told what the loop does: metrics, logs, and in a cluster the objects' owners."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Protocol

from painless.compiler.fit import Fit
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Ingress, ObjectRef
from painless.plan.changes import Change
from painless.plan.governor import Retire, Why


class Took(StrEnum):
    """What takes time: a compile, a load by NGINX, hot files, endpoints until NGINX knows them.

    ``CHANGE`` is everything from a change's arrival until it is served.
    """

    COMPILE = "compile"
    RELOAD = "reload"
    LIVE = "live"
    ENDPOINTS = "endpoints"
    CHANGE = "change"


class Listener(Protocol):
    """Is told what happened."""

    def reloaded(self, generation: str, reasons: tuple[Change, ...], count: int) -> None: ...
    def took(self, what: Took, seconds: float) -> None:
        """Hear how long something took."""

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

    def waits(self, why: Why, seconds: float) -> None:
        """Hear that a change waits for this, for so long if nothing else happens."""

    def waited(self, why: Why, seconds: float) -> None:
        """Hear that a change has waited for this."""

    def over_budget(self) -> None:
        """Hear that NGINX loads with less memory than that may need, since nothing else is left to end."""

    def no_room(self, lacking: int) -> None:
        """Hear that changes wait until there are so many bytes more for a load."""

    def retired(self, worker: Retire, hosts: Mapping[str, int]) -> None:
        """Hear that a worker was told to end before its time.

        ``hosts`` has the connections it had; those of which it is not known whose they are under no name.
        """

    def aged(self, host: str, ingress: ObjectRef, count: int, *, begins: bool) -> None:
        """Hear that upgraded connections were closed since they were old, and whether that is news."""

    def nginx_gone(self) -> None: ...
    def diagnosed(self, new: Iterable[Diagnostic], gone: Iterable[Diagnostic]) -> None: ...
