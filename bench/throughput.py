"""Requests a second through Painless beside what an expert would write by hand (expert.conf).

Both run the same binary with one worker on one core; the load and the pods have another.  On shared
machines speed changes from second to second, so rounds alternate and each pair gives one ratio; the processor
time that the workers took for a request changes far less and stands beside it.
"""

import asyncio
import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from bench import cluster
from bench.figures import Row, Run, Say, least, middle, most
from bench.load import Round, load, need_wrk
from bench.machine import two_cores
from bench.running import Painless, folder
from bench.static import pods, written
from painless.demo.certificate import Pair, self_made
from painless.demo.ports import LOOPBACK, free_ports
from painless.nginxd.find import find_nginx
from painless.settings import nginx_variable

PAIRS = 12
ROUND = 2  # Seconds of load in a round: the shorter, the less the machine changes within a pair.
WARM_UP = 2  # Seconds: connections to the pods are open and pages are there afterwards.
CONNECTIONS = 32
PEERS = ("127.0.0.2", "127.0.0.3")
NAMESPACE, NAME = "bench", "web"
PLAIN, SECURE = 2, 1  # Applications without and with TLS, see cluster.EVERY.
EXPERT = Path(__file__).with_name("expert.conf")


class Side(Struct, frozen=True):
    """Something to load, and the workers that it costs."""

    http: int
    https: int
    workers: tuple[int, ...]


class Pairing(Struct, frozen=True):
    """What is compared with what, in ``words``, and how much of the requests and the time are allowed."""

    what: str
    words: str = "Painless / by hand"
    rate: float = 0.97
    cost: float = 1.03
    secure: bool = False


BY_HAND = Pairing("HTTP"), Pairing("HTTPS, keep-alive", secure=True)
COUNTED = Pairing("HTTP", "with request metrics / without", rate=0.95, cost=1.05)


def measure(run: Run) -> tuple[Row, ...]:
    need_wrk("throughput")
    return asyncio.run(_measure(run.say))


async def _measure(say: Say) -> tuple[Row, ...]:
    mine, others = two_cores()
    [port] = free_ports(1, PEERS[0])
    pair = self_made([cluster.host(SECURE)], datetime.fromtimestamp(time.time(), UTC))
    binary = find_nginx("", nginx_variable()).path
    with (
        folder() as home,
        pods(binary, home / "pods", PEERS, port, others),
        _expert(binary, home / "expert", port, pair, mine) as expert,
    ):
        painless = Painless(home, core=mine, more=("--default-ssl-certificate", f"{NAMESPACE}/tls"))
        _write(painless.manifests, port, pair)
        async with painless:
            ours = _side(painless)
            rows = (
                *await _compared(say, BY_HAND[0], (ours, expert), others),
                *await _compared(say, BY_HAND[1], (ours, expert), others),
            )
            (home / "counting").mkdir(mode=0o711)
            counting = Painless(home / "counting", core=mine, more=("--enable-metrics",))
            _write(counting.manifests, port, pair)
            async with counting:
                return (*rows, *await _compared(say, COUNTED, (_side(counting), ours), others))


def _side(painless: Painless) -> Side:
    # Who counts requests is a part of what they cost.
    return Side(painless.doors.http, painless.doors.https, (*painless.nginx[1:], *painless.counting))


@contextmanager
def _expert(binary: str, home: Path, port: int, pair: Pair, core: int | None) -> Iterator[Side]:
    http, https = free_ports(2)
    words = {
        "HTTP": str(http),
        "HTTPS": str(https),
        "HOSTS": f"{cluster.host(PLAIN)} {cluster.host(SECURE)}",
        "PEERS": "\n        ".join(f"server {one}:{port} max_fails=0;" for one in PEERS),
    }
    nginx = written(binary, home, EXPERT.read_text(), words, core)
    (home / "tls.pem").write_bytes(pair.certificate + pair.key)
    with nginx:
        yield Side(http, https, nginx.workers)


def _write(manifests: Path, port: int, pair: Pair) -> None:
    data = {
        name: base64.b64encode(content).decode()
        for name, content in (("tls.crt", pair.certificate), ("tls.key", pair.key))
    }
    meta = {"namespace": NAMESPACE, "name": "tls"}
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": meta,
        "data": data,
    }
    cluster.put(
        manifests,
        "all",
        [
            cluster.ingress_class(),
            secret,
            cluster.service(NAMESPACE, NAME, port),
            cluster.endpoints(NAMESPACE, NAME, PEERS, port),
            *(
                cluster.ingress(NAMESPACE, f"{NAME}-{number}", number, (NAME,) * len(cluster.PATHS))
                for number in (PLAIN, SECURE)
            ),
        ],
    )


async def _compared(say: Say, pair: Pairing, sides: tuple[Side, Side], core: int | None) -> tuple[Row, ...]:
    what, secure = pair.what, pair.secure
    ours, other = sides
    for side in sides:
        await _load(side, WARM_UP, core, secure=secure)
    pairs: list[tuple[Round, Round]] = []
    for at in range(PAIRS):
        say(f"throughput: {what}, pair {at + 1} of {PAIRS}")
        # Who goes first changes too: a machine that slows down during a pair then favours nobody.
        first, second = (ours, other) if at % 2 == 0 else (other, ours)
        one = await _load(first, ROUND, core, secure=secure)
        next_ = await _load(second, ROUND, core, secure=secure)
        pairs.append((one, next_) if first is ours else (next_, one))
    return _rows(pair, pairs)


def _rows(pair: Pairing, pairs: list[tuple[Round, Round]]) -> tuple[Row, ...]:
    what, words = pair.what, pair.words

    def both(field: str) -> str:
        return " / ".join(middle(getattr(pair[side], field) for pair in pairs) for side in (0, 1))

    return (
        Row(
            what=f"{what}: requests/s, {words}",
            values=tuple(mine.rate / other.rate for mine, other in pairs),
            unit="ratio",
            goals=(least(pair.rate),),
            beside=f"{both('rate')} requests/s, the worker busy {both('busy')} % of the time",
        ),
        Row(
            what=f"{what}: processor time of a request, {words}",
            values=tuple(mine.cost / other.cost for mine, other in pairs),
            unit="ratio",
            goals=(most(pair.cost, "median"),),
            beside=f"{both('cost')} µs",
        ),
        Row(
            what=f"{what}: p99 under full load, {words}",
            values=tuple(mine.p99 / other.p99 for mine, other in pairs),
            unit="ratio",
            beside=f"{both('p99')} ms",
        ),
    )


async def _load(side: Side, seconds: int, core: int | None, *, secure: bool) -> Round:
    """Load one side as hard as it can take and say what came of it."""
    url = f"https://{LOOPBACK}:{side.https}/" if secure else f"http://{LOOPBACK}:{side.http}/"
    host = cluster.host(SECURE if secure else PLAIN)
    return await load(url, host, side.workers, seconds=seconds, connections=CONNECTIONS, core=core)
