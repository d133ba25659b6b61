"""The server as tests hold it: where it listens, what is in it, and what goes wrong."""

import asyncio
import functools
import ssl
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import trustme
import yaml
from aiohttp import web
from tests.fakes.apiserver import remote
from tests.fakes.apiserver.access import Allows, rbac
from tests.fakes.apiserver.admission import Admission
from tests.fakes.apiserver.faults import Faults
from tests.fakes.apiserver.http import Answers, Asked
from tests.fakes.apiserver.kinds import NAMESPACE, Json, kind_of
from tests.fakes.apiserver.kubeconfig import kubeconfig
from tests.fakes.apiserver.patches import MERGE
from tests.fakes.apiserver.refusals import Refusal
from tests.fakes.apiserver.store import Store
from tests.fakes.apiserver.writes import Write, Writes, now

HOST = "127.0.0.1"
LARGEST = 3 * 1024 * 1024
"""Bytes of a request's body that a server takes."""

_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")

Objects = Json | str | Iterable[Json]
"""What can be applied: an object, several, or YAML with any number of them."""


class FakeApiServer:
    """One server; it listens while its context is entered."""

    def __init__(
        self,
        *,
        port: int = 0,
        tls: bool = False,
        tokens: Mapping[str, str] = {},
        with_rbac: bool = False,
    ) -> None:
        self.port = port
        self.tokens = dict(tokens)
        self.ca = trustme.CA() if tls else None
        self.store = Store()
        self.admission = Admission()
        self.faults = Faults(self.store, self.tokens, lambda: tuple(self._connections()))
        self._writes = Writes(self.store, self.admission)
        self._answers = Answers(self.store, self._writes, self.faults, self.tokens)
        if with_rbac:
            self._answers.allows = rbac(self.store)
        loop = asyncio.get_running_loop()
        request = functools.partial(web.BaseRequest, loop=loop, client_max_size=LARGEST)
        self._server = web.Server(self._handle, request_factory=request, handler_cancellation=True)
        self._listener: asyncio.Server | None = None
        for name in _NAMESPACES:
            self._namespace(name)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.recover()
        await self.stop()
        await self._server.shutdown(0)
        await self.admission.close()

    async def start(self) -> None:
        """Listen: at first on a free port, later on the same one again."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._server, HOST, self.port, ssl=self._tls())
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse connections and break those that are there; objects stay."""
        if self._listener is None:
            return
        self._listener.close()
        for one in tuple(self._connections()):
            if isinstance(one, asyncio.Transport):
                one.abort()
        await self._listener.wait_closed()
        self._listener = None

    @property
    def authority(self) -> trustme.CA:
        """Return who signed the certificate, and signs those of clients."""
        assert self.ca is not None, "it was made with tls=True"
        return self.ca

    @property
    def url(self) -> str:
        return f"{'https' if self.ca else 'http'}://{HOST}:{self.port}"

    @property
    def requests(self) -> list[Asked]:
        """Return the requests that were understood, oldest first."""
        return list(self._answers.requests)

    @property
    def allows(self) -> Allows:
        """The rule that decides who may do what; assign another one."""
        return self._answers.allows

    @allows.setter
    def allows(self, rule: Allows) -> None:
        self._answers.allows = rule

    @property
    def bookmark_every(self) -> float:
        """The seconds between bookmarks; a real server's are about a minute apart."""
        return self._answers.bookmark_every

    @bookmark_every.setter
    def bookmark_every(self, seconds: float) -> None:
        self._answers.bookmark_every = seconds

    def kubeconfig(
        self,
        path: Path,
        *,
        token: str = "",
        user: str = "",
        token_file: Path | None = None,
        namespace: str = "",
    ) -> Path:
        """Write a kubeconfig; ``user`` gets a client certificate of that name."""
        certificate = self.ca.issue_cert(common_name=user) if self.ca and user else None
        config = kubeconfig(self.url, self.ca, certificate, token, str(token_file or ""), namespace)
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path

    async def apply(self, *objects: Objects) -> None:
        """Create or replace objects as an administrator would; namespaces come into being."""
        for found in _each(objects):
            kind = kind_of(found)
            namespace = found["metadata"].get("namespace", "default") if kind.namespaced else ""
            if namespace and self.store.get(NAMESPACE, "", namespace) is None:
                self._namespace(namespace)
            name = found["metadata"]["name"]
            before = self.store.get(kind, namespace, name)
            write = Write(kind, (namespace, name), manager="test")
            if before is None:
                await self._writes.create(write, found)
            else:
                await self._writes.update(write, found)
            if kind.status and found.get("status"):
                status = Write(kind, (namespace, name), "status", manager="test")
                await self._writes.patch(status, MERGE, {"status": found["status"]})

    def push(self, *objects: Objects) -> None:
        """Keep objects as they are, with neither defaults nor any check: what a real server would refuse."""
        for found in _each(objects):
            kind = kind_of(found)
            metadata = {
                "uid": f"pushed-{self.store.version}",
                "creationTimestamp": now(),
                **found["metadata"],
            }
            if kind.namespaced:
                metadata.setdefault("namespace", "default")
            self.store.put(kind, {**found, "metadata": metadata})

    def get(self, kind: str, name: str, namespace: str = "default") -> Json | None:
        """Return an object, to be read only."""
        of = kind_of(kind)
        found = self.store.get(of, namespace if of.namespaced else "", name)
        return found.object if found else None

    def list(self, kind: str, namespace: str = "") -> list[Json]:
        return [one.object for one in self.store.all(kind_of(kind), namespace)]

    async def patch(
        self, kind: str, name: str, patch: Json, namespace: str = "default", sub: str = ""
    ) -> Json:
        """Change an object by a merge patch; return it as it is then."""
        of = kind_of(kind)
        place = (namespace if of.namespaced else "", name)
        written = await self._writes.patch(Write(of, place, sub, manager="test"), MERGE, patch)
        return written.stored.object

    async def delete(self, kind: str, name: str, namespace: str = "default") -> None:
        """Delete an object; nothing happens when there is none."""
        of = kind_of(kind)
        try:
            await self._writes.delete(Write(of, (namespace if of.namespaced else "", name)), {})
        except Refusal as refusal:
            if refusal.code != 404:
                raise

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path.startswith(remote.PREFIX):
            return await remote.handle(self.push, self.faults, request)
        return await self._answers.handle(request)

    def _namespace(self, name: str) -> None:
        metadata = {"name": name, "labels": {"kubernetes.io/metadata.name": name}}
        shape: Json = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        self.push({**shape, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})

    def _connections(self) -> Iterable[asyncio.BaseTransport]:
        for one in self._server.connections:
            if one.transport is not None:
                yield one.transport

    def _tls(self) -> ssl.SSLContext | None:
        if self.ca is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.ca.issue_cert(HOST, "localhost").configure_cert(context)
        self.ca.configure_trust(context)
        context.verify_mode = ssl.CERT_OPTIONAL
        return context


def _each(objects: Iterable[Objects]) -> Iterable[Json]:
    for one in objects:
        if isinstance(one, str):
            yield from _flat(yaml.load_all(one, Loader=yaml.CSafeLoader))
        elif isinstance(one, dict):
            yield from _flat([one])
        else:
            yield from _flat(one)


def _flat(documents: Iterable[Any]) -> Iterable[Json]:
    for one in documents:
        if one and one["kind"] == "List":
            yield from _flat(one["items"])
        elif one:
            yield one
