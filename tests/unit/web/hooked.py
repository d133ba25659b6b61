"""A webhook on loopback with a certificate of its own, and what an API server would ask it."""

import asyncio
import io
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trustme
from aiohttp import ClientSession, TCPConnector
from tests.builders import OPTIONS

from painless.controller.admission import Admission
from painless.controller.inbox import Inbox
from painless.demo.ports import LOOPBACK, free_ports
from painless.model.objects import Object
from painless.settings import Webhook
from painless.web.webhook import BOUNDS, PATH, Bounds, Judge, Reviewed, serve_webhook

Raw = dict[str, Any]


class Heard:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.reviews: list[Reviewed] = []
        self.unanswered_for: list[str] = []
        self.certificates: list[str] = []

    def reviewed(self, one: Reviewed) -> None:
        self.reviews.append(one)

    def unanswered(self, says: str) -> None:
        self.unanswered_for.append(says)

    def certificate(self, problem: str) -> None:
        self.certificates.append(problem)


class Hook:
    """A running webhook and a client that trusts it."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.settings = Webhook(LOOPBACK, free_ports(1)[0], folder / "tls.crt", folder / "tls.key")
        self.heard = Heard()
        self.issue()

    def issue(self) -> None:
        """Write another certificate, one file after the other."""
        pair = self.authority.issue_cert(LOOPBACK)
        pair.private_key_pem.write_to_path(self.settings.key)
        self.settings.certificate.write_bytes(b"".join(one.bytes() for one in pair.cert_chain_pems))

    @property
    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def client(self) -> ClientSession:
        return ClientSession(
            f"https://{LOOPBACK}:{self.settings.port}", connector=TCPConnector(ssl=self.trusting, limit=0)
        )

    async def ask(self, review: Raw | bytes, path: str = PATH) -> tuple[int, Raw]:
        """Send one request on a connection of its own; return the status and the body."""
        body = review if isinstance(review, bytes) else json.dumps(review).encode()
        async with self.client() as client, client.post(path, data=io.BytesIO(body)) as response:
            return response.status, json.loads(await response.read())

    async def verdict(self, review: Raw) -> Raw:
        """Return the part of an answer that decides."""
        status, answer = await self.ask(review)
        assert (200, "admission.k8s.io/v1", "AdmissionReview") == (
            status,
            answer["apiVersion"],
            answer["kind"],
        )
        found: Raw = answer["response"]
        return found


def admission(*here: Object, listed: bool = True) -> Admission:
    inbox = Inbox()
    inbox.take(here, ())
    return Admission(inbox, OPTIONS, lambda: listed)


@asynccontextmanager
async def hooked(folder: Path, judge: Judge, bounds: Bounds = BOUNDS) -> AsyncIterator[Hook]:
    hook = Hook(folder)
    async with serve_webhook(hook.settings, judge, hook.heard, bounds):
        yield hook


def review(new: Raw | None, operation: str = "CREATE", old: Raw | None = None, **more: Any) -> Raw:
    """Return what the API server sends."""
    request = {
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "networking.k8s.io", "version": "v1", "kind": "Ingress"},
        "operation": operation,
        "namespace": "shop",
        "object": new,
        "oldObject": old,
        **more,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}


def manifest(name: str, *paths: str, host: str = "web.example", **metadata: Any) -> Raw:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": "shop",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": "kubectl"}],
            **metadata,
        },
        "spec": {
            "ingressClassName": "nginx",
            "rules": [
                {
                    "host": host,
                    "http": {
                        "paths": [{"path": one, "pathType": "Prefix", "backend": backend} for one in paths]
                    },
                }
            ],
        },
        "status": {"loadBalancer": {}},
    }


@asynccontextmanager
async def raw(hook: Hook) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Yield a TLS connection on which anything can be said."""
    reader, writer = await asyncio.open_connection(LOOPBACK, hook.settings.port, ssl=hook.trusting)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
