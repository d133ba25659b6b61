"""Pods come and go while requests run: no reload, no failed request, and soon enough."""

import asyncio
import random
import statistics
import time
from collections.abc import Callable

import pytest
from tests.front.clients import Load, Seen, Target, until_seen
from tests.front.given import AT_ONCE, NOISE, PATIENT, SOAK, Make
from tests.front.manifests import Folder
from tests.front.pods import GRPC, HTTPS, Pods
from tests.front.program import Program
from tests.nginx.test_rebinding import own_address

from painless.demo.echo import Echo
from painless.demo.ports import LOOPBACK, free_ports
from painless.machine import read_every_address

pytestmark = PATIENT
CHANGES = 1000
CYCLES = 50 if SOAK else 4
MOST_PODS = 5


async def test_a_thousand_changes_cost_no_request(folder: Folder, pods: Pods, make: Make) -> None:
    """1,000 endpoint changes, of several Services and of two at once, while requests run: none fails."""
    services = [f"web{at}" for at in range(4)]
    for one in services:
        await pods.service(one, pods=2)
        folder.ingress(one, f"{one}.test", one)
    program = make()
    program.start()
    await program.ready()
    before = await program.reloads()
    chance = random.Random(1)
    changes = 0
    async with Load(*(Target(program.doors.http, f"{one}.test") for one in services)) as load:
        while changes < CHANGES:
            # Most come faster than NGINX asks; now and then one is waited for.
            if changes % 100 >= 98:
                await _replaced(pods, services[0], program)
                changes += 1
            some = chance.sample(services, chance.choice((1, 1, 2)))
            for one in some:
                await _change(pods, one, chance)
            pods.publish(*some)
            changes += len(some)
        for one in services:
            await _replaced(pods, one, program)
    assert (before, []) == (await program.reloads(), load.failures())
    assert load.count > CHANGES / 10


async def _replaced(pods: Pods, service: str, program: Program) -> None:
    """Replace all pods of a Service and wait until the new one is asked."""
    name = await pods.replace(service)
    await until_seen(Target(program.doors.http, f"{service}.test"), _is_from(name), NOISE)


async def _change(pods: Pods, service: str, chance: random.Random) -> None:
    """Have a pod come or go, so that one to ``MOST_PODS`` are left."""
    named = pods.named[service]
    if len(named) == 1 or (len(named) < MOST_PODS and chance.random() < 0.5):
        await pods.start(service)
    else:
        pods.leave(service, chance.choice(tuple(named)))


@pytest.mark.skipif("[::]" not in read_every_address(), reason="this machine has no IPv6")
async def test_the_first_ipv6_pods_are_served(folder: Folder, pods: Pods, make: Make) -> None:
    """NGINX asks for IPv6 only where a Service has it, and begins when the first one does."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    async with Echo("six", "::1", pods.port):
        folder.endpoints("web", pods.port, ["::1"])
        await until_seen(Target(program.doors.http, "web.test"), _is_from("six"), NOISE)


async def test_from_none_to_some_and_back(folder: Folder, pods: Pods, make: Make) -> None:
    """Scaling to 0 and back works without a reload for every protocol, and nothing but 503 while empty."""
    plain, closed = await _services(folder, pods)
    program = make()
    program.start()
    await program.ready()
    before = await program.reloads()
    door = program.doors.http
    open_targets = [Target(door, f"{one}.test") for one in plain]
    guarded = [Target(door, f"{one}.test") for one in closed]
    took: list[float] = []
    empties: list[tuple[float, float]] = []
    async with Load(*open_targets, *guarded) as load:
        for _ in range(CYCLES):
            began = time.monotonic()
            for service in (*plain, *closed):
                pods.empty(service)
            took += [await _until_status(one, 503, began) for one in (*open_targets, *guarded)]
            refilled = time.monotonic()
            for service in (*plain, *closed):
                await pods.replace(service)
            took += [await _until_status(one, 200, refilled) for one in open_targets]
            took += [await _until_status(one, closed[one.host[:-5]], refilled) for one in guarded]
            empties.append((began, time.monotonic()))
    assert before == await program.reloads()
    assert [] == [one for target in open_targets for one in _wrong(load.seen[target.host], 200, empties)]
    for name, status in closed.items():
        assert [] == _wrong(load.seen[f"{name}.test"], status, empties)
    assert (True, True) == (statistics.median(took) <= AT_ONCE, max(took) <= NOISE), took


async def _services(folder: Folder, pods: Pods) -> tuple[tuple[str, ...], dict[str, int]]:
    """Write a Service of each kind; return the open ones, and what the guarded ones answer to a stranger."""
    cookie = {"affinity": "cookie", "session-cookie-name": "stuck"}
    kinds: dict[str, tuple[str, dict[str, str]]] = {
        "http": ("http", {}),
        "https": (HTTPS, {"backend-protocol": "HTTPS"}),
        "grpc": (GRPC, {"backend-protocol": "GRPC"}),
        "hashed": ("http", {**cookie, "affinity-mode": "balanced"}),
        "sticky": ("http", {**cookie, "affinity-mode": "persistent"}),
        "listed": ("http", {"allowlist-source-range": "10.0.0.0/8"}),
        "secret": ("http", {"auth-type": "basic", "auth-secret": "users"}),
    }
    folder.passwords("users", "ann:{PLAIN}x\n")
    for name, (protocol, annotations) in kinds.items():
        await pods.service(name, protocol=protocol)
        folder.ingress(name, f"{name}.test", name, annotations=annotations)
    return ("http", "https", "grpc", "hashed", "sticky"), {"listed": 403, "secret": 401}


async def _until_status(target: Target, status: int, since: float) -> float:
    """Wait for an answer; return how long after ``since`` the request that got it began."""
    seen = await until_seen(target, lambda one: one.status == status, NOISE)
    return max(0.0, seen.began - since)


def _wrong(seen: list[Seen], right: int, empties: list[tuple[float, float]]) -> list[Seen]:
    """Return the answers that are neither ``right`` nor a 503 while there were no pods."""
    return [
        one
        for one in seen
        if one.status != right
        and not (one.status == 503 and any(began <= one.ended and one.began <= end for began, end in empties))
    ]


def _is_from(pod: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.pod == pod and seen.status == 200


async def test_a_new_pod_is_asked_soon(folder: Folder, pods: Pods, make: Make) -> None:
    """From the change of a slice to the first request that the new pod gets: 1.3 s at worst, over 20 changes.

    Each change follows the one before at once, so it comes right after NGINX has asked: the longest wait.
    """
    services = [f"web{at}" for at in range(4)]
    for one in services:
        await pods.service(one)
        folder.ingress(one, f"{one}.test", one)
    program = make()
    program.start()
    await program.ready()
    before = await program.reloads()
    took: list[float] = []

    async def replace(service: str) -> None:
        for _ in range(5):
            name = await pods.replace(service)
            began = time.monotonic()
            seen = await until_seen(Target(program.doors.http, f"{service}.test"), _is_from(name), NOISE)
            took.append(seen.ended - began)

    async with asyncio.TaskGroup() as group:
        for one in services:
            group.create_task(replace(one))
    assert (before, True) == (await program.reloads(), max(took) <= NOISE), took


async def test_nginx_does_not_ask_itself(folder: Folder, make: Make) -> None:
    """An EndpointSlice is no way to our own listeners; a pod in the host's network is asked."""
    own = own_address()
    if not own:
        pytest.skip("this machine has no address but loopback")
    program = make("--bind-address", f"{LOOPBACK},{own}")
    host_port = free_ports(1)[0]
    ports = {"http": program.doors.http, "health": program.doors.health, "pod": host_port}
    for name, port in ports.items():
        folder.service(name, port)
        folder.endpoints(name, port, [own])
        folder.ingress(name, f"{name}.test", name)
    async with Echo("pod", own, host_port):
        program.start()
        await program.ready()
        statuses = {one: (await Target(program.doors.http, f"{one}.test").ask()).status for one in ports}
    told = [one["says"] for one in program.events("diagnostic_found") if "a listener of" in one["says"]]
    assert ({"http": 503, "health": 503, "pod": 200}, 2) == (statuses, len(told))
