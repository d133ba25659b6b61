"""Advice on time-outs and keepalive: from how long applications take, and who closes a connection first."""

from collections.abc import Iterator
from math import ceil

from painless.advice import keepalive, timeouts
from painless.advice.histogram import Quantile, needed, tail, together
from painless.annotations.lifetimes import KEEP_ALIVE
from painless.features.retries import TIMEOUT as TOTAL
from painless.features.retries import TRIES
from painless.features.timeouts import CONNECT, READ
from painless.features.upstream_keepalive import TIMEOUT as IDLE
from painless.tune import numbers
from painless.tune.advice import Advice, Annotation, Missing, Now, Setting, World, span
from painless.tune.measured import Ref, Traffic

_CENSORED = 0.001
"""More time-outs than this part, and nobody knows how long the slowest would have taken."""
DAY = 86400.0
_POOL = (
    "the load balancer takes connections out of a pool, so it must give up an idle one before NGINX closes "
    "it; else a request is sent into a connection that ends, and answered with 502"
)
_FLOWS = (
    "the load balancer forwards packets and forgets connections that are idle, so NGINX must close them "
    "before; what stays, such as WebSockets, has to ping at half of that time"
)
CAUTIOUS = 10
"""Seconds: ten times what a request usually takes at most, and a sixth of the default."""
_UNCOUNTED = (
    "count requests: painless serve --enable-metrics (controller.metrics.enabled), then ask again after a day"
)


def requests(world: World) -> Iterator[Advice | Missing]:
    """Yield what is to be said about requests."""
    if not world.measured.traffic:
        yield Missing("proxy-read-timeout", "Ingresses", _UNCOUNTED)
        yield Missing("proxy-connect-timeout", "ConfigMap", _UNCOUNTED)
    else:
        yield from _connect(world)
        for one in sorted(world.measured.traffic, key=lambda one: (-one.requests, one.ref)):
            yield from _read(world, one)
    yield Missing(
        "client-header-timeout",
        "ConfigMap",
        "no metric has how long clients pause. Log $request_time of requests with status 408: where there "
        f"are none, {timeouts.HEADER:g} s, and {timeouts.BODY:g} s for client-body-timeout, cut attackers "
        "only",
    )
    yield from _clients(world)
    yield from _upstreams(world)


def _connect(world: World) -> Iterator[Advice | Missing]:
    """Yield the time-out for connecting: the same for all, as it is about the network, not applications."""
    shape = together(one.connect for one in world.measured.traffic)
    measured = tail(shape)
    if measured is None:
        yield Missing("proxy-connect-timeout", "ConfigMap", _few())
        return
    if not measured.known:
        yield Missing("proxy-connect-timeout", "ConfigMap", _beyond(measured, "connecting"))
        return
    now, advised = world.setting(CONNECT.name, CONNECT.default), ceil(timeouts.connect(measured))
    yield Advice(
        id=CONNECT.name,
        about="ConfigMap",
        now=now.says,
        measured=f"{_quantile(measured)} for connecting",
        advised=f"{advised} s",
        why="within a cluster connecting takes a round trip, unless a SYN is lost and sent again after 1 s; "
        "waiting longer for a pod that does not answer holds two connections for each request",
        effect="requests to a pod that is gone try another one sooner",
        risk="an application whose accept queue is full for longer gets errors in place of delays",
        change=_differs(now, advised),
        paste=(Setting(CONNECT.name, str(advised)),),
    )


def _read(world: World, one: Traffic) -> Iterator[Advice | Missing]:
    about, now = _about(one.ref), world.annotation(one.ref, READ.name, READ.default)
    if one.upgraded:
        yield Missing(
            READ.name,
            about,
            "it has connections that stay, whose time-out follows from how often either side says "
            "something: two pings and 15 s; ask who wrote the application",
        )
        return
    measured = tail(one.header)
    if (problem := _unusable(one, measured, now)) or measured is None or not measured.known:
        yield Missing(READ.name, about, problem)
        return
    yield from _decided(world, one, measured, now)


def _decided(world: World, one: Traffic, measured: Quantile, now: Now) -> Iterator[Advice]:
    connecting = world.setting(CONNECT.name, CONNECT.default).seconds or float(CONNECT.default)
    slots, told = world.measured.value(numbers.SLOTS), world.told
    found = timeouts.read(
        measured,
        connecting,
        timeouts.Budget(told.client, tries=1) if told.client else None,
        timeouts.Load(one.rate, int(2 * slots * world.measured.pods)) if slots and one.rate else None,
    )
    others = "; ".join(
        f"{name} allows {span(round(value, 1))}"
        for name, value in (("the client's time-out", found.budget), ("a quarter of the slots", found.slots))
        if value is not None
    )
    seen = f"{_quantile(measured)} until the header" + (f"; {others}" if others else "")
    if not found.fits:
        yield _unfit(one, found, seen, now)
        return
    advised = max(ceil(found.seconds), _least(world))
    short = f"; {CAUTIOUS} s at least, as less than a day was measured" if _least(world) else ""
    yield Advice(
        id=READ.name,
        about=_about(one.ref),
        now=now.says,
        measured=seen,
        advised=f"{advised} s",
        why=f"{measured.name} times {timeouts.factor(measured.samples):g} and half a second{short}; each "
        "request to an application that hangs holds two connections for this long",
        effect="an application that hangs answers 504 sooner, and holds fewer connections",
        risk="requests that are rarer and slower than what was measured get 504",
        change=_differs(now, advised),
        paste=(Annotation(one.ref, f"{world.told.prefix}/{READ.name}", str(advised)),),
    )
    yield from _tries(world, one.ref, connecting, advised)


def _unfit(one: Traffic, found: timeouts.Read, seen: str, now: Now) -> Advice:
    who = "its clients' time-out" if found.bound == "budget" else "a quarter of all connections"
    return Advice(
        id=READ.name,
        about=_about(one.ref),
        now=now.says,
        measured=seen,
        advised=f"no number: the application needs {found.latency:g} s and {who} allows "
        f"{span(round(found.seconds, 1))}",
        why="a lower time-out would end good requests, a higher one does not help who waits",
        effect="painless.dev/max-inflight keeps it from taking everybody's connections; painless split "
        "says whether a class of its own would help",
    )


def _least(world: World) -> int:
    """Return what a time-out should not be below: nights and batches were not seen in less than a day."""
    seconds = world.measured.seconds
    return CAUTIOUS if seconds is None or seconds < DAY else 0


def _about(ref: Ref) -> str:
    return f"Ingress {ref[0]}/{ref[1]}"


def _tries(world: World, ref: Ref, connecting: float, reading: int) -> Iterator[Advice]:
    """Yield what bounds all tries together, where clients give up at a known time."""
    if world.told.client is None:
        return
    most = min(TRIES.default, timeouts.tries(world.told.client - timeouts.MARGIN, connecting, reading))
    advised = ceil(timeouts.begin_within(connecting, reading, most))
    now = world.annotation(ref, TOTAL.name, TOTAL.default)
    yield Advice(
        id=TOTAL.name,
        about=_about(ref),
        now=now.says,
        measured=f"clients wait {world.told.client:g} s (told), a try takes {connecting + reading:g} s "
        "at most",
        advised=f"{advised} s",
        why=f"no try begins later: {most} of {TRIES.default} fit before the client gives up; 0 bounds "
        "nothing",
        effect="nobody works for a client that is gone",
        risk="what is slow twice in a row is not tried a third time",
        change=_differs(now, advised),
        paste=(Annotation(ref, f"{world.told.prefix}/{TOTAL.name}", str(advised)),),
    )


def _unusable(one: Traffic, measured: Quantile | None, now: Now) -> str:
    """Return why latency was not measured well enough, empty when it was."""
    if one.requests and one.timed_out / one.requests > _CENSORED:
        limit = f" of {now.seconds:g} s" if now.seconds else ""
        return (
            f"{one.timed_out / one.requests:.1%} of its requests ended with the time-out{limit}: how long "
            "they would have taken is not known. Raise it for a day, then ask again, or mend the "
            "application"
        )
    if measured is None:
        return _few()
    return "" if measured.known else _beyond(measured, "the header")


def _clients(world: World) -> Iterator[Advice | Missing]:
    if world.told.balancer is None:
        how = "--load-balancer: a name such as aws-alb, or the seconds that it leaves a connection idle"
        yield Missing(KEEP_ALIVE.name, "ConfigMap", how)
        return
    now = world.setting(KEEP_ALIVE.name, KEEP_ALIVE.default)
    if now.seconds is None:
        return
    flows, idle = world.told.flows, world.told.balancer
    found = (keepalive.within_flow if flows else keepalive.clients)(now.seconds, idle)
    advised = int(found.advised) if flows else ceil(found.advised)
    yield Advice(
        id=KEEP_ALIVE.name,
        about="ConfigMap",
        now=now.says,
        measured=f"the load balancer {'forgets' if flows else 'closes'} what is idle for {idle:g} s (told)",
        advised=f"{advised} s",
        why=_FLOWS if flows else _POOL,
        effect="no client waits for an answer on a connection that was forgotten"
        if flows
        else "fewer 502 of the load balancer that NGINX knows nothing of",
        risk="clients connect more often" if flows else "idle connections stay longer, one slot each",
        change=not found.holds,
        paste=(Setting(KEEP_ALIVE.name, str(advised)),),
    )


def _upstreams(world: World) -> Iterator[Advice | Missing]:
    if world.told.application is None:
        how = (
            "--application: a name such as node or gunicorn, or the seconds that it leaves a connection idle"
        )
        yield Missing(IDLE.name, "ConfigMap", how)
        return
    now = world.setting(IDLE.name, IDLE.default)
    if now.seconds is None:
        return
    found = keepalive.upstreams(now.seconds, world.told.application)
    # NGINX takes whole seconds here, and 0 is none.
    advised = max(1, int(found.advised))
    yield Advice(
        id=IDLE.name,
        about="ConfigMap",
        now=now.says,
        measured=f"applications leave connections idle for {world.told.application:g} s (told)",
        advised=f"{advised} s",
        why="NGINX must give up an idle connection before the application closes it: a POST that is sent "
        "into it gets 502, since it is not tried again",
        effect="fewer 502 with upstream prematurely closed connection in the error log",
        risk="more new connections to applications, each a round trip",
        change=not found.holds,
        paste=(Setting(IDLE.name, str(advised)),),
    )


def _few() -> str:
    return (
        f"fewer than {needed(0.99):,} requests were counted, which p99 takes: wait, or ask a Prometheus "
        "(--prometheus)"
    )


def _beyond(measured: Quantile, what: str) -> str:
    return (
        f"{measured.name} of {what} is beyond the last bucket of the histogram ({measured.last:g} s): "
        "painless serve --time-buckets with larger ones shows it"
    )


def _quantile(one: Quantile) -> str:
    return f"{one.name} at most {span(one.value)} of {one.samples:,} requests"


def _differs(now: Now, advised: float) -> bool:
    return now.seconds is None or timeouts.worth_changing(now.seconds, advised)
