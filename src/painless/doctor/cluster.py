"""Objects of a cluster, for checks: read-only lists, a page at a time, all kinds at once.

Each kind by itself: one that may not be listed is missing, with the rule that would allow it.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from painless.clock import RealClock
from painless.doctor.objects import SOURCES, Listed, Source
from painless.doctor.parts import Part, part_of
from painless.kube.access import Access
from painless.kube.bodies import decoded
from painless.kube.client import Client
from painless.kube.errors import BadAccess, Gone, KubeError, NotFound
from painless.kube.find import Cluster, find_access
from painless.kube.kubeconfig import Clocks
from painless.settings import environment

PAGE = 500  # Objects of one answer: 1 to 2 MB and some milliseconds of work at a time.
_NOT_KEPT = {
    "Pod": ("spec.volumes", "spec.initContainers", "metadata.managedFields"),
    "Ingress": ("metadata.managedFields",),
    "Service": ("metadata.managedFields",),
    "EndpointSlice": ("metadata.managedFields",),
}
"""What no check asks about, of kinds of which there are thousands."""


def read(flags: Cluster) -> Listed:
    """Return what a cluster has; a server that is not found or does not answer is a problem."""
    try:
        access = find_access(flags, environment(), Clocks(time.time, RealClock().now))
    except BadAccess as cause:
        missing = {one.kind.name: str(cause) for one in SOURCES}
        return Listed({}, missing, "a cluster", problems=(str(cause),))
    return asyncio.run(_read(access))


async def _read(access: Access) -> Listed:
    client = Client(access)
    try:
        return await list_all(client)
    finally:
        await client.close()


async def list_all(client: Client) -> Listed:
    """Return what the server behind a client has; nothing of it raises."""
    found = await asyncio.gather(*(_list(client, one) for one in SOURCES))
    objects: dict[str, tuple[Part, ...]] = {}
    missing: dict[str, str] = {}
    for source, one in zip(SOURCES, found, strict=True):
        if isinstance(one, str):
            missing[source.kind.name] = one
        else:
            objects[source.kind.name] = one
    # Who may list nothing at all has asked the wrong server, or as the wrong user.
    problems = tuple(dict.fromkeys(missing.values())) if not objects else ()
    return Listed(objects, missing, f"the API server {client.server}", problems=problems[:1])


async def _list(client: Client, source: Source) -> tuple[Part, ...] | str:
    kind = source.kind
    for last in (False, True):
        try:
            return tuple([one async for one in _pages(client, kind.path(), kind.name, kind.fields)])
        except NotFound as cause:
            return () if source.optional else str(cause)
        except Gone as cause:
            # The server forgot the version between two pages.
            if last:
                return str(cause)
        except KubeError as cause:
            return str(cause)
    raise AssertionError("the last try returns")


async def _pages(client: Client, path: str, kind: str, fields: str) -> AsyncIterator[Part]:
    query = {"limit": str(PAGE)} | ({"fieldSelector": fields} if fields else {})
    while True:
        page = decoded(await client.call("GET", path, query=query), dict[str, Any])
        items = page.get("items")
        for one in items if isinstance(items, list) else ():
            if isinstance(one, dict):
                yield _pruned(part_of({"kind": kind, **one}))
        metadata = page.get("metadata")
        more = metadata.get("continue") if isinstance(metadata, dict) else None
        if not more:
            return
        query["continue"] = str(more)


def _pruned(one: Part) -> Part:
    for path in _NOT_KEPT.get(one.ref.kind, ()):
        *before, last = path.split(".")
        holder = one.at(".".join(before)).value
        if isinstance(holder, dict):
            holder.pop(last, None)
    return one
