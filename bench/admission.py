"""The webhook of a running program: the time of a verdict at any size, and memory under hostile bodies.

Reviews come one after the other on one connection, as from an API server, half of them of a new Ingress and
half of one that takes a path.  Hostile clients all send a body at the same time that is a large tree.
"""

import asyncio
import datetime as dt
import json
import ssl
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import aiohttp

from bench import cluster
from bench.figures import Goal, Row, Run, most
from bench.running import BenchError, Painless, folder
from painless.demo.certificate import self_made
from painless.demo.ports import LOOPBACK, free_ports
from painless.web.webhook import PATH

SIZES = (100, 1_000, 5_000)
JUDGED = 5_000
"""What the goal is for."""

REVIEWS = 400
HOSTILE = 1_000
BODY = b'{"a":[' + b"[]," * 1_000_000
WITHIN = 120.0  # Seconds for all hostile clients together.
POD = "127.0.0.2"
_MILLISECONDS = 1_000


def measure(run: Run) -> tuple[Row, ...]:
    return tuple(row for size in run.sizes or SIZES for row in asyncio.run(_rows(run, size)))


async def _rows(run: Run, size: int) -> tuple[Row, ...]:
    goals: tuple[Goal, ...] = (most(50, "max"),) if size == JUDGED else ()
    async with AsyncExitStack() as stack:
        home = stack.enter_context(folder())
        port, more = _webhook(home)
        painless = Painless(home, more=more)
        cluster.put(painless.manifests, "class", [cluster.ingress_class()])
        for number in range(size):
            cluster.put(painless.manifests, f"app-{number}", cluster.manifests(number, [POD]))
        run.say(f"admission: {size:,} Ingresses, starting")
        await stack.enter_async_context(painless)
        run.say(f"admission: {size:,} Ingresses, {REVIEWS} reviews")
        took = sorted(await _reviewed(port, size))
        before = _peak(painless.controller[0])
        run.say(f"admission: {size:,} Ingresses, {HOSTILE:,} hostile clients")
        async with asyncio.timeout(WITHIN):
            await asyncio.gather(*(_attack(port) for _ in range(HOSTILE)))
        grown = _peak(painless.controller[0]) - before
    name = f"{size:,} Ingresses"
    return (
        Row(what=f"{name}: a verdict, median", values=(took[len(took) // 2],), unit="ms"),
        Row(
            what=f"{name}: a verdict, 99th percentile",
            values=(took[len(took) * 99 // 100],),
            unit="ms",
            goals=goals,
            beside=f"of {REVIEWS}; slowest {took[-1]:.0f} ms",
        ),
        Row(
            what=f"{name}: more memory with {HOSTILE:,} bodies of 3 MB at once",
            values=(grown,),
            unit="MiB",
            beside=f"{before:.0f} MiB at most before",
        ),
    )


def _webhook(home: Path) -> tuple[int, tuple[str, ...]]:
    """Write a certificate; return the port and the flags."""
    [port] = free_ports(1)
    pair = self_made([LOOPBACK], dt.datetime.fromtimestamp(time.time(), dt.UTC))
    files = home / "webhook.crt", home / "webhook.key"
    for file, content in zip(files, (pair.certificate, pair.key), strict=True):
        file.write_bytes(content)
    return port, (
        *("--validating-webhook", f"{LOOPBACK}:{port}"),
        *("--validating-webhook-certificate", str(files[0])),
        *("--validating-webhook-key", str(files[1])),
    )


async def _reviewed(port: int, size: int) -> list[float]:
    """Return the milliseconds that each review took."""
    took: list[float] = []
    trusting = _trusting()
    url = f"https://{LOOPBACK}:{port}{PATH}"
    async with aiohttp.ClientSession() as session:
        for allowed, review in islice(cycle(_reviews(size)), REVIEWS):
            began = time.perf_counter()
            async with session.post(url, data=review, ssl=trusting) as answer:
                verdict = (await answer.json())["response"]
            took.append(_MILLISECONDS * (time.perf_counter() - began))
            if verdict["allowed"] != allowed:
                raise BenchError(f"found the verdict {verdict}, expected allowed: {allowed}")
    return took


def _reviews(size: int) -> Iterator[tuple[bool, bytes]]:
    """Yield reviews with what should come of them."""
    for allowed, number in ((True, size), (False, size // 2)):
        new: dict[str, Any] = cluster.ingress("new", "new", number, ("app",) * len(cluster.PATHS))
        new["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
        kind = {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"}
        request = {"uid": str(number), "operation": "CREATE", "kind": kind, "object": new}
        review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        yield allowed, json.dumps(review).encode()


async def _attack(port: int) -> None:
    with suppress(OSError):
        reader, writer = await asyncio.open_connection(LOOPBACK, port, ssl=_trusting())
        try:
            writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n".encode())
            writer.write(BODY)
            await writer.drain()
            await reader.read()
        finally:
            writer.transport.abort()


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # The certificate is our own, for this run.
    context.verify_mode = ssl.CERT_NONE
    return context


def _peak(pid: int) -> float:
    """Return the most memory that a process has had, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
