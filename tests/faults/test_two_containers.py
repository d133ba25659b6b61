"""The controller and NGINX in two containers of one Pod: either may end, and the other goes on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from tests.front.clients import Load, Target, ask, until, until_seen
from tests.front.manifests import Folder
from tests.front.pod import Pod, needs_namespaces, pod_of
from tests.front.pods import Pods

from painless.nginxd import procfs

pytestmark = [needs_namespaces, pytest.mark.timeout(120)]

BACK = 10.0  # Seconds until something that was killed works again; one or two on a free machine.
REFUSED = r"/(a)(?<=\1)c"  # Passes our checks and not NGINX's.


@pytest_asyncio.fixture
async def pod(folder: Folder, pods: Pods, state_dir: Path) -> AsyncIterator[Pod]:
    """A Pod that serves one host."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    async with pod_of(state_dir, folder.path) as made:
        await made.serving()
        yield made


def target(pod: Pod, name: str = "web") -> Target:
    return Target(pod.doors.http, f"{name}.test")


async def served(pod: Pod, name: str) -> None:
    await until_seen(target(pod, name), lambda seen: seen.status == 200, BACK)


async def test_changes_arrive_and_refusals_come_back(pod: Pod, folder: Folder, pods: Pods) -> None:
    """Endpoints, reloads and what NGINX's test says pass between the containers."""
    await until_seen(target(pod), lambda seen: seen.status == 200, BACK)
    name = await pods.replace("web")
    await until_seen(target(pod), lambda seen: seen.pod == name, BACK)
    folder.ingress("bad", "bad.test", "web", path=REFUSED, annotations={"use-regex": "true"})
    folder.ingress("more", "more.test", "web")
    await served(pod, "more")
    await until(
        lambda: any("ConfigurationRefused" in one["says"] for one in pod.events("diagnostic_found")),
        BACK,
        pod.last_words,
    )
    # The master has nothing of the requests, and is in nobody's session but its own.
    files = procfs.open_files(pod.master())
    assert not [one for one in files if "/runner/" in one]
    assert pod.pid != procfs.parent(pod.master()) != pod.runner


async def test_a_killed_controller_is_replaced(pod: Pod, folder: Folder, pods: Pods) -> None:
    """As its container ends, the responder included: no request fails, and the next one takes over."""
    await served(pod, "web")
    master, runner = pod.master(), pod.runner
    async with Load(target(pod)) as load:
        os.kill(pod.responder(), signal.SIGKILL)
        await pod.kill()
        await load.more(20)
        folder.ingress("more", "more.test", "web")
        await pod.serving()
        name = await pods.replace("web")
        await load.until_from(name, BACK)
        await served(pod, "more")
    assert (master, runner, []) == (pod.master(), pod.runner, load.failures())


async def test_a_killed_master_is_started_again(pod: Pod, folder: Folder) -> None:
    """NGINX is back, and changes are followed."""
    await served(pod, "web")
    dead = pod.master()
    os.kill(dead, signal.SIGKILL)
    await until(lambda: pod.master() not in {dead, 0}, BACK, pod.last_words)
    folder.ingress("more", "more.test", "web")
    await served(pod, "more")
    await served(pod, "web")


async def test_a_killed_nginx_container_is_served_from_again(pod: Pod, folder: Folder) -> None:
    """The kubelet starts its command anew, and the controller starts NGINX in it without being restarted."""
    await served(pod, "web")
    controller = pod.pid
    await pod.kill_nginx()
    folder.ingress("more", "more.test", "web")
    pod.start_nginx()
    await served(pod, "web")
    await served(pod, "more")
    assert controller == pod.pid


async def test_an_nginx_container_that_alone_is_told_to_end(pod: Pod) -> None:
    """As when its image is changed in place: NGINX ends in order, and is back with the next container."""
    await served(pod, "web")
    controller = pod.pid
    os.kill(pod.runner, signal.SIGTERM)
    assert 0 == await pod.runner_ended()
    pod.end_script()
    pod.start_nginx()
    await served(pod, "web")
    assert (controller, None) == (pod.pid, pod.status)


async def test_without_a_controller_the_last_generation_is_served(pod: Pod) -> None:
    """The runner starts NGINX where addresses of pods can be had, and the next controller adopts it."""
    await served(pod, "web")
    await pod.kill()
    await pod.kill_nginx()
    pod.start_nginx()
    await served(pod, "web")
    master = pod.master()
    async with Load(target(pod)) as load:
        await pod.serving()
        await load.more(20)
    assert (master, []) == (pod.master(), load.failures())


async def test_a_worker_that_was_taken_over(pod: Pod) -> None:
    """It cannot look into the controller and the responder, whose token and memory are not for it.

    It can look into its own container, so that the refusals mean something.
    """
    secrets = ("environ", "maps", "mem", "root/proc/version", "cwd/.", "fd/0")

    def seen(pid: int) -> list[str]:
        command = ("dd", "bs=1", "count=0", "status=none")
        return [one for one in secrets if pod.as_worker(*command, f"if=/proc/{pid}/{one}")]

    assert (list(secrets), [], []) == (seen(pod.runner), seen(pod.pid), seen(pod.responder()))


@pytest.mark.parametrize("with_controller", [True, False], ids=["with", "without a controller"])
async def test_the_end_of_the_pod(pod: Pod, pods: Pods, *, with_controller: bool) -> None:
    """The NGINX container stays until NGINX has ended, in order: requests finish, whoever tells it."""
    await served(pod, "web")
    before = pods.asked("web")
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(ask(pod.doors.http, "web.test", "/?delay=3"))
        await until(lambda: pods.asked("web") > before, BACK)
        if with_controller:
            pod.signal(signal.SIGTERM)
        else:
            await pod.kill()
        os.kill(pod.runner, signal.SIGTERM)
        assert 0 == await pod.runner_ended()
    assert (200, 0) == (slow.result().status, pod.master())
    if with_controller:
        assert 0 == await pod.ended()
