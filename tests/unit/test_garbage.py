"""The collector still finds what nobody holds, however old it is."""

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from painless.garbage import YOUNG, keep_collecting, tame

WITHIN_S = 10.0


class Cycle:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


async def test_a_cycle_is_found_also_when_it_was_put_aside() -> None:
    """Whether it became garbage before or after it was put aside."""
    young, old = Cycle(), Cycle()
    left = [weakref.ref(young), weakref.ref(old)]
    tame()
    async with asyncio.timeout(WITHIN_S), asyncio.TaskGroup() as group:
        del young, old
        task = group.create_task(keep_collecting(every=0.001, all_every=2))
        while any(one() is not None for one in left):
            await asyncio.sleep(0.001)
        task.cancel()


async def test_what_is_held_stays_put_aside() -> None:
    """Nothing that is old is walked by the collector's own rules."""
    tame()
    assert gc.get_count()[0] < YOUNG
    assert gc.get_freeze_count() > 0
    assert gc.get_threshold()[0] == YOUNG
