"""Requests through NGINX become spans at a collector, and no collector ever matters to a request."""

import os
import signal
from collections.abc import AsyncIterator

import pytest_asyncio
from tests.fakes.collector import Collector, attributes
from tests.front.clients import Seen, Target, until, until_seen
from tests.front.given import PATIENT, Make
from tests.front.manifests import NAMESPACE, Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.demo.ports import LOOPBACK
from painless.nginxd import procfs

pytestmark = PATIENT
COME = 30.0  # Seconds until a span is there: NGINX holds it for one, and others use the same two cores.
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ON = {"enable-opentelemetry": "true"}
MANY = 50


@pytest_asyncio.fixture
async def collector() -> AsyncIterator[Collector]:
    async with Collector() as running:
        yield running


def settings(folder: Folder, collector: Collector, **more: str) -> None:
    """Have spans sent to the collector, soon."""
    folder.configmap(
        "settings",
        {
            "otlp-collector-host": LOOPBACK,
            "otlp-collector-port": str(collector.port),
            "otel-schedule-delay-millis": "100",
            **{key.replace("_", "-"): value for key, value in more.items()},
        },
    )


async def traced(folder: Folder, make: Make, collector: Collector, **more: str) -> Program:
    """Start a controller that sends spans to the collector."""
    settings(folder, collector, **more)
    program = make("--configmap", f"{NAMESPACE}/settings")
    program.start()
    await program.ready()
    return program


async def served(program: Program, *hosts: str, path: str = "/") -> None:
    """Wait until requests to hosts are answered, without one of them being traced."""
    for host in hosts:
        target = Target(program.doors.http, host, path, headers=(f"traceparent: 00-{TRACE}-{SPAN}-00",))
        await until_seen(target, lambda seen: seen.status == 200, COME)


async def asked(program: Program, host: str, path: str = "/", *headers: str, method: str = "GET") -> Seen:
    return await Target(program.doors.http, host, path, headers=headers, method=method).ask()


def sender(program: Program) -> int:
    """Return the pid of the process that sends spans, 0 when none runs."""
    return next(
        (
            one
            for one in procfs.children(program.pid)
            if "painless.tracing" in (procfs.title(one) or "") and procfs.title(one)
        ),
        0,
    )


async def test_a_request_is_a_span(folder: Folder, pods: Pods, make: Make, collector: Collector) -> None:
    """What the collector has of a request is what was asked, of whom, and what the application was told."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web", annotations=ON, path="/shop")
    folder.ingress("named", "named.test", "web", annotations={**ON, "opentelemetry-operation-name": "pay"})
    folder.ingress("plain", "plain.test", "web")
    program = await traced(folder, make, collector, otel_service_name="edge")
    await served(program, "named.test", "plain.test")
    await served(program, "web.test", path="/shop")
    agent = f'User-Agent: a"b\\\t{"x" * 6000}'
    parent = f"traceparent: 00-{TRACE}-{SPAN}-01"
    first = await asked(program, "web.test", "/shop/1?token=secret", parent, "tracestate: a=1,b=2", agent)
    second = await asked(program, "named.test", "/?status=503", method="POST")
    await asked(program, "plain.test", "/", parent)
    await asked(program, "web.test", "/shop", f"traceparent: 00-{TRACE}-{SPAN}-00")
    await asked(program, "web.test", "/shop", f"traceparent: 00-{TRACE}-{'0' * 16}-01")
    await until(lambda: len(collector.spans) >= 3, COME, program.last_words)
    ours = next(one for one in collector.named("GET /shop") if one.trace_id.hex() == TRACE)
    theirs = collector.named("pay")[0]
    told = first.body
    assert (SPAN, "a=1,b=2", True, True) == (
        ours.parent_span_id.hex(),
        ours.trace_state,
        f"traceparent: 00-{TRACE}-{ours.span_id.hex()}-01" in told,
        0 <= ours.end_time_unix_nano - ours.start_time_unix_nano < 10**10,
    )
    said = attributes(ours)
    peer = said.pop("nginx.upstream.address")
    assert {
        "http.request.method": "GET",
        "http.response.status_code": 200,
        "http.route": "/shop",
        "url.scheme": "http",
        "url.path": "/shop/1",
        "server.address": "web.test",
        "client.address": LOOPBACK,
        "user_agent.original": f'a"b\\\t{"x" * 6000}'[:256],
        "network.protocol.version": "1.1",
        "k8s.namespace.name": NAMESPACE,
        "k8s.ingress.name": "web",
        "k8s.service.name": "web",
    } == said
    assert str(peer).endswith(f":{pods.port}")
    assert ("", 2, 503, "503", True) == (
        theirs.parent_span_id.hex(),
        theirs.status.code,
        attributes(theirs)["http.response.status_code"],
        attributes(theirs)["error.type"],
        f"traceparent: 00-{theirs.trace_id.hex()}-{theirs.span_id.hex()}-01" in second.body,
    )
    assert (3, 3, {"edge"}, []) == (
        len(collector.spans),
        len({(one.trace_id, one.span_id) for one in collector.spans}),
        collector.services,
        collector.bad,
    )


async def test_questions_are_no_spans(folder: Folder, pods: Pods, make: Make, collector: Collector) -> None:
    """What NGINX asks on behalf of a request is in its trace, and logged, and no span of NGINX's."""
    for name in ("web", "auth", "copies"):
        await pods.service(name)
    folder.ingress(
        "web",
        "web.test",
        "web",
        annotations={
            **ON,
            "auth-url": f"http://auth.{NAMESPACE}.svc.cluster.local/",
            "mirror-target": f"http://copies.{NAMESPACE}.svc.cluster.local",
            "enable-access-log": "false",
        },
    )
    program = await traced(folder, make, collector, enable_auth_access_log="true")
    await served(program, "web.test")
    for _ in range(MANY):
        assert 200 == (await asked(program, "web.test")).status
    await until(lambda: len(collector.spans) >= MANY, COME, program.last_words)
    await program.end()
    assert (MANY, MANY) == (len(collector.spans), len({one.span_id for one in collector.spans}))


async def exported(program: Program) -> int:
    return await program.total("painless_spans_exported_total")


async def test_a_collector_that_is_away_is_waited_for(
    folder: Folder, pods: Pods, make: Make, collector: Collector
) -> None:
    """Requests are answered all the same; spans wait within bounds, and each is counted once."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web", annotations=ON)
    program = await traced(folder, make, collector, otel_max_queuesize="20", otel_max_export_batch_size="10")
    await served(program, "web.test")
    collector.status = 503
    for _ in range(MANY):
        assert 200 == (await asked(program, "web.test")).status

    async def full() -> bool:
        return await program.total("painless_spans_dropped_total", reason="queue_full") == MANY - 20

    await until(full, COME, program.last_words)
    await until(lambda: bool(program.events("spans_held")), COME, program.last_words)
    collector.status = 200
    await until(lambda: len(collector.spans) == 20, COME, program.last_words)

    async def counted() -> bool:
        return await exported(program) == 20

    await until(counted, COME, program.last_words)
    await until(lambda: bool(program.events("spans_sent")), COME, program.last_words)
    assert str(collector.port) in program.events("spans_held")[0]["problem"]


async def test_who_sends_spans_may_hang_or_die(
    folder: Folder, pods: Pods, make: Make, collector: Collector
) -> None:
    """Without a trace no process runs for them; one that hangs or is killed costs no request."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web", annotations=ON)
    program = await traced(folder, make, collector)
    await served(program, "web.test")
    before = sender(program)
    await asked(program, "web.test")
    await until(lambda: len(collector.spans) == 1, COME, program.last_words)
    first = sender(program)
    os.kill(first, signal.SIGSTOP)
    for _ in range(MANY):
        assert 200 == (await asked(program, "web.test")).status
    os.kill(first, signal.SIGKILL)
    await until(lambda: sender(program) not in {0, first}, COME, lambda: _with(program, collector))
    await asked(program, "web.test", "/last")
    await until(lambda: _has(collector, "/last"), COME, lambda: _with(program, collector))
    assert (0, True) == (before, first > 0)


def _has(collector: Collector, path: str) -> bool:
    return any(attributes(one)["url.path"] == path for one in collector.spans)


def _with(program: Program, collector: Collector) -> str:
    return f"{program.last_words()}\n{len(collector.spans)} spans, {collector.bad}"


async def test_another_collector_is_no_reload(
    folder: Folder, pods: Pods, make: Make, collector: Collector
) -> None:
    """Where spans go is not NGINX's matter, and what waits at the end of a controller is sent."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web", annotations=ON)
    program = await traced(folder, make, collector)
    await served(program, "web.test")
    await asked(program, "web.test", "/1")
    await until(lambda: _has(collector, "/1"), COME, program.last_words)
    loads = await program.reloads()
    async with Collector() as other:
        settings(folder, other, otel_schedule_delay_millis="3600000", otel_service_name="other")

        async def moved() -> bool:
            await asked(program, "web.test", "/2")
            return sender(program) not in {0, first}

        first = sender(program)
        await until(moved, COME, program.last_words)
        again = await program.reloads()
        await asked(program, "web.test", "/3")
        await program.end()
        found = _has(other, "/3"), other.services
    assert (loads, (True, {"other"})) == (again, found)


async def test_our_own_rounds_are_traced(
    folder: Folder, pods: Pods, make: Make, collector: Collector
) -> None:
    """From a change's arrival until it is served: its parts follow each other within it."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make("--otlp-collector", f"{LOOPBACK}:{collector.port}")
    program.start()
    await program.ready()
    folder.ingress("more", "more.test", "web")
    await until(lambda: len(collector.named("change")) > 1, COME, program.last_words)
    change = collector.named("change")[1]
    parts = {one.name: one for one in collector.spans if one.parent_span_id == change.span_id}
    assert {"compile", "stage", "test", "reload", "wait for workers"} <= parts.keys()
    assert {change.trace_id} == {one.trace_id for one in parts.values()}
    for before, after in (("compile", "test"), ("test", "reload"), ("reload", "wait for workers")):
        assert parts[before].end_time_unix_nano <= parts[after].end_time_unix_nano
    slack = 1_000_000_000  # Nanoseconds: other clocks say when it began.
    begun = min(one.start_time_unix_nano for one in parts.values())
    assert change.start_time_unix_nano <= begun + slack
    assert "/more" in str(attributes(change)["painless.reasons"])
    assert [] == collector.bad
