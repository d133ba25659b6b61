"""What the loop says, as metrics and logs, and in a cluster to those whom it concerns."""

import logging
import math
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping

from painless import differing
from painless.clock import RealClock
from painless.compiler.fit import Fit
from painless.controller.history import History, What
from painless.controller.ports import WorldError
from painless.controller.status import Decided, Load, load_of
from painless.controller.telling import Took
from painless.doctor.run import Result
from painless.following import Following
from painless.kube.answers import Answers
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Ingress, ObjectRef
from painless.nginx.generation import Generation
from painless.observe import logs
from painless.observe.config import Config
from painless.observe.governor import OTHERS, Governed
from painless.observe.metrics import Metrics
from painless.plan.changes import Change, first_label
from painless.plan.governor import Retire, Why
from painless.plan.reasons import MEANS
from painless.web.webhook import Reviewed

_LAST = 10  # Loads, and decisions, that are remembered.
_MIB = 1 << 20
_SHOWN_REASONS = 20  # Reasons of one reload in one log line.
_TRACED, _TRACED_TEXT = 3, 256  # Reasons, and characters, in a span's attribute.
_SHOWN_FINDINGS = (
    100  # Findings of one change in the log: a class that is removed makes one for each Ingress.
)


class Told:
    """What the loop says; without ``answers`` there is no cluster to tell.  ``live`` is what runs."""

    def __init__(
        self,
        metrics: Metrics,
        config: Config,
        governed: Governed,
        answers: Answers | None = None,
        live: Callable[[], Generation | None] = lambda: None,
        following: Following | None = None,
    ) -> None:
        self.loads: tuple[Load, ...] = ()
        self.decisions: tuple[Decided, ...] = ()
        """The last loads and decisions of the governor, the newest first."""
        self.unread: tuple[str, ...] = ()
        """What of NGINX's workers could not be read, each with the right that it takes."""
        self.history = History(live, _now, differing.tell, int(time.time()))
        self._metrics = metrics
        self._config = config
        self._governed = governed
        self._answers = answers
        self._following = following or Following(None, RealClock())

    def reloaded(self, generation: str, reasons: tuple[Change, ...], count: int) -> None:
        namespaces = {one.ref.namespace for one in reasons if one.ref and one.ref.namespace}
        self._metrics.reloaded(first_label(reasons), count, namespaces)
        if self._answers:
            self._answers.owners.reloaded(reasons)
        load = load_of(_now(), generation, reasons, count)
        self.loads = (load, *self.loads[: _LAST - 1])
        self.history.loaded(load)
        shown = [str(one) for one in reasons[:_SHOWN_REASONS]]
        self._following.note(generation=generation, reloads=count, reasons="; ".join(shown[:_TRACED]))
        logs.event(
            "generation_applied", id=generation, reloads=count, reasons=shown, more=len(reasons) - len(shown)
        )

    def took(self, what: Took, seconds: float) -> None:
        if what is Took.COMPILE:
            self._config.compiled(seconds)
            self._following.part("compile", seconds)
        elif what is Took.CHANGE:
            self._following.served(seconds)
        elif what is Took.ENDPOINTS:
            self._config.propagated(seconds)
        else:
            self._config.applied(what, seconds)

    def applied_live(self, generation: str) -> None:
        logs.event("hot_files_written", id=generation)

    def overloaded(self, upstream: str, ingresses: tuple[ObjectRef, ...]) -> None:
        if self._answers:
            self._answers.owners.overloaded(upstream, ingresses)
        shown = [str(one) for one in ingresses[:_SHOWN_REASONS]]
        logs.event("bulkhead_full", level=logging.WARNING, upstream=upstream, ingresses=shown)

    def confirmed(self, ingresses: tuple[Ingress, ...]) -> None:
        self._config.confirmed()
        if self._answers:
            self._answers.confirmed(ingresses)

    def fitted(self, fit: Fit) -> None:
        logs.event("machine_fitted", values=[f"{one.name} {one.value}: {one.because}" for one in fit.settled])
        for says in fit.machine.problems:
            logs.event("machine_unreadable", level=logging.WARNING, problem=says)
        for one in fit.concerns:
            if not one.key:  # Of the others the ConfigMap's findings tell.
                logs.event("machine_too_small", level=logging.WARNING, problem=one.says, hint=one.hint)

    def endpoints_updated(self, upstreams: int) -> None:
        self._metrics.endpoints_updated(upstreams)
        logs.event("endpoints_updated", level=logging.DEBUG, upstreams=upstreams)

    def refused(self, output: str, about: str) -> None:
        self._metrics.refused()
        self._following.note(failed=True, refused=about[:_TRACED_TEXT])
        self.history.happened(What.REFUSED, f"about {about}: {output}")
        if self._answers:
            self._answers.owners.refused(output, about)
        logs.event("generation_refused", level=logging.ERROR, about=about, nginx=output)

    def failed(self, problem: Exception, retry_in: float) -> None:
        self._metrics.failed()
        self._following.note(failed=True, problem=str(problem)[:_TRACED_TEXT])
        self.history.happened(What.FAILED, f"{problem}; tried again in {retry_in:g} s")
        if self._answers:
            self._answers.owners.failed(problem)
        ours = () if isinstance(problem, WorldError) else traceback.format_exception(problem)
        logs.event(
            "round_failed",
            level=logging.ERROR,
            problem=str(problem),
            retry_in=retry_in,
            traceback="".join(ours),
        )

    def renewed(self, problem: str) -> None:
        self._metrics.renewed(done=not problem)
        self.history.happened(What.REPLACED, f"was kept: {problem}" if problem else "was replaced")
        if problem:
            logs.event("nginx_kept", level=logging.ERROR, problem=problem, then="the old binary serves on")
        else:
            logs.event("nginx_replaced")

    def unreadable(self, what: str) -> None:
        self.unread = (what, *self.unread[: _LAST - 1])
        logs.event(
            "workers_unreadable", level=logging.WARNING, what=what, then="it is unknown, and all serves on"
        )

    def waits(self, why: Why, seconds: float) -> None:
        # Changes are gathered all the time, and replicas wait for each other; that there is no room is rare.
        usual = why in {Why.COALESCING, Why.REPLICAS}
        level = logging.DEBUG if usual else logging.INFO
        if not usual:
            self._decided(f"a change waits for {seconds:.1f} s at most: {MEANS[why]}")
        # How long another replica takes is not known.
        at_most = None if why is Why.REPLICAS else round(seconds, 3)
        logs.event("reload_waits", level=level, why=str(why), at_most=at_most)

    def waited(self, why: Why, seconds: float) -> None:
        self._governed.waited(str(why), seconds)
        self._following.part("wait", seconds, why=str(why))

    def over_budget(self) -> None:
        says = "there is less memory than a reload may need, and nothing is left that could end before"
        self._decided(f"NGINX loads although {says}")
        logs.event("reload_over_budget", level=logging.WARNING, problem=says)

    def no_room(self, lacking: int) -> None:
        more = math.ceil(lacking / _MIB)
        says = f"for NGINX to load, the memory limit would have to be {more} MiB higher"
        then = "changes of routing wait until there is room; addresses of pods and certificates do not"
        self._decided(f"a change waits for memory: {says}")
        logs.event("reload_without_room", level=logging.WARNING, problem=says, then=then)

    def retired(self, worker: Retire, hosts: Mapping[str, int]) -> None:
        self._governed.retired(str(worker.why), hosts)
        count = "an unknown number of" if worker.connections is None else worker.connections
        who = f"worker {worker.pid} of generation {worker.generation}"
        self._decided(f"{who} is told to end, with {count} connections: {MEANS[worker.why]}")
        logs.event(
            "worker_retired",
            level=logging.WARNING if worker.connections != 0 else logging.INFO,
            pid=worker.pid,
            generation=worker.generation,
            why=str(worker.why),
            connections=worker.connections,
            hosts={host or OTHERS: count for host, count in hosts.items() if count},
        )

    def _decided(self, says: str) -> None:
        self.decisions = (Decided(_now(), says), *self.decisions[: _LAST - 1])

    def aged(self, host: str, ingress: ObjectRef, count: int, *, begins: bool) -> None:
        self._governed.aged(host, ingress.namespace, ingress.name, count)
        if begins and self._answers:
            self._answers.owners.aged(host, ingress)
        level = logging.INFO if begins else logging.DEBUG
        logs.event("connections_aged", level=level, host=host, ingress=str(ingress), connections=count)

    def examined(self, some: tuple[Result, ...]) -> None:
        """Tell owners what the doctor newly found about their objects."""
        if self._answers:
            for one in some[:_SHOWN_FINDINGS]:
                says = f"{one.title}: {one.says}; expected {one.expected} ({one.fix})"
                self._answers.owners.examined(one.id, one.objects, says)

    def nginx_gone(self) -> None:
        self.history.happened(What.ENDED, "it is started again")
        logs.event("nginx_ended", level=logging.ERROR, then="it is started again")
        if self._answers:
            self._answers.owners.nginx_gone()

    def diagnosed(self, new: Iterable[Diagnostic], gone: Iterable[Diagnostic]) -> None:
        for says in _each(new):
            logs.event("diagnostic_found", level=logging.WARNING, says=says)
        for says in _each(gone):
            logs.event("diagnostic_resolved", says=says)
        if self._answers:
            self._answers.owners.diagnosed(new, gone)


class Doorman:
    """What the webhook says, as metrics and logs."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def reviewed(self, one: Reviewed) -> None:
        allowed = not one.verdict.refusals
        self._metrics.reviewed(one.verdict.compared, one.judged, one.answered, allowed=allowed)
        if not allowed:
            logs.event("ingress_refused", about=one.about, says=one.verdict.message)

    def unanswered(self, says: str) -> None:
        self._metrics.unanswered()
        # Anybody who finds the port can cause it, as often as they like.
        logs.event("review_unanswered", level=logging.DEBUG, says=says)

    def certificate(self, problem: str) -> None:
        if problem:
            logs.event("webhook_certificate_kept", level=logging.ERROR, problem=problem)
        else:
            logs.event("webhook_certificate_read")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _each(some: Iterable[Diagnostic]) -> Iterator[str]:
    ordered = sorted(some)
    yield from map(str, ordered[:_SHOWN_FINDINGS])
    if len(ordered) > _SHOWN_FINDINGS:
        yield f"and {len(ordered) - _SHOWN_FINDINGS} more, which lint shows"
