"""The real Prometheus and its tool, and what is asked of them."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from tests.front.clients import ask, until

from painless.demo.ports import LOOPBACK, free_ports
from painless.docs.alerts import rules

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "monitoring" / "painless-rules.yaml"
WITHOUT = "there is no Prometheus; `make test` gets one where there is apt-get"
STARTED = 30.0  # Seconds until it answers: half a second on a free machine.
EACH = "500ms"
"""Between two scrapes, and between two looks at the rules."""


def program(name: str) -> str | None:
    """Return where a program of Prometheus' is, beside this Python or on the path."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


class Prometheus:
    """One that scrapes a port of ours."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def ask(self, path: str) -> Any:
        url = f"http://{LOOPBACK}:{self.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return (await answer.json())["data"]

    async def is_ready(self) -> bool:
        return (await ask(self.port, LOOPBACK, "/-/ready")).status == 200

    async def firing(self) -> set[str]:
        found = await self.ask("/api/v1/alerts")
        return {one["labels"]["alertname"] for one in found["alerts"] if one["state"] == "firing"}

    async def problems(self) -> list[str]:
        """Return what rules could not be evaluated."""
        groups = (await self.ask("/api/v1/rules"))["groups"]
        return [one["lastError"] for each in groups for one in each["rules"] if one.get("lastError")]


def _scraped(job: str, port: int, labels: Mapping[str, str]) -> dict[str, Any]:
    return {
        "job_name": job,
        "static_configs": [{"targets": [f"{LOOPBACK}:{port}"], "labels": dict(labels)}],
    }


@asynccontextmanager
async def scraping(
    port: int, folder: Path, *others: int, shorter: int = 1, labels: Mapping[str, str] = {}
) -> AsyncIterator[Prometheus]:
    """Have a Prometheus scrape a port with our rules, which wait for so many times ``shorter``.

    ``labels`` are what a cluster would say of the Pod; ``others`` are ports of other exporters.
    """
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules(shorter)))
    scraped = [_scraped("painless", port, labels), *(_scraped("other", one, {}) for one in others)]
    config = {
        "global": {"scrape_interval": EACH, "scrape_timeout": EACH, "evaluation_interval": EACH},
        "rule_files": [str(folder / "rules.yaml")],
        "scrape_configs": scraped,
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config))
    own = free_ports(1)[0]
    binary = program("prometheus")
    assert binary is not None, WITHOUT
    with (folder / "prometheus.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            binary,
            f"--config.file={folder}/prometheus.yaml",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={LOOPBACK}:{own}",
            stdout=log,
            stderr=log,
        )
    try:
        found = Prometheus(own)
        await until(found.is_ready, STARTED, (folder / "prometheus.log").read_text)
        yield found
    finally:
        process.kill()
        await process.wait()
