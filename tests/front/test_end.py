"""After SIGTERM nobody notices anything until they have been sent elsewhere; a second one is a hurry."""

import asyncio
import signal

from tests.front.clients import Load, Target, ask, until, until_seen
from tests.front.given import NOISE, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods

SERVED = 10.0  # Seconds until a change is served; a fraction of one on a free machine.


async def test_the_grace_period_is_served_to_the_end(folder: Folder, pods: Pods, make: Make) -> None:
    """Unready and alive at once; changes are still followed, reloads included; a second signal ends it."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make("--shutdown-grace-period", "600", "--post-shutdown-grace-period", "600")
    program.start()
    await program.ready()
    web = Target(program.doors.http, "web.test")
    async with Load(web) as load:
        program.signal(signal.SIGTERM)

        async def unready() -> bool:
            return await program.own("/readyz") == 503

        await until(unready, SERVED)
        assert 200 == await program.own("/healthz")
        name = await pods.replace("web")
        await until_seen(web, lambda seen: seen.pod == name, NOISE)
        folder.ingress("more", "more.test", "web")
        await until_seen(Target(program.doors.http, "more.test"), lambda seen: seen.status == 200, SERVED)
    assert [] == load.failures()
    assert 0 == await program.end()
    assert () == program.everything()


async def test_pods_are_followed_until_nginx_has_ended(folder: Folder, pods: Pods, make: Make) -> None:
    """A request that is under way may still need a pod; the health port says what goes on."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    before = await program.total("painless_endpoint_updates_total")
    async with asyncio.TaskGroup() as group:
        slow = group.create_task(ask(program.doors.http, "web.test", "/?delay=4"))
        await until(lambda: pods.asked("web") > 0, SERVED)
        program.signal(signal.SIGTERM)
        await until(lambda: program.workers() == (), SERVED)
        await pods.start("web")
        pods.publish("web")

        async def followed() -> bool:
            return await program.total("painless_endpoint_updates_total") > before

        await until(followed, NOISE)
        assert (503, 200) == (await program.own("/readyz"), await program.own("/healthz"))
        assert not slow.done()
        assert 0 == await program.ended()
    assert 200 == slow.result().status
