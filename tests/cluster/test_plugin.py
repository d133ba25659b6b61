"""``kubectl painless`` with the real kubectl, at an API server: as kubectl finds it, and with its flags."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.apiserver import FakeApiServer

BIN = Path(sys.executable).parent
SERVED = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {
        "name": "web",
        "namespace": "shop",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-read-timeout": "2m"},
    },
    "spec": {
        "ingressClassName": "nginx",
        "rules": [
            {
                "host": "shop.test",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                        }
                    ]
                },
            }
        ],
    },
}
OBJECTS: list[dict[str, Any]] = [
    SERVED,
    {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "nginx"},
        "spec": {"controller": "example.com/edge"},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"ports": [{"port": 80}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "lb", "namespace": "edge"},
        "spec": {"clusterIP": "10.96.0.7", "ports": [{"port": 80}]},
    },
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one", "namespace": "edge", "labels": {"app.kubernetes.io/name": "painless"}},
        "spec": {
            "containers": [
                {
                    "name": "controller",
                    "image": "painless-controller",
                    "args": [
                        "serve",
                        "--controller-class=example.com/edge",
                        "--publish-service=$(POD_NAMESPACE)/lb",
                    ],
                }
            ]
        },
        "status": {"phase": "Running"},
    },
]


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as one:
        for name in ("shop", "edge"):
            one.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        one.push(*OBJECTS)
        yield one


async def plugin(api: FakeApiServer, files: Path, *arguments: str) -> tuple[int, str]:
    """Call it as people do; return its exit status and all it printed."""
    config = api.kubeconfig(files / "kubeconfig", namespace="edge")
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "KUBECONFIG": str(config)}
    process = await asyncio.create_subprocess_exec(
        "kubectl",
        "painless",
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**environment, "NO_COLOR": "1"},
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_kubectl_finds_it_and_it_finds_ingresses(api, tmp_path):
    """As a command of kubectl's own, in the namespace that is asked for."""
    code, text = await plugin(api, tmp_path, "-n", "shop", "ingresses")
    assert (0, ["web", "shop.test/", "NO", "web", "80", "0"]) == (code, text.splitlines()[1].split())


async def test_info_reads_the_service_of_the_controller(api, tmp_path):
    """Which one, says the Pod."""
    assert (0, "Service: edge/lb\nCluster address: 10.96.0.7\nLoad balancer: none\n") == await plugin(
        api, tmp_path, "info"
    )


async def test_lint_sees_what_the_controller_sees(api, tmp_path):
    """With the flags of its Pod: only the class that it serves has findings."""
    code, text = await plugin(api, tmp_path, "lint")
    assert code == 2
    assert 'found "2m", expected a whole number of seconds' in text
    assert "1 errors" in text


async def test_lint_of_another_controller_sees_nothing_of_it(api, tmp_path):
    """The Pod was started for another class, so this Ingress is not its business."""
    pod = OBJECTS[-1]
    other = {"name": "controller", "args": ["serve", "--controller-class=example.com/other"]}
    api.push(
        {
            **pod,
            "metadata": {"name": "other", "namespace": "edge"},
            "spec": {"containers": [other]},
        }
    )
    assert (0, "nothing found\n") == await plugin(api, tmp_path, "lint", "--pod", "other")


async def test_plan_says_what_a_change_would_do(api, tmp_path):
    """The manifests over what the cluster has; the cluster keeps what it has."""
    (tmp_path / "new.yaml").write_text(
        """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: new.test
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""
    )
    code, text = await plugin(api, tmp_path, "plan", "-f", str(tmp_path / "new.yaml"))
    assert (0, "RELOAD: NGINX has to load a new configuration") == (code, text.splitlines()[0])
    assert "+        server_name new.test;" in text
    assert api.get("Ingress", "web", "shop")["spec"]["rules"][0]["host"] == "shop.test"


async def test_plan_of_what_is_there_already_changes_nothing(api, tmp_path):
    """The same object again, without the age that the API server gave it."""
    (tmp_path / "same.json").write_text(json.dumps(SERVED))
    code, text = await plugin(api, tmp_path, "plan", "-f", str(tmp_path / "same.json"))
    assert (0, "NONE: nothing changes\n") == (code, text)


async def test_what_the_server_refuses_is_said_in_its_words(api, tmp_path):
    """One sentence with the missing right, and exit status 2."""
    api.allows = lambda attempt: attempt.resource != "ingresses"
    code, text = await plugin(api, tmp_path, "ingresses", "-A")
    assert code == 2
    assert text.startswith("painless: ")
    assert 'cannot list resource "ingresses"' in text


async def test_a_wrong_context_is_kubectls_to_refuse(api, tmp_path):
    """The flags are handed on as they are."""
    code, text = await plugin(api, tmp_path, "--context", "nowhere", "info")
    assert code == 2
    assert "nowhere" in text
