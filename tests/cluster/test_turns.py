"""Three replicas with an NGINX each, at one API server: their loads follow each other."""

import itertools
import signal
from collections.abc import AsyncIterator, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct
from tests.cluster.controllers import NAMESPACE, Replica, Replicas, replicas
from tests.cluster.test_answers import ingress
from tests.fakes.apiserver import FakeApiServer
from tests.fakes.apiserver.kinds import kind_of
from tests.front.clients import until

from painless.kube.turns import SERVED

PATIENCE = 60.0  # Seconds for what takes a few on a free machine.
LEASE = "ingress-controller-leader-reloads"


@pytest.fixture
async def api(api: FakeApiServer) -> FakeApiServer:
    """Have something to serve."""
    await api.apply(ingress("web"))
    return api


@pytest.fixture
async def three(api: FakeApiServer, states: Any, tmp_path: Path) -> AsyncIterator[tuple[Replica, ...]]:
    """Three that serve; their starts have not waited for each other."""
    async with replicas(api, states, tmp_path) as make:
        made = await started(make)
        assert lease(api) is None
        yield made


async def started(make: Replicas) -> tuple[Replica, ...]:
    made = tuple(make(f"painless-{at}") for at in range(3))
    for one in made:
        one.environment["TZ"] = "UTC"  # Times in their logs are compared with those in the Lease.
        one.start()
    for one in made:
        await one.ready()
    return made


class Turn(Struct, frozen=True):
    """One hold of the Lease, by its versions at the API server; ``served`` is what the end of it says."""

    holder: str
    began: str
    ended: str
    served: str


def lease(api: FakeApiServer) -> dict[str, Any] | None:
    return api.get("Lease", LEASE, NAMESPACE)


def holder(api: FakeApiServer) -> str:
    found = lease(api)
    return str(found["spec"]["holderIdentity"]) if found else ""


def turns(api: FakeApiServer) -> list[Turn]:
    """Return the turns that are over, in their order."""
    versions = [one.now.object for one in api.store.since(kind_of("Lease"), 0)]
    mine = [one for one in versions if one["metadata"]["name"] == LEASE]
    found = []
    for before, after in itertools.pairwise(mine):
        who, at = before["spec"]["holderIdentity"], before["spec"]["acquireTime"]
        if who and not after["spec"]["holderIdentity"]:
            served = after["metadata"]["annotations"][SERVED]
            found.append(Turn(who, at, after["spec"]["renewTime"], served))
    return found


def loads(replica: Replica) -> list[dict[str, Any]]:
    return replica.events("generation_applied")


async def test_loads_follow_each_other(api: FakeApiServer, three: tuple[Replica, ...]) -> None:
    """Each ends before the next begins, with the generation that the workers run, in a hold of the Lease."""
    await api.apply(ingress("new"))
    await until(lambda: len(turns(api)) == len(three), PATIENCE, three[0].last_words)
    found = turns(api)
    assert {one.pod for one in three} == {one.holder for one in found}
    assert all(before.ended <= after.began for before, after in itertools.pairwise(found))
    for one in three:
        [turn] = [each for each in found if each.holder == one.pod]
        applied = loads(one)[-1]
        assert (2, True) == (len(loads(one)), turn.began <= applied["time"] <= turn.ended)
        assert f'"{one.pod}":"{applied["id"]}"' in turn.served
        assert 1 == await one.total("painless_reload_turns_total", way="taken")


async def test_who_was_killed_holds_nobody(api: FakeApiServer, three: tuple[Replica, ...]) -> None:
    """Both others have their turn, and need not do without: their patience outlasts a turn without signs."""
    dead = await killed_in_its_turn(api, three)
    others = [one for one in three if one is not dead]
    await api.apply(ingress("last"))
    await until(partial(all_serve, others, "last"), PATIENCE, others[0].last_words)
    await until(lambda: not holder(api), PATIENCE, others[0].last_words)
    for one in others:
        assert 0 == await one.total("painless_reload_turns_total", way="overdue")
        assert 0 < await one.total("painless_reload_turns_total", way="taken")


def all_serve(some: Iterable[Replica], name: str) -> bool:
    """Whether all have loaded an Ingress."""
    because = ([why for load in loads(one) for why in load["reasons"]] for one in some)
    return all(any(f"Ingress shop/{name}" in why for why in each) for each in because)


async def killed_in_its_turn(api: FakeApiServer, three: tuple[Replica, ...]) -> Replica:
    """Kill one while it holds the Lease; changes are made until one is caught in the act."""
    for number in itertools.count():
        name = f"new-{number}"
        await api.apply(ingress(name))
        await until(lambda: bool(holder(api)), PATIENCE, three[0].last_words)
        for one in three:
            if one.pod == holder(api):
                one.signal(signal.SIGSTOP)
                # A request that it had sent before is answered meanwhile.
                await until_idle(api)
                if one.pod == holder(api):
                    await one.kill()
                    return one
                one.signal(signal.SIGCONT)
        await until(partial(all_serve, three, name), PATIENCE, three[0].last_words)
    raise AssertionError


async def until_idle(api: FakeApiServer) -> None:
    """Wait until another replica has looked at the Lease twice: what came before is done by then."""
    looks = len(looked(api))
    await until(lambda: len(looked(api)) >= looks + 4, PATIENCE, lambda: "nobody looks at the Lease")


def looked(api: FakeApiServer) -> list[str]:
    return [one.verb for one in api.requests if one.resource == "leases" and one.verb == "get"]
