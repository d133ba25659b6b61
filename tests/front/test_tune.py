"""Advice from what a real NGINX under load shows: measured, and no more than that."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from tests.front.asking import command
from tests.front.clients import ask, until
from tests.front.given import Make
from tests.front.manifests import NAMESPACE, Folder
from tests.front.pods import Pods
from tests.front.program import Doors, Program
from tests.front.test_long_lived import Clients

from painless.demo.ports import free_ports

HOST = "web.test"
STAGING = "staging.web.test"
ENOUGH = 1000
"""Requests for a p99."""
SEEN = 30.0
"""Seconds until they are counted."""
READ = "proxy-read-timeout"
KUBECTL = Path(sys.executable).with_name("kubectl")


async def _loaded(folder: Folder, pods: Pods, make: Make, few: int = ENOUGH) -> Program:
    """Return a controller that has counted enough requests, and one of another environment."""
    await pods.service("web")
    folder.ingress("web", HOST, "web")
    folder.ingress("staging", STAGING, "web")
    program = make("--enable-metrics")
    program.start()
    await program.ready()
    limit = asyncio.Semaphore(20)

    async def one() -> int:
        async with limit:
            return (await ask(program.doors.http, HOST, "/")).status

    assert {200} == set(await asyncio.gather(*(one() for _ in range(few))))
    assert 200 == (await ask(program.doors.http, STAGING, "/")).status

    async def counted() -> bool:
        return await program.total("nginx_ingress_controller_requests_total") == few + 1

    await until(counted, SEEN, program.last_words)
    return program


async def _asked(name: str, program: Program, folder: Folder, *words: str) -> tuple[int, Any]:
    done = await command(
        *(name, "--metrics", f"http://127.0.0.1:{program.doors.health}/metrics", "--seconds", "0.5"),
        *("--source", str(folder.path), "--output", "json", *words),
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


async def test_a_controller_under_load(folder: Folder, pods: Pods, make: Make, tmp_path: Path) -> None:
    """What is advised is pasted with kubectl, NGINX has it, and then nothing is advised any more."""
    folder.configmap("settings", {})
    program = await _loaded(folder, pods, make)
    status, found = await _asked("tune", program, folder, "--configmap", f"{NAMESPACE}/settings")
    changes = {one["id"]: one for one in found["report"]["changes"]}
    assert (1, {READ, "proxy-connect-timeout"}) == (status, set(changes))
    assert f"of {ENOUGH:,} requests until the header" in changes[READ]["measured"]
    assert ("10 s", True) == (changes[READ]["advised"], "less than a day" in changes[READ]["why"])
    good = {one["id"] for one in found["report"]["good"]}
    assert {"net.core.somaxconn", "worker-shutdown-timeout", "nofile"} <= good
    await _paste(folder, tmp_path, found["files"])
    pasted = (await _asked("tune", program, folder, "--configmap", f"{NAMESPACE}/settings"))[1]
    assert [] == pasted["report"]["changes"]

    async def served() -> bool:
        shown = await command("inspect", "conf", "--state-dir", str(program.state), "--host", HOST)
        return "proxy_read_timeout 10s;" in shown.stdout

    await until(served, SEEN, program.last_words)
    # What made NGINX load it was of this namespace.
    assert 1 <= await program.total("painless_reloads_caused_total", namespace=NAMESPACE)


async def test_another_environment_moves(folder: Folder, pods: Pods, make: Make, state_dir: Path) -> None:
    """What it gains was counted; both controllers serve its host until one is left."""
    program = await _loaded(folder, pods, make, few=5)
    clients = Clients(program)
    await clients.upgraded(HOST)
    clients.close()

    async def counted() -> bool:
        return await program.total("nginx_ingress_controller_requests_total", status="101") == 1

    await until(counted, SEEN, program.last_words)
    missing = (await _asked("tune", program, folder))[1]["report"]["missing"]
    (about,) = (one["about"] for one in missing if "two pings" in one["how"])
    assert f"Ingress {NAMESPACE}/web" == about
    status, found = await _asked("split", program, folder)
    (move,) = found["moves"]
    assert (1, "staging", [[NAMESPACE, "staging"]]) == (status, move["pool"], move["refs"])
    assert 1 == move["requests"]
    pool = _pool(folder, make, state_dir)
    (folder.path / "copies.yaml").write_text(found["files"]["copies-staging.yaml"])
    await until(lambda: _serves(pool, 200), SEEN, pool.last_words)
    assert await _serves(program, 200)
    assert f"kubectl -n {NAMESPACE} delete ingress staging" in found["files"]["take-over-staging.sh"]
    folder.file("Ingress", "staging").unlink()
    await until(lambda: _still(pool, program), SEEN, program.last_words)


def _pool(folder: Folder, make: Make, state_dir: Path) -> Program:
    """Start the controller of the new class, whose IngressClass the chart makes."""
    spec = {"controller": "k8s.io/ingress-nginx-staging"}
    made = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "spec": spec}
    (folder.path / "pool.yaml").write_text(yaml.safe_dump({**made, "metadata": {"name": "nginx-staging"}}))
    own = {"state": state_dir / "pool", "doors": Doors(*free_ports(3))}
    pool = make("--controller-class", spec["controller"], **own)
    pool.start()
    return pool


async def _serves(one: Program, status: int) -> bool:
    return (await ask(one.doors.http, STAGING, "/")).status == status


async def _still(pool: Program, old: Program) -> bool:
    """Whether the old controller has forgotten the host; all the while the new one serves it."""
    assert await _serves(pool, 200)
    return await _serves(old, 404)


async def _paste(folder: Folder, tmp_path: Path, files: dict[str, str]) -> None:
    """Have kubectl patch the manifests as the script says, but in the folder in place of a cluster."""
    for kind, name in (("Ingress", "web"), ("ConfigMap", "settings")):
        patch, manifest = tmp_path / f"{kind}.yaml", folder.file(kind, name)
        patch.write_text(files[f"{kind.lower()}-{NAMESPACE}-{name}.yaml"])
        words = (*("patch", "--local", "-f", str(manifest), "--type", "merge"), "--patch-file", str(patch))
        done = await asyncio.to_thread(
            subprocess.run, [str(KUBECTL), *words, "-o", "yaml"], capture_output=True, text=True, check=True
        )
        manifest.write_text(done.stdout)
