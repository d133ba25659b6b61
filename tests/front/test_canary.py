"""A canary's share changes while requests run: no reload, no failed request."""

import random
from collections.abc import Callable

from tests.front.clients import Load, Seen, Target, until_seen
from tests.front.given import NOISE, PATIENT, SOAK, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods

pytestmark = PATIENT
CHANGES = 1000 if SOAK else 100
HOST = "web.test"


async def test_a_hundred_weights_cost_no_reload(folder: Folder, pods: Pods, make: Make) -> None:
    """100 changes of weights and totals while requests run: each is served, none reloads, none fails one.

    The first half is all or nothing, so that one answer shows that it is served.
    """
    for service in ("old", "new"):
        await pods.service(service)
    folder.ingress("web", HOST, "old")
    _weigh(folder, 0, 100)
    program = make()
    program.start()
    await program.ready()
    before = await program.reloads()
    chance = random.Random(1)
    target = Target(program.doors.http, HOST)
    async with Load(target) as load:
        for at in range(CHANGES // 2):
            total = chance.choice((100, 1000, 10_000))
            wanted = ("new", "old")[at % 2]
            _weigh(folder, total if wanted == "new" else 0, total)
            await until_seen(target, _is_from(wanted), NOISE)
        for _ in range(CHANGES // 2):
            total = chance.choice((100, 1000, 10_000))
            _weigh(folder, chance.randint(1, total - 1), total)
            await load.more(5)
    assert (before, []) == (await program.reloads(), load.failures())


def _weigh(folder: Folder, weight: int, total: int) -> None:
    annotations = {"canary": "true", "canary-weight": str(weight), "canary-weight-total": str(total)}
    folder.ingress("canary", HOST, "new", annotations=annotations)


def _is_from(service: str) -> Callable[[Seen], bool]:
    return lambda seen: seen.pod.startswith(f"{service}-") and seen.status == 200
