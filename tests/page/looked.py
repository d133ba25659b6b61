"""A controller that the page looks at: really compiled objects, with traffic that a test decides."""

import datetime as dt
import time
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import msgspec
from aiohttp import web
from msgspec import structs
from tests.builders import CLASS, ingress, options, path, rule, service

from painless.clock import RealClock
from painless.compiler import Compiled, compile_snapshot
from painless.controller.history import Entry, What
from painless.controller.status import (
    CapacityStatus,
    DoctorStatus,
    FitStatus,
    GenerationStatus,
    Held,
    LimitStatus,
    Live,
    Load,
    OverflowStatus,
    QueueStatus,
    Status,
    wrong_with,
)
from painless.demo.certificate import self_made
from painless.demo.ports import LOOPBACK, free_ports
from painless.explain.answer import Explanation
from painless.explain.asked import Request
from painless.explain.request import request
from painless.explain.scene import Known, upstreams_of
from painless.model.diagnostics import Severity
from painless.model.objects import (
    Endpoint,
    EndpointPort,
    EndpointSlice,
    IngressTls,
    Object,
    Secret,
)
from painless.model.snapshot import Name, snapshot_of
from painless.observe.tally import Answered
from painless.plan.workers import Connections, Holder, WorkerState
from painless.sensitive import Sensitive
from painless.web.page import Pages, Seen
from painless.web.page.streams import BOUNDS, Bounds

NOW = time.time()
PAIR = self_made(("*.shop.example",), dt.datetime.fromtimestamp(NOW, dt.UTC))
OPTIONS_HERE = options(fallback_certificate=Sensitive(PAIR.certificate + PAIR.key))
REPORT = msgspec.json.encode(
    {
        "at": NOW - 130,
        "took": 2.5,
        "report": {
            "made": 118,
            "findings": [
                {
                    "id": "R001",
                    "severity": "critical",
                    "title": "A listener drops connections",
                    "says": "0.0.0.0:80 has dropped 1204 connections",
                    "expected": "none",
                    "why": "Clients wait a second for each try, and then give up.",
                    "fix": "painless status",
                    "evidence": [{"says": "1204 drops", "where": "sock_diag"}],
                },
                {"id": "K018", "severity": "low", "title": "Idle connections start slowly"},
            ],
            "unknown": [{"id": "N001", "title": "The node's packets", "why": "its files are not here"}],
        },
    }
)
TEAMS = ("shop", "billing", "search", "media", "login")


def cluster(count: int) -> tuple[Object, ...]:
    """So many Ingresses, each with a host and a Service of its own; every 40th has a problem."""
    found: list[Object] = [CLASS]
    data = (("tls.crt", Sensitive(PAIR.certificate)), ("tls.key", Sensitive(PAIR.key)))
    for at in range(count):
        team = TEAMS[at % len(TEAMS)]
        name = f"app-{at:04}"
        annotations = {"proxy-body-size": "many"} if at % 40 == 7 else {}
        paths = path("/", name), path("/api", name)
        tls = (IngressTls((f"{name}.shop.example",), "pair"),) if at % 3 == 0 else ()
        found.append(
            ingress(
                name,
                rule(f"{name}.shop.example", *paths),
                namespace=team,
                annotations=annotations,
                tls=tls,
                created=float(at),
            )
        )
        if at % 40 != 12:
            found.append(service(name, team))
    found += (Secret(team, "pair", "kubernetes.io/tls", data) for team in TEAMS)
    return tuple(found)


def slices(namespace: str, name: str, ready: int = 3, waiting: int = 1) -> EndpointSlice:
    pods = (Endpoint((f"10.1.{at // 250}.{at % 250 + 1}",), at < ready) for at in range(ready + waiting))
    return EndpointSlice(namespace, f"{name}-1", name, "IPv4", (EndpointPort("http", 8080),), tuple(pods))


class Looked:
    """What the page sees; a test changes its attributes, and the next look has them."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self.objects = tuple(objects)
        self.compiled: Compiled = compile_snapshot(snapshot_of(self.objects), OPTIONS_HERE)
        self.without_pods: frozenset[str] = frozenset()
        self.history: tuple[Entry, ...] = ()
        self.answered: dict[str, Answered] | None = {}
        self.status = Status(version="1.0", nginx="1.31.3", ready=True)
        self.report = b""
        self.at = NOW
        self.counts = True
        self.looks = 0

    async def see(self) -> Seen:
        self.looks += 1
        found = [one.severity for one in self.compiled.diagnostics]
        site = self.compiled.site
        status = structs.replace(
            self.status,
            wrong=wrong_with(self.status.missing, self.status.held, self.status.overflows),
            live=Live(
                self.compiled.generation.id,
                len(self.compiled.ingresses),
                len(site.servers),
                len(site.upstreams),
            ),
            findings={str(one): found.count(one) for one in Severity},
        )
        return Seen(
            at=self.at,
            status=status,
            compiled=self.compiled,
            findings=self.compiled.diagnostics,
            without_pods=lambda: self.without_pods,
            history=self.history,
            answered=self.answered,
            counts=self.counts,
            doctor=lambda: self.report,
        )

    def slices(self, wanted: Name) -> tuple[EndpointSlice, ...]:
        return (slices(*wanted),)

    def services_at(self, address: str) -> tuple[Name, ...]:
        return (("shop", "app-0005"), ("shop", "app-0000")) if address == "10.1.0.1" else ()

    async def explain(self, asked: Request) -> Explanation:
        peers = {one.name: ("10.1.0.1:8080",) for one in upstreams_of(self.compiled.site, asked)}
        return request(Known(self.compiled, snapshot_of(self.objects), OPTIONS_HERE, peers), asked)

    def ask(self, requests: int, failed: int = 0) -> None:
        """Have every host asked so many times more; the first ten answer some with 500."""
        found = dict(self.answered or {})
        for at, one in enumerate(self.compiled.site.servers):
            more = Answered(requests // (at + 1), 0, failed if at < 10 else 0)
            found[one.host or "_"] = found.get(one.host or "_", Answered()) + more
        self.answered = found


def incident(looked: Looked) -> None:
    """Have a bad day: an overflow, an old generation that a WebSocket holds, refused changes."""
    first = next(one.host for one in looked.compiled.site.servers if one.host)
    ref = looked.compiled.ingresses[0].ref
    running = GenerationStatus(
        looked.compiled.generation.id, 340.0, None, 96 << 20, Connections(1840, 12, 0),
        (WorkerState(100, False), WorkerState(101, False)), (),
    )  # fmt: skip
    old = GenerationStatus(
        "0badc0ffee12", 4100.0, 340.0, 88 << 20, Connections(0, 31, 0),
        (WorkerState(90, True), WorkerState(91, True)), (Holder(first, ref, 31),),
    )  # fmt: skip
    why = "2 workers with 16384 connections, 6 for listeners and two for each client"
    queues = (("80", "100", 0, 3, 0), ("80", "101", 480, 511, 1204), ("443", "100", 2, 40, 0))
    looked.status = structs.replace(
        looked.status,
        generations=(running, old),
        capacity=CapacityStatus(
            1852,
            16_331,
            1852 / 16_331,
            "worker_connections",
            (
                LimitStatus("worker_connections", 16_331, why),
                LimitStatus("local_ports", 28_232, "28232 local ports for each pod"),
                LimitStatus("memory", 41_000, "2.5 GB are free"),
            ),
        ),
        queues=tuple(
            QueueStatus(f"0.0.0.0:{port}", worker, depth, longest, 511, drops)
            for port, worker, depth, longest, drops in queues
        ),
        overflows=(
            OverflowStatus(
                "0.0.0.0:80",
                42.0,
                1204,
                "a worker does not accept",
                "worker 101 has accepted nothing for 4 s",
                "look at what worker 101 does: painless doctor",
            ),
        ),
        held=Held(1, 0),
        fit=(
            FitStatus("worker_processes", 2, "2 CPUs in /sys/fs/cgroup/cpu.max"),
            FitStatus("worker_connections", 16384, "65536 files for each worker"),
        ),
    )
    looked.report = REPORT
    worst = ("critical R001: 0.0.0.0:80 has dropped 1204 connections", "high R007: old workers pile up")
    looked.status = structs.replace(
        looked.status, doctor=DoctorStatus("2026-11-24T18:00:00Z", {"critical": 1, "high": 1}, worst)
    )
    looked.history = history(looked)


def history(looked: Looked) -> tuple[Entry, ...]:
    diff = """\
--- live/nginx.conf
+++ want/nginx.conf
@@ -120,6 +120,9 @@
     server {
-        server_name app-0000.shop.example;
+        server_name app-0000.shop.example www.shop.example;
+        client_max_body_size 8m;
         listen 0.0.0.0:80;
"""
    long = "--- live/nginx.conf\n+++ want/nginx.conf\n… 90000 lines lie between the first and the last\n"
    id_ = looked.compiled.generation.id
    load = Load("2026-11-24T18:02:11Z", id_, 1, ("changed Ingress shop/app-0000 spec.rules[0].host",))
    names = tuple(f"added Ingress {TEAMS[at % len(TEAMS)]}/app-{at:04}" for at in range(20))
    many = Load("2026-11-24T17:40:03Z", "0badc0ffee12", 3, names, 111)
    refused = 'about Ingress media/app-0003: nginx: [emerg] unknown directive "nope" in nginx.conf:4711'
    began = Load("2026-11-24T16:58:00Z", "00000000feed", 1, ("NGINX did not run",))
    return (
        Entry(3, load.at, What.LOADED, load=load, diff=diff),
        Entry(2, "2026-11-24T17:55:40Z", What.REFUSED, refused),
        Entry(1, many.at, What.LOADED, load=many, diff=long),
        Entry(0, began.at, What.LOADED, load=began),
    )


@asynccontextmanager
async def served(looked: Looked, bounds: Bounds = BOUNDS, port: int = 0) -> AsyncIterator[tuple[str, Pages]]:
    """Serve the page of what is looked at; yield its address, and what answers."""
    with ThreadPoolExecutor(1) as threads:
        pages = Pages(looked, RealClock(), threads, bounds)
        application = web.Application()
        pages.add_to(application)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        port = port or free_ports(1)[0]
        try:
            await web.TCPSite(runner, LOOPBACK, port, reuse_address=True).start()
            yield f"http://{LOOPBACK}:{port}", pages
        finally:
            await runner.cleanup()
