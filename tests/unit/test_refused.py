"""What bulkheads refuse is counted by Service, and news when it begins."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from tests.builders import CLASS, OPTIONS, ingress, path, rule, service
from tests.fakes.world import VirtualClock

from painless.compiler import compile_snapshot
from painless.compiler.site import Site
from painless.model.objects import Object, ObjectRef
from painless.model.snapshot import snapshot_of
from painless.refused import QUIET, Refused

WEB = ("shop", "web", "80")


class Quiet:
    """An NGINX that writes nothing by itself."""

    def reopen_logs(self) -> None:
        return

    def open_files(self) -> frozenset[str]:
        return frozenset()


class Booth:
    """Refusals of a folder, and who was told."""

    def __init__(self, folder: Path) -> None:
        self.clock = VirtualClock()
        self.refused = Refused(folder, Quiet(), self.clock)
        self.told: list[tuple[str, tuple[ObjectRef, ...]]] = []
        self._file = folder / "inflight_refused"

    async def comes(self, text: str) -> None:
        with self._file.open("a") as file:
            file.write(text)
        await self.refused.look(_site, lambda *one: self.told.append(one))


def _site() -> Site:
    shared = rule("a.example", path("/", "web")), rule("b.example", path("/", "web"))
    made = (ingress(f"of-{at}", one) for at, one in enumerate(shared))
    objects: tuple[Object, ...] = (CLASS, service("web"), *made)
    return compile_snapshot(snapshot_of(objects), OPTIONS).site


@pytest_asyncio.fixture
async def booth(tmp_path: Path) -> AsyncIterator[Booth]:
    made = Booth(tmp_path)
    async with made.refused:
        yield made


async def test_upstreams_of_a_port_are_one(booth: Booth) -> None:
    """What is special about an upstream is no label; a line that is torn or none of ours is not counted."""
    await booth.comes("shop.web.80\nshop.web.80.least_conn\nshop.other.http\nnonsense\nshop.we")
    assert {WEB: 2, ("shop", "other", "http"): 1} == booth.refused.so_far()
    await booth.comes("b.80\n")
    assert 3 == booth.refused.so_far()[WEB]


async def test_it_is_news_once_until_it_was_quiet(booth: Booth) -> None:
    """Every Ingress that sends requests there is told; what refuses all the time is told once."""
    owners = tuple(ObjectRef("Ingress", "shop", f"of-{at}") for at in range(2))
    for _ in range(3):
        await booth.comes("shop.web.80\n" * 5)
        await booth.clock.pass_(QUIET - 1)
    assert [("shop.web.80", owners)] == booth.told
    await booth.clock.pass_(QUIET)
    await booth.comes("shop.web.80\n")
    assert [("shop.web.80", owners)] * 2 == booth.told


async def test_what_nobody_serves_any_more_is_counted(booth: Booth) -> None:
    """There is nobody to tell."""
    await booth.comes("shop.gone.80\n")
    assert ({("shop", "gone", "80"): 1}, []) == (booth.refused.so_far(), booth.told)
