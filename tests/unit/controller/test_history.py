"""What happened lately: bounded, the newest first, each load with what it changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from painless.controller.history import COMPARED, ENTRIES, LETTERS, LINES, History, What, bounded
from painless.controller.status import Load
from painless.nginx.generation import MAIN, Generation


def generation(name: str, *lines: str) -> Generation:
    return Generation(name, {MAIN: "".join(f"{one}\n" for one in lines)})


def load(name: str) -> Load:
    return Load("2026-01-01T00:00:00Z", name, 1, ("added Ingress shop/web",))


class Runs:
    """What runs at the moment."""

    def __init__(self) -> None:
        self.live: Generation | None = None
        self.history = History(lambda: self.live, lambda: "2026-01-01T00:00:01Z")

    def loads(self, one: Generation) -> None:
        self.live = one
        self.history.loaded(load(one.id))


@asynccontextmanager
async def running(history: History) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(history.run())
        yield
        task.cancel()


async def test_each_load_has_what_it_changed() -> None:
    runs = Runs()
    runs.loads(generation("one", "events {", "}"))
    runs.history.happened(What.REFUSED, "about Ingress shop/web: no")
    runs.loads(generation("two", "events {", "    use epoll;", "}"))
    async with running(runs.history), asyncio.timeout(10):
        while runs.history.entries[0].diff is None:
            await asyncio.sleep(0.01)
    first, second, third = runs.history.entries
    assert [(2, What.LOADED), (1, What.REFUSED), (0, What.LOADED)] == [
        (one.number, one.what) for one in (first, second, third)
    ]
    assert (None, True) == (third.diff, "+    use epoll;" in (first.diff or "").splitlines())


async def test_memory_is_bounded_however_often_it_loads() -> None:
    """The last entries stay, with numbers of their own; differences that nobody has made yet are given up."""
    runs = Runs()
    for at in range(ENTRIES + 5):
        runs.loads(generation(f"id-{at}", f"line {at};"))
    assert [ENTRIES + 4, 5] == [runs.history.entries[at].number for at in (0, -1)]
    async with running(runs.history), asyncio.timeout(10):
        while runs.history.entries[0].diff is None:
            await asyncio.sleep(0.01)
    assert 2 == sum(one.diff is not None for one in runs.history.entries)


def test_a_difference_is_bounded_too() -> None:
    """A long one has its first lines, a longer one is only counted, and so are letters."""
    one = generation("one", *(f"a {at};" for at in range(LINES)))
    long = bounded(one, generation("two", *(f"b {at};" for at in range(LINES))))
    wide = bounded(one, generation("two", "x" * 2 * LETTERS))
    most = bounded(one, generation("two", *(f"b {at};" for at in range(COMPARED + 1))))
    assert [LINES + 1, "… and more"] == [len(long.splitlines()), long.splitlines()[-1]]
    assert LETTERS + 20 > len(wide)
    assert f"… {COMPARED + 1} lines lie between the first and the last that differ" in most.splitlines()
