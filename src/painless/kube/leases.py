"""One Lease at the API server: reads it and writes it, and keeps what others have put there.

A write is refused with ``Conflict`` when the Lease is another one than was read.  What a Lease means is
``lease``'s and ``turns``' to say.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Struct

from painless.kube.bodies import converted, decoded
from painless.kube.client import Client
from painless.kube.errors import NotFound

Tree = dict[str, Any]
"""A Lease as it was read; the fields that nobody here knows are in it, too."""


class Lease(Struct, frozen=True, rename="camel"):
    """What a Lease says; an empty holder has released it."""

    holder_identity: str | None = None
    lease_duration_seconds: int | None = None
    acquire_time: str | None = None
    renew_time: str | None = None
    lease_transitions: int | None = None


class LeaseStore:
    """A Lease of this name; ``within`` are the seconds for one call."""

    def __init__(
        self, client: Client, namespace: str, name: str, *, within: float, wall: Callable[[], float]
    ) -> None:
        self._client = client
        self._metadata = {"name": name, "namespace": namespace}
        self._within = within
        self._wall = wall
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self.path = f"{self._collection}/{name}"

    async def read(self) -> Tree | None:
        """Return the Lease, if there is one; raises ``KubeError``."""
        try:
            return decoded(await self._client.call("GET", self.path, within=self._within), Tree)
        except NotFound:
            return None

    async def write(
        self, tree: Tree | None, spec: Mapping[str, object], annotations: Mapping[str, str] | None = None
    ) -> Tree:
        """Change what was read, or make a Lease; return what it is now.  Raises ``KubeError``."""
        method, path = ("POST", self._collection) if tree is None else ("PUT", self.path)
        if tree is None:
            tree = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": self._metadata}
        metadata = tree["metadata"]
        if annotations:
            metadata = {**metadata, "annotations": {**(metadata.get("annotations") or {}), **annotations}}
        made = {**tree, "metadata": metadata, "spec": {**(tree.get("spec") or {}), **spec}}
        body = msgspec.json.encode(made)
        return decoded(await self._client.call(method, path, body=body, within=self._within), Tree)

    def now(self) -> str:
        """Return the time of day as Leases have it; for people, since nobody compares clocks."""
        return dt.datetime.fromtimestamp(self._wall(), dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def lease_of(tree: Tree) -> Lease:
    """Return what a Lease says."""
    return converted(tree.get("spec") or {}, Lease)
