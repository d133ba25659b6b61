"""What is worth telling the owners of Ingresses, and whoever looks at our Pod.

Makes notes of what the loop tells.  About Ingresses only one controller of several
tells, the leader; each tells of its own Pod.  How a note becomes an Event is ``events``' business.
"""

from collections.abc import Callable, Iterable

from painless.kube.correlate import Kind, Note
from painless.model.diagnostics import Diagnostic, Severity
from painless.model.objects import Ingress, ObjectRef
from painless.plan.changes import Change

_SHOWN = 5  # Reasons of one reload in one Event; the log has all of them.


class Owners:
    """Tells ``tell`` what owners should know; ``speaks`` says whether it is us who tell of Ingresses."""

    def __init__(
        self,
        tell: Callable[[Note], None],
        pod: ObjectRef,
        speaks: Callable[[], bool],
        *,
        sync: bool,
    ) -> None:
        self._tell = tell
        self._pod = pod
        self._speaks = speaks
        self._sync = sync
        self._served: dict[ObjectRef, Ingress] | None = None
        self._open: set[Diagnostic] = set()

    def leadership_changed(self) -> None:
        """Tell what is the matter, since whoever led before may have ended before it was told."""
        if self._speaks():
            for one in sorted(self._open):
                self._warn(one)

    def contested(self, ingress: ObjectRef) -> None:
        """Tell that somebody else writes the status of this Ingress."""
        says = (
            "Another controller keeps rewriting the addresses in the status. Painless stopped writing them "
            "and tries again later: let only one controller serve the class of this Ingress."
        )
        self._tell(Note(ingress, Kind.WARNING, "StatusContested", says))

    def confirmed(self, ingresses: tuple[Ingress, ...]) -> None:
        before, self._served = self._served, {one.ref: one for one in ingresses}
        if before is None or not self._sync or not self._speaks():
            return  # What was there before our start is no news.
        for ref, one in self._served.items():
            if (known := before.get(ref)) is not one and known != one:
                self._tell(Note(ref, Kind.NORMAL, "Sync", "Scheduled for sync"))

    def diagnosed(self, new: Iterable[Diagnostic], gone: Iterable[Diagnostic]) -> None:
        come = {one for one in new if one.about.kind == "Ingress"}
        went = {one for one in gone if one.about.kind == "Ingress"} & self._open
        self._open = (self._open - went) | come
        if not self._speaks():
            return
        for one in sorted(come):
            self._warn(one)
        # A finding that says something else now is not mended.
        still = {(one.about, one.reason, one.field) for one in self._open}
        for one in sorted(went):
            if one.severity is not Severity.WARNING and (one.about, one.reason, one.field) not in still:
                says = f"{one.reason} no longer holds{f' for {one.field}' if one.field else ''}"
                self._tell(Note(one.about, Kind.NORMAL, "Resolved", says))

    def reloaded(self, reasons: tuple[Change, ...]) -> None:
        shown = ", ".join(map(str, reasons[:_SHOWN]))
        more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
        self._tell(Note(self._pod, Kind.NORMAL, "RELOAD", f"NGINX reload triggered by: {shown}{more}"))

    def overloaded(self, upstream: str, ingresses: Iterable[ObjectRef]) -> None:
        """Tell that a bulkhead refuses requests; whoever leads knows only of its own."""
        says = (
            f"The Service behind {upstream} has as many requests open as it may, so more are answered with "
            "503 (painless.dev/max-inflight). painless_bulkhead_rejections counts them."
        )
        for one in ingresses:
            if one.name:
                self._tell(Note(one, Kind.WARNING, "BulkheadFull", says))

    def aged(self, host: str, ingress: ObjectRef) -> None:
        """Tell that connections are closed since they are old; whoever leads knows only of its own."""
        says = (
            f"Upgraded connections of {host} are closed one after the other as they reach their age "
            "(painless.dev/connection-max-age). painless_connections_aged counts them."
        )
        self._tell(Note(ingress, Kind.NORMAL, "ConnectionsAged", says))

    def refused(self, output: str, about: str) -> None:
        says = f"NGINX refuses what comes of {about}: {output}"
        self._tell(Note(self._pod, Kind.WARNING, "RELOAD", says))

    def failed(self, problem: Exception) -> None:
        self._tell(Note(self._pod, Kind.WARNING, "RELOAD", f"The configuration was not applied: {problem}"))

    def examined(self, check: str, objects: Iterable[str], says: str) -> None:
        """Tell what the doctor found about Ingresses, each as ``Ingress namespace/name``."""
        if not self._speaks():
            return
        for one in objects:
            kind, _, name = one.partition(" ")
            if kind == "Ingress":
                namespace, _, name = name.partition("/")
                silence = f'painless.dev/doctor-silence: "{check} the reason" silences it'
                note = f"{check} {says}. {silence}"
                self._tell(Note(ObjectRef(kind, namespace, name), Kind.WARNING, "DoctorFinding", note))

    def nginx_gone(self) -> None:
        self._tell(Note(self._pod, Kind.WARNING, "NginxEnded", "NGINX ended; it is started again"))

    def _warn(self, one: Diagnostic) -> None:
        hint = f" ({one.hint})" if one.hint else ""
        where = f"{one.field}: " if one.field else ""
        self._tell(Note(one.about, Kind.WARNING, str(one.reason), f"{where}{one.says}{hint}"))
