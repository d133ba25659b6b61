"""Controllers of a cluster as processes, each with an NGINX of its own, at one API server."""

import os
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.fakes.apiserver import FakeApiServer
from tests.front.clients import until
from tests.front.program import Doors, Program, ended

from painless.demo.ports import free_ports

NAMESPACE = "painless"
PATIENCE = 30.0  # Seconds for what takes one or two on a free machine.


class Replica(Program):
    """One Pod's controller."""

    def __init__(self, pod: str, state: Path, kubeconfig: Path, log: Path, *more: str) -> None:
        doors = Doors(*free_ports(3))
        super().__init__(state, kubeconfig, doors, log, *more)
        at = self._command.index("--source")
        self._command[at] = "--kubeconfig"
        self._command += ["--allow-loopback-endpoints", "--shutdown-patience", "1"]
        self.environment = {"POD_NAME": pod, "POD_NAMESPACE": NAMESPACE}
        self.pod = pod

    def start(self) -> None:
        with self.log.open("ab") as log, self.requests.open("ab") as requests:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=requests,
                stderr=log,
                start_new_session=True,
                env={**os.environ, **self.environment},
            )

    async def leads(self) -> bool:
        return bool(await self.total("nginx_ingress_controller_leader_election_status"))

    async def sees(self, holds: Callable[[], object]) -> None:
        """Wait until something holds; what this controller logged last says why it does not."""
        await until(lambda: bool(holds()), PATIENCE, self.last_words)


Replicas = Callable[..., Replica]


@asynccontextmanager
async def replicas(
    api: FakeApiServer, states: Callable[[], Path], files: Path, token: str = ""
) -> AsyncIterator[Replicas]:
    """Yield what makes controllers of one Deployment; all end with the test."""
    kubeconfig = api.kubeconfig(files / "kubeconfig", token=token)
    async with AsyncExitStack() as stack:

        def make(pod: str, *more: str) -> Replica:
            api.push(manifest_of(pod))
            made = Replica(pod, states(), kubeconfig, files / f"log-{pod}", *more)
            stack.push_async_callback(ended, made)
            return made

        yield make


def manifest_of(pod: str) -> dict[str, Any]:
    metadata = {"name": pod, "namespace": NAMESPACE, "labels": {"app": "painless", "pod-template-hash": pod}}
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"nodeName": "n1"},
        "status": status,
    }
