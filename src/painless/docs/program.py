"""The pages about the program itself: its findings, its metrics and its commands."""

from collections.abc import Iterable, Iterator, Mapping

import click
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from painless.cli import main as commands
from painless.cli.accepted import flag_name
from painless.cli.main import __doc__ as about_commands
from painless.docs.markdown import code, page, prose, table
from painless.flags import WITHOUT_EFFECT
from painless.model.diagnostics import Reason, Severity
from painless.model.objects import ObjectRef
from painless.observe.accepting import Accept, Memory, Watched
from painless.observe.accesslog import AccessLogged
from painless.observe.answers import Answered, Said
from painless.observe.apiserver import ApiServer, Line
from painless.observe.bulkheads import Rejected
from painless.observe.config import Config, Wanted
from painless.observe.doctor import Doctor, Examined
from painless.observe.generations import Generations
from painless.observe.governor import Governed
from painless.observe.machine import Machine, Processes
from painless.observe.metrics import Metrics, State
from painless.observe.requests import PREFIX, Shown, counting, told
from painless.observe.served import About, Certified, Served, Serves
from painless.observe.tally import Tally
from painless.observe.traces import Spans
from painless.observe.turns import Turned
from painless.plan.accepting import Cause, Overflow, Queue, Sample, Worker
from painless.plan.capacity import Capacity, Facts, Limit
from painless.plan.governor import WAITS
from painless.plan.queues import Episode, Past, Queues
from painless.plan.workers import Connections, GenerationState, Holder, WorkerState

_SEVERITIES = {
    Severity.WARNING: "honoured, and probably not what was meant",
    Severity.ERROR: "this setting is not honoured; the rest of the object is",
    Severity.REJECTED: "the object, or the paths it is about, are not served",
}


def diagnostics_page() -> str:
    return page(
        "Findings",
        "What Painless says about objects. `painless lint` shows them for a folder; `painless serve` logs "
        "each once when it appears and once when it is gone (`diagnostic_found`, `diagnostic_resolved`), and "
        "counts them in the metric `painless_diagnostics`. Each names the object, the field, what was found "
        "and what was expected.",
        table(("severity", "means"), ((code(one), means) for one, means in _SEVERITIES.items())),
        *(part for one in Reason for part in (f"## {one}", one.meaning, f"**To mend it:** {one.mend}")),
    )


def metrics_page() -> str:
    return page(
        "Metrics",
        "The health port (`--healthz-port`, 10254) serves `/metrics` in Prometheus' text format, beside the "
        "liveness probe (`--health-check-path`, `/healthz`) and the readiness probe `/readyz`, which answers "
        "503 with the reason until NGINX serves.",
        table(
            ("metric", "type", "labels", "meaning"),
            (
                (code(_name(one)), one.type, _labels(one), one.documentation)
                for one in sorted(_metrics(), key=lambda one: one.name)
            ),
        ),
    )


def _metrics() -> Iterable[Metric]:
    """Return all metrics; each labelled one has to have a sample here, since only that has labels."""
    state = State(lambda: "id", lambda: {("error", "InvalidHost"): 1}, lambda: {"nothing": 1})
    servers = ApiServer(lambda: [Line("Ingress", 1.0, 1, 1, 1, 1)])
    logged = AccessLogged(lambda: {"stdout": 1, "dropped": 0})
    workers = Generations(_generations)
    governed = Governed(lambda: "", WAITS)
    governed.waited("coalescing", 1.0)
    governed.retired("generations", {"shop.example": 1})
    governed.aged("shop.example", "shop", "web", 1)
    rejected = Rejected(lambda: {("shop", "web", "80"): 1})
    spans = Spans(lambda: 1, lambda: {"collector": 1}, lambda: {"exporter": 1, "dropped": 0})
    more = (Accept(_watched), workers, governed, Turned(dict), logged, rejected, spans)
    config = Config(lambda: Wanted("1", "1"))
    config.applied("reload", 1.0)
    config.loaded(1)
    running = Processes(1, 0.0, 0.0, 0, 0, 0, 0)
    doctor = Doctor(lambda: Examined(0.0, {("K001", "high"): 1}, 1))
    beside = (doctor, Machine(_watched, lambda: running), Served(_serves, "class"), Answered(_said))
    metrics = Metrics(config, state, *more, servers, *beside)
    metrics.reloaded("IngressAdded", 1, ["shop"])
    metrics.renewed(done=True)
    metrics.unanswered()
    found = text_string_to_metric_families((metrics.page() + _requests()).decode())
    families = [one for one in found if not one.name.endswith("_created")]
    assert all(one.samples for one in families), "a metric with labels has no sample here"
    return families


def _requests() -> bytes:
    tally = Tally(Shown())
    tally.write(b'host\t200\tGET\t/\tnamespace/name\tnamespace.service.80\t-"1\t1\t0\t0\t0\t0\n')
    return b"".join((told(tally.lines(), 0), *tally.page(), counting(whole=True, dropped=0)))


def _watched() -> Watched:
    queue = Queue("0.0.0.0:80", 1, 0, 4096, 0)
    worker = Worker(1, "S", 0.0, 0.0, 0.0, 1, 1)
    sample = Sample(0.0, 1, (queue,), (worker,), ((1, 0),))
    overflow = Overflow(queue.listen, queue.worker, 1, Cause.BURST, "")
    queues = Queues(
        sample,
        {(queue.listen, queue.worker): Past(queue, 0)},
        {queue.listen: Episode(0.0, 0.0, 1, overflow, ())},
    )
    limits = (Limit("worker_connections", 8190, ""),)
    return Watched(
        queues,
        {"ListenOverflows": 0},
        {"net.core.somaxconn": 4096},
        Capacity(0, limits),
        Facts(0, 1, 1, local_ports=1, followed=(0, 1)),
        Memory(0, 1, 0),
        shutdown_timeout=240.0,
    )


def _serves() -> Serves:
    about = About(0.0, "1", "", "", "RSA")
    orphans = (("namespace", "name", "no-service"),)
    return Serves({"ingresses": 1}, orphans, (Certified("host", "namespace", "secret", about),))


def _said() -> Said:
    return Said("leader", leads=True, contested=0, written=1, failed=0, sent=1, dropped=0)


def _generations() -> tuple[GenerationState, ...]:
    worker = WorkerState(1, draining=True, connections=Connections(http=1), memory=1)
    held_by = (Holder("host", ObjectRef("Ingress", "namespace", "name"), 1),)
    return (GenerationState("id", 1.0, 1.0, (worker,), held_by=held_by),)


def _name(metric: Metric) -> str:
    if metric.type in {"histogram", "summary"}:
        return metric.name
    # The parser gives every counter the end that ingress-nginx's counter of requests has not.
    name = metric.samples[0].name
    return metric.name if metric.name == f"{PREFIX}requests" else name


def _labels(metric: Metric) -> str:
    return ", ".join(code(name) for name in metric.samples[0].labels if name != "le")


def commands_page() -> str:
    shared = tuple(_shared(commands.commands))
    names = ", ".join(code(name) for name, one in commands.commands.items() if _compiles(one))
    return page(
        "Commands",
        prose(str(about_commands)),
        "`painless COMMAND --help` says the same. The flags that decide the configuration are those of "
        f"{names}; they come first.",
        "## Flags that decide the configuration",
        table(("flag", "meaning"), shared),
        *(part for name, one in commands.commands.items() for part in _command(name, one, shared)),
    )


def flags() -> str:
    """Return the flags of ``painless serve`` that mean something; the chart passes no other."""
    known = {name.lstrip("-") for one in commands.commands["serve"].params for name in one.opts}
    known -= WITHOUT_EFFECT.keys()
    return "".join(f"{name}\n" for name in sorted(known))


Record = tuple[str, str]
"""A flag as it is written, and its help."""


def _command(name: str, command: click.Command, shared: tuple[Record, ...]) -> Iterator[str]:
    yield f"## painless {name}"
    yield prose(command.help or "")
    own = [one for one in _records(command) if one not in shared]
    yield "Takes the flags that decide the configuration, and:" if _compiles(command) and own else ""
    yield "Takes the flags that decide the configuration." if _compiles(command) and not own else ""
    yield table(("flag", "meaning"), own) if own else ""


def _compiles(command: click.Command) -> bool:
    # Others read manifests as well; only these ask which classes are served.
    return any("--controller-class" in one.opts for one in command.params)


def _shared(known: Mapping[str, click.Command]) -> Iterator[Record]:
    """Yield the flags that all commands have which compile, in their order."""
    first, *others = (_records(one) for one in known.values() if _compiles(one))
    yield from (one for one in first if all(one in other for other in others))


def _records(command: click.Command) -> list[Record]:
    context = click.Context(command)
    meaning = (one for one in command.params if flag_name(one) not in WITHOUT_EFFECT)
    found = (one.get_help_record(context) for one in meaning)
    return [(code(flag), text) for flag, text in filter(None, found)]
