"""Whatever the API server does: what is served stays served, and in the end it is what the server holds."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from tests.cluster.given import ACCOUNT, SOON, TOKEN, Running, in_cluster, on_the_fake_only
from tests.fakes.apiserver import Which
from tests.front.asking import planned
from tests.front.clients import Target, until, until_seen
from tests.front.given import SOAK, certificate
from tests.front.program import Program

pytestmark = [
    on_the_fake_only,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(900 if SOAK else 120),
]

AWAY = 300.0 if SOAK else 1.0  # Seconds that the server stays away after that was noticed.
FOR_EVER = 3600.0
SILENCE = 150.0  # Seconds: the controller waits 90 for bookmarks.


@pytest.mark.asyncio(loop_scope="function")
async def test_nothing_is_served_before_every_kind_is_there(state_dir: Path) -> None:
    """While the slices are not listed the controller is not ready, though it has all Ingresses."""
    slow = Which(verb="list", resource="endpointslices")
    async with in_cluster(state_dir) as one:
        one.program.start()
        await _look_passes(one, slow)
        await until(lambda: _lists(one, "ingresses") == _lists(one, "services") == 2, SOON)
        assert not await one.program.is_ready()
        one.api.faults.recover()
        await one.program.ready()
        seen = await one.target().ask()
    assert 200 == seen.status


async def _look_passes(one: Running, slow: Which) -> None:
    """Let the first look at the server pass, and have what comes after it wait."""

    def passed() -> bool:
        if not _lists(one, slow.resource):
            one.api.faults.recover()
            one.api.faults.slow(FOR_EVER, slow)
        return bool(_lists(one, slow.resource))

    await until(passed, SOON, one.program.last_words)


def _lists(one: Running, resource: str) -> int:
    return sum((asked.verb, asked.resource) == ("list", resource) for asked in one.api.requests)


async def test_changes_come_live(running: Running) -> None:
    """A changed slice is served without a reload, a new Ingress with one."""
    before = await running.program.reloads()
    async with running.unharmed():
        pod = await running.pods.replace("web")
        await until_seen(running.target(), lambda seen: seen.pod == pod, SOON)
        assert before == await running.program.reloads()
        running.cluster.ingress("new", "new.test", "web")
        await running.serves("new.test")
    assert before + 1 == await running.program.reloads()


async def test_a_secret_that_nobody_refers_to_is_not_read(running: Running) -> None:
    """It comes by in the list only; one that an Ingress names is asked for, and shown."""
    pair = certificate("safe.test")
    serial = x509.load_pem_x509_certificate(pair.certificate).serial_number
    running.cluster.certificate("unused", pair)
    running.cluster.certificate("used", pair)
    running.cluster.ingress("safe", "safe.test", "web", tls="used")
    target = Target(running.program.doors.https, "safe.test", secure=True)
    await until_seen(target, lambda seen: seen.status == 200 and seen.serial == serial, SOON)
    asked = {one.name for one in running.api.requests if (one.verb, one.resource) == ("get", "secrets")}
    assert ("used" in asked, "unused" in asked) == (True, False)


async def test_what_a_change_would_cost(running: Running, home: Path) -> None:
    """Secrets that nobody refers to yet are asked for, since they exist; the youngest wins nothing."""
    running.cluster.certificate("later", certificate("later.test"))
    asked = home / "asked.json"
    asked.write_text(json.dumps(_named("zz", "web.test", "")))
    said = await planned(running.program, "-f", str(asked))
    assert ["PathConflict"] == [one["reason"] for one in said["findings"]]
    assert ("none", []) == (said["effect"], said["reasons"])
    asked.write_text(json.dumps(_named("later", "later.test", "later")))
    said = await planned(running.program, "-f", str(asked))
    assert ("reload", [], 1) == (said["effect"], said["findings"], len(said["hotFiles"]))
    asked.write_text(json.dumps(_named("later", "later.test", "nobody")))
    said = await planned(running.program, "-f", str(asked))
    assert ("reload", ["SecretNotFound"]) == (said["effect"], [one["reason"] for one in said["findings"]])


def _named(name: str, host: str, secret: str) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": host, "http": {"paths": paths}}]
    tls = [{"hosts": [host], "secretName": secret}] if secret else []
    about = {"name": name, "namespace": "shop"}
    spec = {"ingressClassName": "nginx", "rules": rules, "tls": tls}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": about, "spec": spec}


async def test_watches_are_cut(running: Running) -> None:
    """Cut watches go on from where they were: without a new list."""
    lists = running.count("list", 200)
    async with running.unharmed():
        for at in range(2):
            running.api.faults.cut_watches()
            await running.follows(f"cut{at}")
    assert lists == running.count("list", 200)


async def test_the_server_forgets_our_version(running: Running) -> None:
    """410: what was deleted while nobody watched is noticed by the new list."""
    running.cluster.ingress("old", "old.test", "web")
    await running.serves("old.test")
    lists = running.count("list", 200)
    async with running.unharmed():
        await running.api.stop()
        await running.api.delete("Ingress", "old", "shop")
        running.api.faults.compact()
        await running.api.start()
        await running.serves("old.test", 404)
        await running.follows("anew")
    assert running.count("list", 200) > lists


def _answered(program: Program) -> bool:
    """Whether the controller has seen that the server is back, after a test before this one."""
    lost = program.events("api_server_lost")
    since = [*program.events("api_server_back"), *program.events("controller_started")]
    return not lost or max(one["time"] for one in since) > lost[-1]["time"]


async def test_the_server_is_away(running: Running) -> None:
    """Clients notice nothing, the controller stays ready, and what changed meanwhile is served afterwards."""
    program = running.program
    await until(lambda: _answered(program), SOON, program.last_words)
    before = [len(program.events(f"api_server_{one}")) for one in ("lost", "back")]
    async with running.unharmed():
        await running.api.stop()
        running.cluster.ingress("late", "late.test", "web")
        await until(lambda: len(program.events("api_server_lost")) > before[0], SOON, program.last_words)
        # Not a wait for a condition: it is how long the server is away.
        await asyncio.sleep(AWAY)
        assert await program.is_ready()
        await running.api.start()
        await running.serves("late.test")
        await running.follows("later")
        # Each list tries again in its own time.
        await until(lambda: len(program.events("api_server_back")) > before[1], SOON, program.last_words)
    told = [len(program.events(f"api_server_{one}")) for one in ("lost", "back")]
    assert [one + 1 for one in before] == told


async def test_a_token_expires(running: Running) -> None:
    """With 401 the token's file is read again; what came meanwhile is served with the new token."""
    async with running.unharmed():
        running.api.tokens["second-token"] = ACCOUNT
        running.token.write_text("second-token")
        running.api.faults.expire(TOKEN)
        running.api.faults.cut_watches()
        await running.follows("renewed")


async def test_a_permission_is_removed_and_given_back(running: Running) -> None:
    """What may not be read any more is served as it was; with the permission changes come again."""
    which = Which(resource="ingresses")
    before = running.count("watch", 403)
    async with running.unharmed():
        running.api.faults.forbid(which)
        running.api.faults.cut_watches("Ingress")
        await running.asked("watch", 403, before)
        pod = await running.pods.replace("web")
        await until_seen(running.target(), lambda seen: seen.pod == pod, SOON)
        running.api.faults.permit(which)
        await running.follows("allowed")
    [said] = running.program.events("api_server_refuses")
    assert "ingresses" in said["problem"]


async def test_busy_and_failing_answers(running: Running) -> None:
    """429 with Retry-After and 500 are tried again."""
    busy, failing = running.count("watch", 429), running.count("watch", 500)
    async with running.unharmed():
        running.api.faults.answer(429, retry_after=1, which=Which(verb="watch"))
        running.api.faults.answer(500, times=3, which=Which(verb="watch"))
        running.api.faults.cut_watches()
        await running.asked("watch", 429, busy)
        await running.asked("watch", 500, failing + 2)
        await running.follows("patient")


async def test_kinds_overtake_each_other_and_come_twice(running: Running) -> None:
    """An Ingress before its Service, and events again: the state is the same."""
    async with running.unharmed():
        running.api.faults.hold("Service")
        await running.pods.service("other")
        running.cluster.ingress("other", "other.test", "other")
        await running.serves("other.test", 503)
        running.api.faults.release("Service")
        await running.serves("other.test")
        for kind in ("Ingress", "Service", "EndpointSlice"):
            running.api.faults.repeat(kind, 5)
        await running.follows("twice")


async def test_the_controller_is_killed(running: Running) -> None:
    """NGINX serves on; the next controller brings what changed meanwhile."""
    async with running.unharmed():
        await running.program.kill()
        running.cluster.ingress("meanwhile", "meanwhile.test", "web")
        running.program = running.make()
        running.program.start()
        await running.program.ready()
        await running.serves("meanwhile.test")
        await running.follows("after")


async def test_a_controller_that_cannot_start_leaves_what_serves(running: Running) -> None:
    """It ends with status 2 and the missing rule, and NGINX serves on until one comes that can."""
    secrets = Which("list", "secrets")
    async with running.unharmed():
        await running.program.kill()
        running.api.faults.forbid(secrets)
        running.program = running.make()
        running.program.start()
        assert await running.program.ended() == 2
        assert 'resources: ["secrets"], verbs: ["list"]' in running.program.last_words()
        running.api.faults.permit(secrets)
        running.program = running.make()
        running.program.start()
        await running.program.ready()
        await running.follows("again")


@pytest.mark.skipif(not SOAK, reason="a silent connection is given up after a minute and a half")
async def test_connections_go_silent(running: Running) -> None:
    """Half-open connections, which nothing ends, are noticed by their silence."""
    async with running.unharmed():
        running.api.faults.stall()
        running.cluster.ingress("unheard", "unheard.test", "web")
        await until_seen(running.target("unheard.test"), lambda seen: seen.status == 200, SILENCE)
        await running.follows("heard")
