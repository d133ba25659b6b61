"""From an endpoint change to the first request that the new pod answers.

A rolling update as the folder sees it: in each trial one EndpointSlice is replaced, a pod joins and the one
before the last leaves and ends.  Meanwhile clients ask all the time: no request may fail and NGINX may not
load anything.  NGINX asks for addresses once a second, so trials start at random moments of that second, and
0.5 s plus what the controller takes is the median to expect.
"""

import asyncio
import random
import time
from collections import deque

from bench import cluster
from bench.asking import Clients
from bench.figures import Row, Run, Say, most
from bench.machine import cpu_seconds
from bench.running import BenchError, Painless, folder
from painless.demo.echo import Echo
from painless.demo.ports import free_ports

TRIALS = 20
WITHIN = 10.0  # Seconds until a new pod has a request; one is usual.
TOGETHER = 2  # Pods that serve at a time.
NAMESPACE, NAME, APPLICATION = "team-0", "app-0", 0


def measure(run: Run) -> tuple[Row, ...]:
    return asyncio.run(_measure(run.say))


async def _measure(say: Say) -> tuple[Row, ...]:
    with folder() as home:
        [port] = free_ports(1, "127.0.0.2")
        rollout = _Rollout(Painless(home), port)
        async with rollout:
            return await rollout.measured(say)


class _Rollout:
    """The pods of one Service, each in turn replaced by the next."""

    def __init__(self, painless: Painless, port: int) -> None:
        self._painless = painless
        self._port = port
        self._pods: deque[Echo] = deque()
        self._next = 2  # The last byte of the next pod's address; 127.0.0.1 is NGINX's.
        self._pause = random.Random(1)  # The same moments in every run.

    async def __aenter__(self) -> None:
        for _ in range(TOGETHER):
            self._pods.append(await self._pod())
        cluster.put(self._painless.manifests, "class", [cluster.ingress_class()])
        addresses = [one.address for one in self._pods]
        service, slices, ingress = cluster.manifests(APPLICATION, addresses, self._port)
        cluster.put(self._painless.manifests, "app", [service, ingress])
        cluster.put(self._painless.manifests, "pods", [slices])
        await self._painless.__aenter__()

    async def __aexit__(self, *_: object) -> None:
        await self._painless.__aexit__(None, None, None)
        for pod in self._pods:
            await pod.__aexit__(None, None, None)

    async def measured(self, say: Say) -> tuple[Row, ...]:
        before = await self._painless.figures()
        used = self._used()
        async with Clients(self._painless.doors.http) as clients, asyncio.TaskGroup() as group:
            asking = group.create_task(clients.keep_asking(cluster.host(APPLICATION)))
            waits = tuple([await self._trial(at, say) for at in range(TRIALS)])
            asking.cancel()
        after = await self._painless.figures()
        controller, nginx = (late - early for late, early in zip(self._used(), used, strict=True))
        processor = f"CPU: controller and responder {controller:.2f} s, NGINX {nginx:.2f} s"
        return (
            Row(
                what="change to first request at the new pod",
                values=waits,
                goals=(most(0.7, "median"), most(1.3)),
                beside=f"{TRIALS} trials; {processor}",
            ),
            Row(
                what="requests failed meanwhile",
                values=(clients.failed,),
                unit="requests",
                goals=(most(0),),
                beside=f"of {clients.requests}",
            ),
            Row(what="reloads", values=(after.reloads - before.reloads,), unit="reloads", goals=(most(0),)),
        )

    async def _trial(self, at: int, say: Say) -> float:
        say(f"endpoints: trial {at + 1} of {TRIALS}")
        await asyncio.sleep(self._pause.random())
        pod = await self._pod()
        self._pods.append(pod)
        serving = [one.address for one in list(self._pods)[-TOGETHER:]]
        began = time.monotonic()
        slices = cluster.endpoints(NAMESPACE, NAME, serving, self._port)
        cluster.put(self._painless.manifests, "pods", [slices])
        try:
            async with asyncio.timeout(WITHIN):
                await pod.served.wait()
        except TimeoutError as cause:
            raise BenchError(
                f"{pod.address} got no request within {WITHIN:.0f} s; the controller's last words:\n"
                f"{self._painless.last_words()}"
            ) from cause
        waited = time.monotonic() - began
        # Whoever learnt of the new pod has learnt with the same answer that this one left.
        await self._pods.popleft().__aexit__(None, None, None)
        return waited

    async def _pod(self) -> Echo:
        self._next += 1
        return await Echo(f"pod-{self._next}", f"127.0.0.{self._next}", self._port).__aenter__()

    def _used(self) -> tuple[float, float]:
        painless = self._painless
        return cpu_seconds((*painless.controller, *painless.responder)), cpu_seconds(painless.nginx)
