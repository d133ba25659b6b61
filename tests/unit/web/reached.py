"""An admin port on loopback, as it is there or as if others could reach it, and clients for it."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, TCPConnector
from tests.fakes.apiserver import FakeApiServer
from tests.fakes.world import VirtualClock

from painless.controller.pricing import Asked
from painless.controller.status import Status
from painless.demo.ports import LOOPBACK, free_ports
from painless.kube.access import Access
from painless.kube.client import Client
from painless.kube.credentials import Credential, Fixed
from painless.plan.changes import Effect
from painless.plan.price import Price
from painless.reaching import port_of
from painless.sensitive import Sensitive
from painless.settings import Admin
from painless.web.admin import serve_admin

STATUS = Status(version="1", nginx="1.31.3", ready=True)
TOKEN = "a-token-that-nobody-guesses"
OURS, ALICES, BOBS = "our-own", "alice's", "bob's"
KNOWN = {OURS: "system:serviceaccount:painless:painless", ALICES: "alice", BOBS: "bob"}
"""Tokens that an API server knows."""


async def stating() -> Status:
    return STATUS


class Free:
    async def price(self, asked: Asked, threads: Executor) -> Price:
        return Price(effect=Effect.NONE)


class Reached:
    """A running port; time passes for its bounds when the test says so."""

    def __init__(self, settings: Admin) -> None:
        self.settings = settings
        self.clock = VirtualClock()
        self.url = f"{'https' if settings.pair else 'http'}://{LOOPBACK}:{settings.port}"

    async def ask(
        self, path: str = "/v1/status", method: str = "GET", *, token: str = "", **headers: str
    ) -> tuple[int, str]:
        """Send a request on a connection of its own; return the status and what is said."""
        if token:
            headers["Authorization"] = f"Bearer {token}"
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with (
            ClientSession() as client,
            client.request(method, f"{self.url}{path}", headers=sent, allow_redirects=False) as response,
        ):
            return response.status, await response.text()

    def client(self, **more: Any) -> ClientSession:
        return ClientSession(self.url, connector=TCPConnector(limit=0), **more)

    async def raw(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(LOOPBACK, self.settings.port)


@asynccontextmanager
async def reached(
    state: Path,
    api: FakeApiServer | None = None,
    *,
    tokens: str = "",
    **more: Any,
) -> AsyncIterator[Reached]:
    """Run a port with these tokens in a file; what else is said of its settings is ``more``."""
    if tokens:
        more["token_file"] = state / "tokens"
        more["token_file"].write_text(tokens)
    one = Reached(Admin(**{"host": LOOPBACK, "port": free_ports(1)[0], "loopback": False, **more}))
    async with AsyncExitStack() as stack:
        client = None
        if api is not None:
            client = Client(Access(api.url, credentials=Fixed(Credential(token=Sensitive(OURS.encode())))))
            stack.push_async_callback(client.close)
        port = port_of(one.settings, client, one.clock)
        await stack.enter_async_context(serve_admin(state, stating, Free(), port=port))
        yield one
