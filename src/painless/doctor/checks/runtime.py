"""Checks of what runs: queues, workers, reloads, and what the error log said lately."""

from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Limit, Severity, at
from painless.doctor.conf import Conf
from painless.doctor.facts import (
    CONF,
    COUNTERS,
    ERRORS,
    LISTENERS,
    PAINLESS,
    WORKERS,
    Errors,
    Fact,
    Listener,
    Moved,
    Painless,
    Worker,
)

HALF = 0.5
OLD = 300.0  # Seconds a worker may drain where nothing ends it.
SLACK = 10.0
HOUR = 3600.0
MANY_LOADS = 6  # In an hour.
MINUTE = 60.0
WHY = {
    "reading": "the application answered too late (U006)",
    "nobody": "no peer was left",
}


def drops(listeners: Fact[tuple[Listener, ...]]) -> Iterator[Finding]:
    """Clients are timing out right now: the accept queue is full, and the kernel drops their connections.

    Verify: ``ss -ltnm`` twice: the number behind ``d`` counts the connections that a listener dropped.

    Fix: the cause, in this order: files (L004), CPU quota (L007), a stuck worker (R003), then the length of
    the queue (K001).

    Sources: Cloudflare, "SYN packet handling in the wild"; measured.
    """
    for one in listeners.value:
        if one.dropped > 0:
            yield Finding(
                f"listener {one.name}",
                f"{one.name} dropped {one.dropped} connections while we looked",
                at(listeners.source, f"drops +{one.dropped}, {one.queue} of {one.limit} wait"),
                "none",
                "ss -ltnm   # then L004, L007, R003 and K001",
            )


def fills(listeners: Fact[tuple[Listener, ...]], *, limit: float) -> Iterator[Finding]:
    """A queue that is half full drops connections at the next burst.

    Verify: ``ss -ltn``: Recv-Q is what waits, Send-Q the limit.

    Fix: as R001.

    Sources: listen(2).
    """
    for one in listeners.value:
        if one.limit and one.queue / one.limit >= limit:
            yield Finding(
                f"listener {one.name}",
                f"{one.queue} connections wait at {one.name}",
                at(listeners.source, f"{one.queue} of {one.limit}"),
                f"less than {limit:.0%}",
                "ss -ltnm   # then L004, L007, R003 and K001",
            )


def stuck(listeners: Fact[tuple[Listener, ...]]) -> Iterator[Finding]:
    """With ``reuseport`` one worker that is stuck keeps its own clients waiting, though others are idle.

    Verify: ``ss -ltn`` shows several lines for one address, one of them with a Recv-Q that stays.

    Fix: find what blocks it: ``cat /proc/PID/wchan``, a debugger, a slow disk; then ``reuseport`` off.

    Sources: measured: 5 of 4 wait at one worker, none at its sibling.
    """
    by_name: dict[str, list[Listener]] = {}
    for one in listeners.value:
        by_name.setdefault(one.name, []).append(one)
    for name, some in by_name.items():
        waiting = [one for one in some if one.queue > 0 and one.queue >= one.limit * HALF]
        if (
            len(some) > 1
            and len(waiting) == 1
            and all(one.queue == 0 for one in some if one is not waiting[0])
        ):
            yield Finding(
                f"listener {name}",
                f"{waiting[0].queue} wait at one worker of {name}, none at {len(some) - 1} others",
                at(listeners.source, f"{waiting[0].queue} of {waiting[0].limit}"),
                "none, or some at all",
                "listen …;   # without reuseport",
            )


def dropped_before(listeners: Fact[tuple[Listener, ...]]) -> Iterator[Finding]:
    """Connections were dropped since the listener began: it happened, and nobody may have seen it.

    Verify: ``ss -ltnm``: the number behind ``d``.

    Fix: alert on ``painless_listen_drops_total``; K001 says whether the queue is short.

    Sources: measured.
    """
    for one in listeners.value:
        if one.drops > one.dropped == 0:
            yield Finding(
                f"listener {one.name}",
                f"{one.name} has dropped {one.drops} connections since it listens",
                at(listeners.source, f"drops {one.drops}"),
                "none",
                "ss -ltnm",
            )


def other_drops(counters: Fact[Moved]) -> Iterator[Finding]:
    """Connections are dropped on their way into NGINX for another reason than a full queue.

    Verify: ``nstat -az TcpExtListenDrops TcpExtListenOverflows`` twice: the difference of both.

    Fix: SYN cookies (K008), memory (K021), or a flood.

    Sources: Linux, tcp_ipv4.c; measured.
    """
    by = counters.value.by
    if (others := by.get("ListenDrops", 0) - by.get("ListenOverflows", 0)) > 0:
        yield Finding(
            "ListenDrops",
            f"{others} connections were dropped without a full queue",
            at(counters.source, f"ListenDrops +{by['ListenDrops']}"),
            "none",
            "nstat -az | grep -E 'ReqQFull|Memory|Syncookies'",
        )


def reloads(painless: Fact[Painless], *, limit: float) -> Iterator[Finding]:
    """Each reload takes CPU, a second set of workers in memory, and idle connections of clients.

    Verify: ``painless status`` lists the last loads with their reasons.

    Fix: what the reasons name; an application with long connections in a class of its own.

    Sources: docs/explain/reloads.md.
    """
    hour = [one for one in painless.value.loads if one < HOUR]
    last = [one for one in hour if one < 5 * MINUTE]
    if len(hour) > limit or len(last) > 3:
        because = "; ".join(dict.fromkeys(painless.value.because[: len(hour)]))
        yield Finding(
            "reloads",
            f"NGINX loaded {len(hour)} times in the last hour, {len(last)} in the last five minutes",
            at(painless.source, because or "reasons unknown"),
            f"at most {limit:g} in an hour",
            "painless status   # and: docs/how-to/why-a-reload.md",
            Severity.HIGH if len(last) > 5 else Severity.MEDIUM,
        )


def generations(workers: Fact[tuple[Worker, ...]], conf: Fact[Conf] | None) -> Iterator[Finding]:
    """Workers of old configurations keep memory, files and clients for which nothing changes any more.

    Verify: ``ps -C nginx -o pid,etime,args | grep "shutting down"``.

    Fix: ``worker_shutdown_timeout``; ``painless status`` names the hosts that hold them.

    Sources: measured: 216 MB in four old generations of a configuration of 26.
    """
    old = [one for one in workers.value if one.draining]
    new = len(workers.value) - len(old)
    allowed = conf.value.main.value("worker_shutdown_timeout") if conf else None
    most = allowed.seconds + SLACK if allowed is not None and allowed.seconds else OLD
    # Its drain began after the youngest worker did, at the earliest.
    youngest = min((one.age for one in workers.value if not one.draining), default=0.0)
    if old and (len(old) > new or youngest > most):
        yield Finding(
            "old workers",
            f"{len(old)} old workers drain beside {new}, since {youngest:.0f} s or longer",
            at(workers.source, "pids " + " ".join(str(one.pid) for one in old[:10])),
            f"at most {max(new, 1)}, for at most {most:.0f} s",
            "worker_shutdown_timeout 240s;",
        )


def held(painless: Fact[Painless]) -> Iterator[Finding]:
    """NGINX refuses objects: what their owners believe to be served is not.

    Verify: ``painless status``; the log has what NGINX said (``generation_refused``).

    Fix: what the finding on the object says.

    Sources: docs/explain/quarantine.md.
    """
    if painless.value.held:
        yield Finding(
            "held objects",
            f"NGINX refuses {painless.value.held} objects, which are served as before or not at all",
            at(painless.source, f"held {painless.value.held}"),
            "none",
            "kubectl get events -A --field-selector reason=ConfigurationRefused",
        )


def not_ready(painless: Fact[Painless]) -> Iterator[Finding]:
    """The controller does not serve yet, or not any more.

    Verify: ``curl http://POD:10254/readyz``.

    Fix: what it says is missing.

    Sources: docs/explain/probes.md.
    """
    if not painless.value.ready:
        yield Finding(
            "ready",
            f"the controller is not ready: {painless.value.missing}",
            at(painless.source, painless.value.missing),
            "ready",
            "painless status",
        )


def crashed(errors: Fact[Errors]) -> Iterator[Finding]:
    """A worker ended by itself, with all its connections.

    Verify: ``grep "exited on signal" error.log``.

    Fix: a newer NGINX; a module that is not NGINX's own is the first suspect.

    Sources: ngx_process.c.
    """
    yield from _told(errors, "crashed", "a worker crashed", "nginx -V   # which modules are there?")


def killed(errors: Fact[Errors]) -> Iterator[Finding]:
    """A worker was killed: for lack of memory, mostly.

    Verify: ``dmesg | grep -i oom``; ``lastState`` of the Pod.

    Fix: as L014.

    Sources: measured.
    """
    yield from _told(
        errors, "killed", "a worker was killed", "worker_shutdown_timeout 240s;   # and more memory"
    )


def no_connections(errors: Fact[Errors]) -> Iterator[Finding]:
    """A worker had all its connections in use and closed clients' connections, which look like resets.

    A request that is passed on takes two of them.

    Verify: ``grep "worker_connections are not enough" error.log``.

    Fix: more, with as many files (L002); a shorter ``keepalive_timeout`` if most of them are idle.

    Sources: measured: 100 of them serve 49 requests.
    """
    yield from _told(errors, "connections", "a worker had no connection left", "worker_connections 16384;")


def gateways(errors: Fact[Errors]) -> Iterator[Finding]:
    """502 and 504 have several reasons, which the error log tells apart.

    Those with a check of their own are told there: U014, U016, U018, U020.

    Verify: ``grep upstream error.log``.

    Fix: the check that is named.

    Sources: ngx_http_upstream.c.
    """
    some = {kind: errors.value.kinds[kind] for kind in WHY if kind in errors.value.kinds}
    if some:
        parts = [f"{told.count} times {WHY[kind]}" for kind, told in some.items()]
        yield Finding(
            "upstreams",
            f"in the last {errors.value.seconds / 60:.0f} minutes: {'; '.join(parts)}",
            tuple(Evidence(told.last, errors.source) for told in some.values()),
            "none",
            "grep upstream error.log | tail",
        )


def _told(errors: Fact[Errors], kind: str, says: str, fix: str) -> Iterator[Finding]:
    if told := errors.value.kinds.get(kind):
        times = f"{told.count} times in the last {errors.value.seconds / 60:.0f} minutes"
        yield Finding("error log", f"{times} {says}", at(errors.source, told.last), "never", fix)


CHECKS = (
    Check("R001", Severity.CRITICAL, "Connections are dropped now", drops, (LISTENERS,)),
    Check(
        "R002",
        Severity.HIGH,
        "An accept queue fills",
        fills,
        (LISTENERS,),
        limit=Limit(HALF, "of 1: the share of an accept queue that waits"),
    ),
    Check("R003", Severity.HIGH, "One worker keeps clients waiting", stuck, (LISTENERS,)),
    Check("R004", Severity.MEDIUM, "Connections are dropped before the queue", other_drops, (COUNTERS,)),
    Check(
        "R005",
        Severity.MEDIUM,
        "NGINX loads often",
        reloads,
        (PAINLESS,),
        limit=Limit(MANY_LOADS, "loads in an hour"),
    ),
    Check("R007", Severity.HIGH, "Old workers stay", generations, (WORKERS,), (CONF,)),
    Check("R010", Severity.MEDIUM, "Objects are refused", held, (PAINLESS,)),
    Check("R011", Severity.HIGH, "Workers crash", crashed, (ERRORS,)),
    Check("R013", Severity.MEDIUM, "Upstreams fail", gateways, (ERRORS,)),
    Check("R021", Severity.MEDIUM, "Connections were dropped before", dropped_before, (LISTENERS,)),
    Check("R022", Severity.CRITICAL, "Workers were killed", killed, (ERRORS,)),
    Check("R023", Severity.HIGH, "The controller is not ready", not_ready, (PAINLESS,)),
    Check("N006", Severity.HIGH, "Workers had no connection left", no_connections, (ERRORS,)),
)
