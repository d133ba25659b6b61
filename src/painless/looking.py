"""What the page is shown of the controller, put together when somebody looks."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from painless.controller.history import History
from painless.controller.loop import Controller
from painless.controller.status import Status
from painless.explain.answer import Explanation
from painless.explain.asked import Request
from painless.model.objects import EndpointSlice
from painless.model.snapshot import Name
from painless.observe.tally import Answered
from painless.outside import Outside
from painless.web.page import Seen

COUNTS = 1.0
"""Seconds that counts of requests may take to come: what is shown without them is not late for it."""


class Looks:
    """The controller, as far as the page looks at it."""

    def __init__(
        self,
        controller: Controller,
        outside: Outside,
        history: History,
        status: Callable[[], Awaitable[Status]],
        doctor: Callable[[], bytes],
    ) -> None:
        self._controller = controller
        self._outside = outside
        self._history = history
        self._status = status
        self._doctor = doctor

    async def see(self) -> Seen:
        answered = await self._answered()
        status = await self._status()
        picture = self._controller.picture
        return Seen(
            at=time.time(),
            status=status,
            compiled=picture.compiled,
            findings=picture.diagnostics,
            without_pods=self._outside.responder.without_pods,
            history=self._history.entries,
            answered=answered,
            counts=self._outside.counting is not None,
            doctor=self._doctor,
        )

    def slices(self, service: Name) -> tuple[EndpointSlice, ...]:
        return self._controller.slices(service)

    def services_at(self, address: str) -> tuple[Name, ...]:
        return self._controller.services_at(address)

    async def explain(self, asked: Request) -> Explanation:
        return await self._controller.explaining.explain(asked)

    async def _answered(self) -> dict[str, Answered] | None:
        if (counting := self._outside.counting) is None:
            return None
        try:
            async with asyncio.timeout(COUNTS):
                return await counting.by_host()
        except TimeoutError:
            return None
