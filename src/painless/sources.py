"""Where objects come from: a folder or a cluster, as the operator said.

Opened before anything that serves is touched: a wrong kubeconfig or an API server that is away ends the
command and nothing else.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from msgspec import Struct

from painless.clock import RealClock
from painless.controller.ports import Change
from painless.folder.others import read_trees
from painless.folder.source import FolderSource, read_folder
from painless.kube.access import Access
from painless.kube.addresses import Published, Surroundings
from painless.kube.bodies import decoded
from painless.kube.client import Client
from painless.kube.contact import Contact
from painless.kube.errors import KubeError
from painless.kube.find import Cluster, find_access
from painless.kube.kubeconfig import Clocks
from painless.kube.reflector import World
from painless.kube.scope import Scope
from painless.kube.source import KubeSource
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Object
from painless.observe import logs
from painless.observe.apiserver import Line
from painless.settings import Settings, SettingsError, environment
from painless.wire import names


class InCluster(Struct, frozen=True):
    """A cluster that can be used: whatever else asks the API server uses the same client."""

    client: Client
    source: KubeSource
    contact: Contact

    def lines(self) -> Iterable[Line]:
        """Return how things stand, for the metrics."""
        now = self.contact.now()
        for one in self.contact.lines:
            yield Line(one.kind, now - one.heard, one.events, one.lists, one.watches, one.failed)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[InCluster | None]:
    """Open the cluster; nothing when objects come from a folder.  Raises ``KubeError`` with a sentence."""
    if settings.source is not None:
        _refuse_both(settings)
        yield None
        return
    clock, access = RealClock(), _access(settings)
    client, contact = Client(access), Contact(clock.now)
    try:
        source = KubeSource(World(client, clock, random.random, contact), _scope(settings))
        await source.open()
        logs.event("cluster_found", server=access.server, why=access.why)
        yield InCluster(client, source, contact)
    finally:
        await client.close()


async def zone_of(settings: Settings, cluster: InCluster | None) -> str:
    """Return the zone whose endpoints come first; empty, and told, when it is wanted and not known."""
    if not settings.topology_aware:
        return ""
    zone, why = "", "POD_NAME and POD_NAMESPACE are not set"
    if cluster is not None and settings.pod is not None:
        why = "our node has no label topology.kubernetes.io/zone"
        try:
            zone = await Surroundings(cluster.client, settings.pod, Published()).zone()
        except KubeError as problem:
            why = str(problem)
    if not zone:
        logs.event("zone_unknown", level=logging.WARNING, why=f"{why}: endpoints of all zones are asked")
    return zone


def changes_of(settings: Settings, cluster: InCluster | None) -> AsyncIterator[Change]:
    """Return the changes of whatever the objects come from."""
    if cluster is not None:
        return cluster.source.changes()
    assert settings.source is not None, "without a cluster there is a folder"
    return FolderSource(settings.source).changes()


class Read(Struct, frozen=True):
    """All objects as they are now, what is wrong with them, and whether classes are among them."""

    objects: tuple[Object, ...]
    diagnostics: tuple[Diagnostic, ...]
    classes: bool = True


def trusts_loopback(settings: Settings) -> bool:
    """Whoever writes a folder has this machine; whoever writes to an API server may not."""
    return settings.source is not None or settings.allow_loopback_endpoints


def read_once(settings: Settings) -> Read:
    """Return what there is, without following it."""
    if settings.source is None:
        return asyncio.run(_read_cluster(settings))
    _refuse_both(settings)
    return Read(*read_folder(settings.source))


async def _read_cluster(settings: Settings) -> Read:
    async with opened(settings) as cluster, asyncio.TaskGroup() as group:
        assert cluster is not None, "without a folder there is a cluster"
        run = group.create_task(cluster.source.run())
        changes = cluster.source.changes()
        first = await anext(changes)
        await changes.aclose()
        run.cancel()
        return Read(first.upserts, first.diagnostics, cluster.source.reads_classes)


def read_workloads(settings: Settings, kind: str) -> tuple[object, ...]:
    """Return what runs Pods, of this kind of the group ``apps``, as trees.  Raises ``KubeError``."""
    if settings.source is None:
        return (asyncio.run(_read_workloads(settings, kind)),)
    return tuple(read_trees(settings.source, kind))


async def _read_workloads(settings: Settings, kind: str) -> object:
    within = f"namespaces/{settings.watch_namespace}/" if settings.watch_namespace else ""
    client = Client(_access(settings))
    try:
        return decoded(await client.call("GET", f"/apis/apps/v1/{within}{kind.lower()}s"), Any)
    finally:
        await client.close()


def _access(settings: Settings) -> Access:
    flags = Cluster(settings.kubeconfig, settings.apiserver_host, settings.certificate_authority)
    return find_access(flags, environment(), Clocks(time.time, RealClock().now))


def _scope(settings: Settings) -> Scope:
    namespace = settings.watch_namespace
    if namespace and settings.watch_namespace_selector:
        raise SettingsError("--watch-namespace and --watch-namespace-selector exclude each other")
    if namespace and not names.is_label(namespace):
        # It becomes part of the paths that the API server is asked for.
        raise SettingsError(f'--watch-namespace: found "{namespace}", expected the name of one namespace')
    return Scope(
        namespace=namespace,
        selector=settings.watch_namespace_selector,
        prefix=settings.annotations_prefix,
        configmap=settings.configmap,
        default_backend=settings.default_backend,
        default_certificate=settings.default_certificate,
        services=tuple(filter(None, (settings.tcp_services, settings.udp_services))),
    )


def _refuse_both(settings: Settings) -> None:
    given = {
        "--kubeconfig": settings.kubeconfig,
        "--apiserver-host": settings.apiserver_host,
        "--watch-namespace": settings.watch_namespace,
        "--watch-namespace-selector": settings.watch_namespace_selector,
        "--publish-service": settings.publish_service,
        "--publish-status-address": settings.publish_status_address,
    }
    for flag, value in given.items():
        if value:
            raise SettingsError(f"{flag} is about a cluster and --source names a folder, expected one")
