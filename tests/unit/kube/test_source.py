"""The cluster as a source, at an API server over real HTTP that misbehaves on demand.

Promise of each: nothing is lost, nothing is left over, and nothing is sent that did not change.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
from tests.fakes.apiserver import FakeApiServer, Which

from painless.clock import RealClock
from painless.controller.ports import Change
from painless.kube.client import IDLE_S, Client
from painless.kube.contact import Contact
from painless.kube.errors import BadAccess
from painless.kube.find import Cluster, find_access
from painless.kube.kubeconfig import Clocks
from painless.kube.reflector import World
from painless.kube.scope import Scope
from painless.kube.source import KubeSource
from painless.model.objects import ConfigMap, EndpointSlice, Object, ObjectRef, Secret
from painless.sensitive import Sensitive

DEADLINE_S = 20.0  # a change takes some milliseconds; a loaded machine may take a while longer
NETWORKING = "networking.k8s.io/v1"


def ingress(name: str, namespace: str = "default", secret: str = "", **metadata: Any) -> dict[str, Any]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    tls = [{"hosts": [f"{name}.example"], "secretName": secret}] if secret else []
    spec = {"defaultBackend": backend, "tls": tls}
    about = {"name": name, "namespace": namespace, **metadata}
    return {"apiVersion": NETWORKING, "kind": "Ingress", "metadata": about, "spec": spec}


def secret(name: str, namespace: str = "default", value: str = "MQ==") -> dict[str, Any]:
    about = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": about, "data": {"k": value}}


def configmap(name: str, value: str = "1", namespace: str = "default") -> dict[str, Any]:
    about = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": about, "data": {"k": value}}


def service(name: str, namespace: str = "default") -> dict[str, Any]:
    about = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Service", "metadata": about, "spec": {"ports": [{"port": 80}]}}


def slice_of(name: str, address: str) -> dict[str, Any]:
    about = {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": "web"}}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": about,
        "addressType": "IPv4",
        "ports": [{"port": 80}],
        "endpoints": [{"addresses": [address]}],
    }


def ref(kind: str, name: str, namespace: str = "default") -> ObjectRef:
    return ObjectRef(kind, namespace, name)


class Reader:
    """Takes changes and keeps what they come to."""

    def __init__(self, source: KubeSource, contact: Contact) -> None:
        self.source = source
        self.contact = contact
        self.has: dict[ObjectRef, Object] = {}
        self.changes: list[Change] = []
        self._moved = asyncio.Event()

    async def read(self) -> None:
        async for change in self.source.changes():
            self.changes.append(change)
            for gone in change.removals:
                del self.has[gone]
            for one in change.upserts:
                assert self.has.get(one.ref) != one, "an equal object is no news"
                self.has[one.ref] = one
            self._moved.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds; looked at after each change, and now and then for what makes none."""
        async with asyncio.timeout(DEADLINE_S):
            while not holds():
                self._moved.clear()
                try:
                    await asyncio.wait_for(self._moved.wait(), 0.02)
                except TimeoutError:
                    continue

    async def until_has(self, *refs: ObjectRef) -> None:
        await self.until(lambda: all(one in self.has for one in refs))

    def lists(self, kind: str) -> int:
        return sum(one.lists for one in self.contact.lines if one.kind == kind)

    def watches(self, kind: str) -> int:
        return sum(one.watches for one in self.contact.lines if one.kind == kind)

    def failed(self) -> int:
        return sum(one.failed for one in self.contact.lines)


def source_of(api: FakeApiServer, scope: Scope, idle: float = IDLE_S) -> tuple[Client, Reader]:
    clock = RealClock()
    client = Client(find_access(Cluster(server=api.url), {}, Clocks(time.time, clock.now)))
    contact = Contact(clock.now)
    world = World(client, clock, random.Random(1).random, contact, idle)
    return client, Reader(KubeSource(world, scope), contact)


@asynccontextmanager
async def reading(api: FakeApiServer, idle: float = IDLE_S, **scope: Any) -> AsyncIterator[Reader]:
    """Run a source until the end of the block, at which it has said everything once."""
    client, reader = source_of(api, Scope(**scope), idle)
    try:
        await reader.source.open()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(reader.source.run()), group.create_task(reader.read())]
            await reader.until(lambda: bool(reader.changes))
            yield reader
            for task in tasks:
                task.cancel()
    finally:
        await client.close()


@contextmanager
def events() -> Iterator[list[str]]:
    """The names of what is logged meanwhile."""
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    logger, handler = logging.getLogger("painless"), Keep()
    before = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)
    logger.setLevel(before)


async def test_the_first_change_has_everything_and_no_more():
    """All kinds, also when a list takes several answers; of Secrets only those that are referred to."""
    async with FakeApiServer() as api:
        await api.apply([ingress(f"i{number}", secret="used") for number in range(1100)])
        await api.apply(secret("used"), secret("unused"), configmap("global"), configmap("other"))
        await api.apply(service("web"), slice_of("web-1", "10.0.0.1"))
        async with reading(api, configmap=("default", "global")) as reader:
            first = reader.changes[0]
            found = {one.ref for one in first.upserts}
            kept = {one for one in found if one.kind in {"Secret", "ConfigMap"}}
    assert first.first
    assert len(found) == 1100 + 4
    assert kept == {ref("Secret", "used"), ref("ConfigMap", "global")}


async def test_every_change_comes():
    """Objects that are new, that change and that go."""
    async with FakeApiServer() as api, reading(api) as reader:
        await api.apply(ingress("a"), slice_of("s", "10.0.0.1"))
        await reader.until_has(ref("Ingress", "a"), ref("EndpointSlice", "s"))
        await api.apply(slice_of("s", "10.0.0.2"))
        moved = ref("EndpointSlice", "s")
        await reader.until(lambda: "10.0.0.2" in str(reader.has[moved]))
        await api.delete("Ingress", "a")
        await reader.until(lambda: ref("Ingress", "a") not in reader.has)
        assert isinstance(reader.has[moved], EndpointSlice)


async def test_what_nobody_reads_is_no_change():
    """The status of an Ingress, which we write ourselves, and labels."""
    async with FakeApiServer() as api:
        await api.apply(ingress("a"))
        async with reading(api) as reader:
            status = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}
            await api.patch("Ingress", "a", status, sub="status")
            await api.patch("Ingress", "a", {"metadata": {"labels": {"x": "y"}}})
            await api.apply(ingress("b"))
            await reader.until_has(ref("Ingress", "b"))
            sent = [one.ref for change in reader.changes[1:] for one in change.upserts]
    assert sent == [ref("Ingress", "b")]


async def test_a_secret_comes_with_the_first_who_refers_to_it_and_goes_with_the_last():
    """It is asked for by name, since it was passed by when it was listed."""
    async with FakeApiServer() as api:
        await api.apply(secret("cert"))
        async with reading(api) as reader:
            await api.apply(ingress("a", secret="cert"))
            await reader.until_has(ref("Ingress", "a"))
            together = {one.ref for one in reader.changes[-1].upserts}
            await api.apply(secret("cert", value="Mg=="))
            expected = Secret("default", "cert", "Opaque", (("k", Sensitive(b"2")),))
            await reader.until(lambda: reader.has[ref("Secret", "cert")] == expected)
            await api.delete("Ingress", "a")
            await reader.until(lambda: not reader.has)
    assert together == {ref("Ingress", "a"), ref("Secret", "cert")}


async def test_who_refers_to_a_secret_that_cannot_be_asked_for_waits_a_moment_only():
    """And the Secret comes when it can be."""
    async with FakeApiServer() as api:
        await api.apply(secret("cert"))
        async with reading(api) as reader:
            which = Which(verb="get", resource="secrets")
            api.faults.forbid(which)
            await api.apply(ingress("a", secret="cert"))
            await reader.until_has(ref("Ingress", "a"))
            before = ref("Secret", "cert") in reader.has
            api.faults.permit(which)
            await reader.until_has(ref("Secret", "cert"))
    assert not before


async def test_what_the_global_configmap_names_is_kept_too():
    """Headers of all answers are in another ConfigMap."""
    about = configmap("global") | {"data": {"add-headers": "default/headers"}}
    async with FakeApiServer() as api:
        await api.apply(configmap("headers"))
        async with reading(api, configmap=("default", "global")) as reader:
            await api.apply(about)
            await reader.until_has(ref("ConfigMap", "global"), ref("ConfigMap", "headers"))
            assert isinstance(reader.has[ref("ConfigMap", "headers")], ConfigMap)


async def test_objects_of_unexpected_shape_are_findings_and_harm_nobody():
    """Neither in a list nor in a watch."""
    odd = {"apiVersion": NETWORKING, "kind": "Ingress", "metadata": {"name": "odd"}, "spec": "nothing"}
    async with FakeApiServer() as api:
        api.push(odd)
        await api.apply(ingress("a"))
        async with reading(api) as reader:
            first = reader.changes[0].diagnostics
            api.push({**odd, "metadata": {"name": "later"}, "spec": {"rules": 5}})
            api.push({**odd, "metadata": {"name": "rude", "annotations": {"a": {"b": 1}}, "labels": 7}})
            await api.apply(ingress("b"))
            await reader.until_has(ref("Ingress", "a"), ref("Ingress", "b"))
            found = {one.about.name for one in reader.changes[-1].diagnostics}
            api.push({**odd, "spec": ingress("odd")["spec"]})
            await reader.until_has(ref("Ingress", "odd"))
            left = {one.about.name for one in reader.changes[-1].diagnostics}
            lists = reader.lists("Ingress")
    assert [one.about for one in first] == [ref("Ingress", "odd")]
    assert (found, left, lists) == ({"odd", "later", "rude"}, {"later", "rude"}, 1)


async def test_a_watch_that_is_cut_goes_on_where_it_was():
    """Without a list, and without a word in the log: connections are cut every day."""
    async with FakeApiServer() as api, reading(api) as reader:
        with events() as logged:
            api.faults.cut_watches()
            await api.apply(ingress("a"))
            await reader.until_has(ref("Ingress", "a"))
        assert (reader.lists("Ingress"), reader.watches("Ingress"), logged) == (1, 2, [])


async def test_a_version_that_is_forgotten_costs_a_list_and_shows_what_went_meanwhile():
    """410 Gone; an object that was deleted while nobody watched is gone, one that is equal is no news."""
    async with FakeApiServer() as api:
        await api.apply(ingress("stays"), ingress("goes"), ingress("changes"))
        async with reading(api) as reader:
            await api.stop()
            await api.delete("Ingress", "goes")
            await api.apply(ingress("changes", secret="s"), ingress("comes"))
            api.faults.compact()
            await api.start()
            await reader.until_has(ref("Ingress", "comes"))
            await reader.until(lambda: ref("Ingress", "goes") not in reader.has)
            names = {one.name for one in reader.has}
            sent = {one.ref.name for change in reader.changes[1:] for one in change.upserts}
            lists = reader.lists("Ingress")
    assert (names, sent, lists) == ({"stays", "changes", "comes"}, {"changes", "comes"}, 2)


async def test_a_server_that_was_restored_from_a_backup_is_listed_anew():
    """Its versions are older than ours: what it never heard of is gone, instead of served for ever."""
    async with FakeApiServer() as api:
        await api.apply(ingress("stays"), ingress("lost"), ingress("too"))
        async with reading(api) as reader:
            await api.stop()
            restored = FakeApiServer(port=api.port)
            await restored.apply(ingress("stays"))
            async with restored:
                await reader.until(lambda: {ref("Ingress", "stays")} == reader.has.keys())


async def test_an_outage_is_told_once_and_its_end_once():
    """While the server is away nothing is sent; what happened meanwhile comes when it is back."""
    async with FakeApiServer() as api, reading(api) as reader:
        with events() as logged:
            await api.stop()
            await reader.until(lambda: "api_server_lost" in logged)
            await reader.until(lambda: reader.failed() > 20)
            during = len(reader.changes)
            await api.apply(ingress("a"))
            await api.start()
            await reader.until_has(ref("Ingress", "a"))
            await reader.until(lambda: "api_server_back" in logged)
    assert (during, logged) == (1, ["api_server_lost", "api_server_back"])


async def test_a_half_open_connection_is_found_by_its_silence():
    """The server is silent and nothing says that it went."""
    async with FakeApiServer() as api:
        api.bookmark_every = 0.1
        async with reading(api, idle=1.0) as reader:
            api.faults.stall()
            await api.apply(ingress("a"))
            await reader.until_has(ref("Ingress", "a"))
            api.faults.recover()
            assert reader.lists("Ingress") == 1


async def test_kinds_may_come_in_any_order_and_events_twice():
    """What belongs together comes to the same in the end."""
    async with FakeApiServer() as api, reading(api) as reader:
        api.faults.hold("Secret")
        await api.apply(secret("cert"), ingress("a", secret="cert"))
        await reader.until_has(ref("Ingress", "a"), ref("Secret", "cert"))
        api.faults.release("Secret")
        api.faults.repeat("Ingress", 1)
        api.faults.repeat("Secret", 1)
        await api.apply(secret("cert", value="Mw=="))
        await reader.until(lambda: "3" in _value(reader.has[ref("Secret", "cert")]))
        assert set(reader.has) == {ref("Ingress", "a"), ref("Secret", "cert")}


def _value(one: Object) -> str:
    assert isinstance(one, Secret)
    found = one.get("k")
    return found.reveal().decode() if found else ""


async def test_a_busy_server_is_asked_again():
    """429 and 500 in the middle of lists and watches."""
    async with FakeApiServer() as api:
        await api.apply(ingress("a"))
        api.faults.answer(429, times=3, retry_after=0)
        async with reading(api) as reader:
            api.faults.answer(500, times=4)
            api.faults.cut_watches()
            await api.apply(ingress("b"))
            await reader.until_has(ref("Ingress", "a"), ref("Ingress", "b"))


async def test_a_permission_that_is_taken_away_and_given_back():
    """What we know stays; it is told once, with the rule that is missing."""
    async with FakeApiServer() as api:
        await api.apply(ingress("a"))
        which = [Which(verb=verb, resource="ingresses") for verb in ("list", "watch")]
        async with reading(api) as reader:
            with events() as logged:
                for one in which:
                    api.faults.forbid(one)
                api.faults.cut_watches("Ingress")
                await reader.until(lambda: reader.failed() > 3)
                kept = set(reader.has)
                for one in which:
                    api.faults.permit(one)
                await api.apply(ingress("b"))
                await reader.until_has(ref("Ingress", "b"))
    assert (kept, logged) == ({ref("Ingress", "a")}, ["api_server_refuses", "api_server_allows_again"])


async def test_what_is_forbidden_at_the_start_is_told_all_at_once():
    """Each with the rule that would allow it."""
    async with FakeApiServer() as api:
        for resource in ("services", "secrets"):
            api.faults.forbid(Which(verb="list", resource=resource))
        client, reader = source_of(api, Scope())
        with pytest.raises(BadAccess) as caught:
            await reader.source.open()
        await client.close()
    rules = [f'resources: ["{one}"], verbs: ["list"]' in str(caught.value) for one in ("services", "secrets")]
    assert rules == [True, True]


async def test_one_namespace_needs_rules_of_that_namespace_only():
    """And of those that flags name; IngressClasses that may not be listed are done without."""

    def only(attempt: Any) -> bool:
        return attempt.namespace in {"shop", "system"}

    async with FakeApiServer() as api:
        api.allows = only
        await api.apply(ingress("in", "shop", secret="cert"), ingress("out", "other"))
        await api.apply(secret("cert", "shop"), configmap("global", namespace="system"))
        with events() as logged:
            async with reading(api, namespace="shop", configmap=("system", "global")) as reader:
                found, reads = set(reader.has), reader.source.reads_classes
    mine = {ref("Ingress", "in", "shop"), ref("Secret", "cert", "shop"), ref("ConfigMap", "global", "system")}
    assert (found, reads, logged) == (mine, False, ["classes_not_readable"])


async def test_namespaces_come_and_go_with_their_labels():
    """A namespace that begins to match brings its objects, one that ceases to takes them along."""
    async with FakeApiServer() as api:
        await api.apply(ingress("a", "one"), ingress("b", "two", secret="cert"), secret("cert", "two"))
        await api.patch("Namespace", "one", {"metadata": {"labels": {"team": "x"}}})
        async with reading(api, selector="team=x") as reader:
            first = set(reader.has)
            await api.patch("Namespace", "two", {"metadata": {"labels": {"team": "x"}}})
            await reader.until_has(ref("Ingress", "b", "two"), ref("Secret", "cert", "two"))
            await api.patch("Namespace", "one", {"metadata": {"labels": {"team": "y"}}})
            await reader.until(lambda: ref("Ingress", "a", "one") not in reader.has)
            last = set(reader.has)
    assert first == {ref("Ingress", "a", "one")}
    assert last == {ref("Ingress", "b", "two"), ref("Secret", "cert", "two")}


async def test_a_slow_receiver_gets_the_difference_and_not_a_queue():
    """Two hundred changes of one object while nobody takes any are one change."""
    async with FakeApiServer() as api:
        await api.apply(ingress("a"))
        client, reader = source_of(api, Scope())
        await reader.source.open()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(reader.source.run())
            changes = reader.source.changes()
            await anext(changes)
            for number in range(200):
                await api.apply(slice_of("s", f"10.0.0.{number}"))
            line = next(one for one in reader.contact.lines if one.kind == "EndpointSlice")
            await reader.until(lambda: line.events == 200)
            second = await anext(changes)
            task.cancel()
        await client.close()
    (only,) = second.upserts
    assert isinstance(only, EndpointSlice)
    assert only.endpoints[0].addresses == ("10.0.0.199",)
