"""When Python's garbage collector runs: over what is young when needed, over all at chosen moments.

Our values hold no cycles, and are gone when nobody holds them; the collector is for what libraries leave.  By
its own rules it would walk all we hold in the middle of a compile or of answering: 0.1 to 0.2 s at 5,000
Ingresses, and a third of the time of a compile.  So what has lived for a while is put aside and not walked.
"""

import asyncio
import gc
from typing import Never

YOUNG = 10_000
"""Objects made until the youngest are walked, which takes 5 ms; by default 700, nearly always for nothing."""

EVERY_S = 60.0
"""Between two walks over what came since the last: some milliseconds, mostly none."""

ALL_EVERY = 60
"""Walks until one goes over what was put aside as well: garbage there stays for an hour at most."""

_NEVER = 1_000_000  # walks over younger objects until one over older ones, which we begin ourselves


def tame() -> None:
    """Leave everything but the youngest to ``keep_collecting``; what is there by now is there to stay."""
    gc.set_threshold(YOUNG, _NEVER, _NEVER)
    gc.freeze()


async def keep_collecting(every: float = EVERY_S, all_every: int = ALL_EVERY) -> Never:
    """Collect now and then, from the event loop: between two of its callbacks."""
    await asyncio.sleep(every)
    # What came of the start is not walked even once: it is the most there will be.
    gc.freeze()
    walks = 0
    while True:
        await asyncio.sleep(every)
        walks += 1
        if walks % all_every == 0:
            gc.unfreeze()
        gc.collect()
        gc.freeze()
