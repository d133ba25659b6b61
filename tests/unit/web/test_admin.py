"""The admin socket: who may open it, and what asking may cost."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession, UnixConnector

from painless.controller.ports import WorldError
from painless.controller.pricing import Asked
from painless.controller.status import Status
from painless.model.diagnostics import Reason
from painless.model.objects import ObjectRef
from painless.plan.changes import Effect
from painless.plan.price import Price
from painless.web.admin import LONGEST, SOCKET, Bounds, listen, serve_admin
from painless.web.planned import NotUnderstood, asked

STATUS = Status(version="1", nginx="1.31.3", ready=True)
META = {"name": "web", "namespace": "shop"}
INGRESS = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": META, "spec": {"rules": [{}]}}


async def stating() -> Status:
    return STATUS


class Slow:
    """Answers when it is told to; ``asked`` are the questions."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.go_on = asyncio.Event()

    async def price(self, asked: Asked, threads: Executor) -> Price:
        self.asked.append(asked)
        await self.go_on.wait()
        return Price(effect=Effect.NONE)


class Failing:
    async def price(self, asked: Asked, threads: Executor) -> Price:
        raise WorldError("the API server is away")


@asynccontextmanager
async def client(state: Path, pricing: Slow | Failing, bounds: Bounds) -> AsyncIterator[ClientSession]:
    async with (
        serve_admin(state, stating, pricing, bounds),
        ClientSession("http://painless", connector=UnixConnector(str(state / SOCKET))) as session,
    ):
        yield session


async def test_only_its_owner_may_open_it(tmp_path: Path) -> None:
    """From the first moment, and over what a killed controller has left; nothing is left at the end."""
    (tmp_path / SOCKET).write_text("left")
    with listen(tmp_path / SOCKET):
        assert stat.S_IFSOCK | 0o600 == (tmp_path / SOCKET).stat().st_mode
    async with client(tmp_path, Slow(), Bounds()) as session:
        assert "1" == json.loads(await (await session.get("/v1/status")).read())["version"]
    assert not (tmp_path / SOCKET).exists()


async def test_a_long_path_is_said_and_done_without(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A controller serves on whatever becomes of its socket."""
    long = tmp_path / ("x" * LONGEST)
    long.mkdir()
    async with serve_admin(long, stating, Slow()):
        assert ["admin_unavailable"] == [one.getMessage() for one in caplog.records]
    assert f"{LONGEST} at most" in caplog.records[0].fields["problem"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        (
            "POST",
            "/v1/plan",
            b"x" * 2000,
            413,
            "found a body of more than 1000 bytes, expected at most so many",
        ),
        ("POST", "/v1/plan", b"[]", 400, "found no request, expected objects as JSON in apply and delete: "),
        ("POST", "/v1/plan", b'{"apply": [1]}', 400, "found no request, expected objects as JSON in "),
        ("POST", "/v1/plan", b'{"drop": []}', 400, "found no request, expected objects as JSON in "),
        ("GET", "/v1/plan", b"", 405, "found another request, expected GET /v1/status or POST /v1/plan"),
        ("GET", "/", b"", 404, "found another request, expected GET /v1/status or POST /v1/plan"),
        ("POST", "/v1/plan", b"{}", 502, "the API server is away"),
    ],
)
async def test_every_failure_is_a_sentence(tmp_path: Path, method, path, body, status, says) -> None:
    async with client(tmp_path, Failing(), Bounds(largest=1000)) as session:
        response = await session.request(method, path, data=body)
        assert (status, True) == (response.status, (await response.json())["says"].startswith(says))


async def test_so_many_at_a_time_and_no_more(tmp_path: Path) -> None:
    """Further plans are refused at once, how things stand is still said, and those that wait are answered."""
    slow = Slow()
    async with client(tmp_path, slow, Bounds(waiting=2)) as session, asyncio.TaskGroup() as group:
        waiting = [group.create_task(session.post("/v1/plan", data=b"{}")) for _ in range(2)]
        async with asyncio.timeout(10):
            while len(slow.asked) < 2:
                await asyncio.sleep(0.01)
        refused = await session.post("/v1/plan", data=b"{}")
        fine = await session.get("/v1/status")
        slow.go_on.set()
        answers = [(await one).status for one in waiting]
    assert (503, 200, [200, 200]) == (refused.status, fine.status, answers)


async def test_whoever_is_slow_is_not_waited_for(tmp_path: Path) -> None:
    async with client(tmp_path, Slow(), Bounds(answer_within=0.05)) as session:
        response = await session.post("/v1/plan", data=b"{}")
        assert (504, "there was no answer within 0.05 seconds") == (
            response.status,
            (await response.json())["says"],
        )


def test_a_change_is_read_as_kubectl_would_apply_it() -> None:
    """Lists are their items, the last of a name counts, and what is wrong is a finding about the object."""
    broken = {**INGRESS, "metadata": {**META, "name": "Wrong!"}}
    some = {"apiVersion": "v1", "kind": "List", "items": [INGRESS, INGRESS, broken]}
    found = asked(json.dumps({"apply": [some], "diff": True}).encode())
    assert not isinstance(found, NotUnderstood)
    assert [ObjectRef("Ingress", "shop", "web")] == [one.ref for one in found.upserts]
    assert ([Reason.INVALID_OBJECT], True) == ([one.reason for one in found.found], found.diff)


def test_deployments_beside_them_are_nothing_to_tell() -> None:
    body = {"delete": [INGRESS, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}}]}
    assert Asked((), (ObjectRef("Ingress", "shop", "web"),)) == asked(json.dumps(body).encode())


def test_however_deep_it_is() -> None:
    assert isinstance(asked(b'{"apply": [' + b'{"a":' * 100_000), NotUnderstood)
