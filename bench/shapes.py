"""Hosts that look alike share a server block: what that saves, and what it costs each request.

The same objects are compiled twice, with shared blocks and with one for each host, and read by the same
NGINX.  Sharing means that the upstream is named by a variable, and NGINX looks for such a name through all
its upstreams, one after the other: the price grows with the number of Services, and with the upstream's place
in the file.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import cluster
from bench.checks import Check, check
from bench.cluster import Layout
from bench.figures import Goal, Row, Run, least, middle
from bench.load import Round, load, need_wrk
from bench.machine import memory_mib, two_cores
from bench.running import folder
from bench.static import pods
from bench.still import Still, still
from painless.demo.ports import LOOPBACK, free_ports
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

SIZES = (5_000,)
SERVICES = (100, 500, 1_000, 5_000)
"""What a request is measured at."""

CHECKS = 5
ROUNDS = 5
ROUND = 2  # Seconds of load.
CONNECTIONS = 32
POD = "127.0.0.2"
_KB = 1000

Pair = tuple[Still, Still]
"""With shared blocks, and with one for each host."""


def measure(run: Run) -> tuple[Row, ...]:
    need_wrk("shapes")
    rows: list[Row] = []
    for size in run.sizes or SIZES:
        for layout in Layout:
            goals = (least(5), least(4)) if layout is Layout.HOST and size in SIZES else ()
            rows += _read(run, size, layout, goals)
    for count in run.sizes or SERVICES:
        rows += asyncio.run(_asked(run, count))
    return tuple(rows)


def _pair(home: Path, size: int, layout: Layout, port: int) -> Pair:
    objects = tuple(cluster.objects(size, layout))
    return (
        still(home / "shared", objects, (POD, port)),
        still(home / "own", cluster.alone(objects), (POD, port)),
    )


def _read(run: Run, size: int, layout: Layout, goals: tuple[Goal, ...]) -> Iterator[Row]:
    """Have NGINX read both, in turns, then hold each in memory."""
    name = f"{size:,} Ingresses, {layout}"
    with folder() as home:
        run.say(f"shapes: {name}: compiling")
        shared, own = _pair(home, size, layout, 1)
        checks: list[tuple[Check, Check]] = []
        for at in range(CHECKS):
            run.say(f"shapes: {name}: nginx -t, {at + 1} of {CHECKS}")
            checks.append((check(shared.state), check(own.state)))
        held = tuple(_held(one) for one in (shared, own))
    faster, smaller = goals[:1], goals[1:]

    def both(field: str) -> str:
        return " / ".join(middle(getattr(one[side], field) for one in checks) for side in (1, 0))

    lines = " / ".join(f"{_lines(one):,}" for one in (own, shared))
    yield Row(
        what=f"{name}: CPU of nginx -t, own blocks / shared",
        values=tuple(b.cpu / a.cpu for a, b in checks),
        unit="ratio",
        goals=faster,
        beside=f"{both('cpu')} s, by the clock {both('wall')} s; {lines} lines",
    )
    yield Row(
        what=f"{name}: memory of nginx -t, own blocks / shared",
        values=tuple(b.peak / a.peak for a, b in checks),
        unit="ratio",
        goals=smaller,
        beside=f"{both('peak')} MiB at most",
    )
    yield Row(
        what=f"{name}: memory of one generation (PSS), own blocks / shared",
        values=(held[1] / held[0],),
        unit="ratio",
        goals=smaller,
        beside=f"{held[1]:.0f} / {held[0]:.0f} MiB, a master and one worker",
    )


def _lines(one: Still) -> int:
    return sum(text.count("\n") for text in one.generation.cold.values())


def _held(one: Still) -> float:
    with one.nginx(None) as nginx:
        return memory_mib(nginx.processes)


async def _asked(run: Run, count: int) -> list[Row]:
    """Ask for hosts whose upstreams are at the beginning, in the middle and at the end of the file."""
    mine, others = two_cores()
    [port] = free_ports(1, POD)
    binary = find_nginx("", nginx_variable()).path
    with ExitStack() as stack:
        home = stack.enter_context(folder())
        stack.enter_context(pods(binary, home / "pods", (POD,), port, others))
        pair = _pair(home, count, Layout.HOST, port)
        workers = tuple(stack.enter_context(one.nginx(mine)).workers for one in pair)
        rows: list[Row] = []
        for place, host in _hosts(pair[0].upstreams).items():
            rounds: list[tuple[Round, Round]] = []
            for at in range(ROUNDS):
                run.say(f"shapes: {count:,} Services, {place} upstream, round {at + 1} of {ROUNDS}")
                # Who goes first changes: a machine that slows down during a pair then favours nobody.
                order = (0, 1) if at % 2 == 0 else (1, 0)
                found = {side: await _load(pair[side], host, workers[side], others) for side in order}
                rounds.append((found[0], found[1]))
            rows.append(_price(f"{count:,} Services, {place} upstream", rounds))
    return rows


async def _load(one: Still, host: str, workers: tuple[int, ...], core: int | None) -> Round:
    url = f"http://{LOOPBACK}:{one.port}/"
    return await load(url, host, workers, seconds=ROUND, connections=CONNECTIONS, core=core)


def _price(name: str, rounds: list[tuple[Round, Round]]) -> Row:
    shared, own = (middle(one[side].cost for one in rounds) for side in (0, 1))
    return Row(
        what=f"{name}: processor time of a request, shared block / own",
        values=tuple(a.cost / b.cost for a, b in rounds),
        unit="ratio",
        beside=f"{shared} / {own} µs",
    )


def _hosts(upstreams: tuple[str, ...]) -> dict[str, str]:
    """Return the host nearest to each place of the file, among those without annotations and TLS."""
    plain = [
        number
        for one in upstreams
        if (number := int(one.split(".")[1].partition("-")[2])) % cluster.EVERY > 1
    ]
    places = {"first": plain[0], "middle": plain[len(plain) // 2], "last": plain[-1]}
    return {place: cluster.host(number) for place, number in places.items()}
