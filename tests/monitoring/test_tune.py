"""Advice out of a real Prometheus: two hours that are written into it before it starts."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.front.asking import command
from tests.front.clients import ask, until
from tests.monitoring.prometheus import STARTED, WITHOUT, program

from painless.demo.ports import LOOPBACK, free_ports
from painless.tune import numbers
from painless.tune.prometheus import Prometheus, measure

pytestmark = pytest.mark.skipif(program("prometheus") is None, reason=WITHOUT)

EACH = 60
MINUTES = 120
LABELS = 'namespace="ingress",pod="painless-1",exported_namespace="shop",ingress="web"'
OURS = 'namespace="ingress",pod="painless-1"'
PREFIX = "nginx_ingress_controller_"
BUCKETS = {"0.1": 0, "2.5": 30, "10": 100, "+Inf": 100}
"""Per minute: a third within 2.5 seconds, all within ten."""


def _series() -> Iterator[tuple[str, list[float]]]:
    """Yield series with a value for each minute."""
    minutes = range(MINUTES)
    yield f'{PREFIX}requests{{{LABELS},status="200"}}', [100.0 * at for at in minutes]
    for name in ("header", "request"):
        for end, each in BUCKETS.items():
            labels = f'{LABELS},status="200",le="{end}"'
            yield f"{PREFIX}{name}_duration_seconds_bucket{{{labels}}}", [float(each * at) for at in minutes]
    yield f'painless_netns_tcpext_total{{{OURS},name="PassiveOpens"}}', [60_000.0 * at for at in minutes]
    yield f'painless_listen_queue_limit{{{OURS},listen="0.0.0.0:80",worker="all"}}', [128.0] * MINUTES
    # Two replicas, each of which loads what one namespace changes, and another controller elsewhere.
    for pod in (OURS, OURS.replace("-1", "-2"), 'namespace="other",pod="other-1"'):
        yield f"{numbers.RUNS}{{{pod}}}", [3.0] * MINUTES
        yield f'painless_reloads_total{{{pod},reason="IngressChanged"}}', [float(at // 2) for at in minutes]
        caused = f'painless_reloads_caused_total{{{pod},exported_namespace="shop"}}'
        yield caused, [float(at // 2) for at in minutes]
    hpa = 'namespace="kube-system",exported_namespace="shop",horizontalpodautoscaler="web"'
    name = f"kube_horizontalpodautoscaler_status_desired_replicas{{{hpa}}}"
    yield name, [6.0 if at % 10 < 5 else 2.0 for at in minutes]


@asynccontextmanager
async def _prometheus(folder: Path) -> AsyncIterator[str]:
    """Start one that has the series already; yields its URL."""
    now = int(time.time())
    lines = [
        f"{name} {value} {now - (MINUTES - 1 - at) * EACH}\n"
        for name, values in _series()
        for at, value in enumerate(values)
    ]
    (folder / "series").write_text("".join(lines) + "# EOF\n")
    (folder / "prometheus.yaml").write_text("global: {}\n")
    tool, binary = program("promtool"), program("prometheus")
    assert tool is not None
    assert binary is not None
    words = ("tsdb", "create-blocks-from", "openmetrics", folder / "series", folder / "data")
    made = await asyncio.create_subprocess_exec(tool, *words, stdout=asyncio.subprocess.DEVNULL)
    assert 0 == await made.wait()
    port = free_ports(1)[0]
    with (folder / "log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(binary, f"--config.file={folder}/prometheus.yaml", f"--storage.tsdb.path={folder}/data"),
            f"--web.listen-address={LOOPBACK}:{port}",
            stdout=log,
            stderr=log,
        )
    try:

        async def ready() -> bool:
            return (await ask(port, LOOPBACK, "/-/ready")).status == 200

        await until(ready, STARTED, (folder / "log").read_text)
        yield f"http://{LOOPBACK}:{port}"
    finally:
        process.kill()
        await process.wait()


async def test_what_a_prometheus_has(tmp_path: Path) -> None:
    """Rates at their peak, quantiles of hours, and autoscalers over time; asked in PromQL."""
    async with _prometheus(tmp_path) as url:
        done = await command("tune", "--prometheus", url, "--window", "2h", "--output", "json")
        ours = await asyncio.to_thread(measure, Prometheus(url), "7d", 'namespace="ingress"')
        every = await asyncio.to_thread(measure, Prometheus(url), "7d")
    assert done.returncode == 1, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["report"]
    changes = {one["id"]: one for one in found["changes"]}
    assert f"the Prometheus at {url}, the last 2h (values of 2.0 hours)" == found["source"]
    # 10 s three times, and half a second: 11,900 requests are enough for p99.9, which takes twice.
    assert "21 s" == changes["proxy-read-timeout"]["advised"]
    assert "Ingress shop/web" == changes["proxy-read-timeout"]["about"]
    assert "1,000.0 new connections a second" in changes["net.core.somaxconn"]["measured"]
    assert "1,024" == changes["net.core.somaxconn"]["advised"]
    assert (
        "scaleDown.stabilizationWindowSeconds 1200, and 10 % a minute at most"
        == changes["flapping"]["advised"]
    )
    assert "HorizontalPodAutoscaler shop/web" == changes["flapping"]["about"]
    # Two hours of the seven days that were asked for, of two replicas and of another one.
    assert (2, 3) == (ours.pods, every.pods)
    assert pytest.approx(7200, abs=300) == ours.seconds
    assert pytest.approx(30, rel=0.1) == ours.value(numbers.RELOADS)
    assert {"shop": pytest.approx(60, rel=0.1)} == ours.churn
    assert pytest.approx(11_900, rel=0.05) == ours.traffic[0].requests


async def test_what_is_no_answer_is_a_sentence(tmp_path: Path) -> None:
    """A wrong window, a wrong question, another server, and nobody at all."""
    async with _prometheus(tmp_path) as url:
        # Of nobody there are autoscalers all the same.
        nobody = await command("tune", "--prometheus", url, "--match", 'namespace="nobody"')
        window = await command("tune", "--prometheus", url, "--window", "0h")
        match = await command("tune", "--prometheus", url, "--match", "namespace=")
        other = await command("tune", "--prometheus", f"{url}/nowhere")
    away = await command("tune", "--prometheus", url)
    assert (1, True) == (nobody.returncode, "(no controller)" in nobody.stdout)
    for done, says in (
        (window, "expected a time such as 6h or 7d"),
        (match, "parse error"),
        (other, "is no Prometheus"),
        (away, "does not answer"),
    ):
        assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
        assert says in done.stderr
