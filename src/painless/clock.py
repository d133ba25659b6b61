"""The machine's clock, as the controller's port has it."""

import asyncio
import time


class RealClock:
    """Time that passes by itself."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
