"""What happens to a request at what NGINX has now: the pure explanation, asked beside the rounds.

The loop's thread only takes what is there; the rest is done in another one.
"""

import asyncio
from collections.abc import Callable

from msgspec import structs

from painless.controller.endpoints import Endpoints
from painless.controller.ports import WorldError
from painless.controller.want import Standing, Want
from painless.explain.answer import Explanation
from painless.explain.asked import Request
from painless.explain.request import request
from painless.explain.scene import Known, upstreams_of
from painless.model.snapshot import Snapshot


class Explaining:
    """Explains requests; one at a time, since whoever asks can wait."""

    def __init__(self, standing: Callable[[], Standing], endpoints: Endpoints) -> None:
        self._standing = standing
        self._endpoints = endpoints
        self._one = asyncio.Lock()
        self._snapshot: tuple[Want, Snapshot] | None = None

    async def explain(self, asked: Request) -> Explanation:
        """Return what happens to a request.  Raises ``WorldError``."""
        async with self._one:
            standing = self._standing()
            served = standing.confirmed
            if served is None:
                raise WorldError("NGINX serves nothing yet; ask again in a moment")
            some = upstreams_of(served.compiled.site, asked)
            peers = {one.name: found for one in some if (found := self._endpoints.peers(one)) is not None}
            return await asyncio.to_thread(self._explained, served, standing, peers, asked)

    def _explained(
        self, served: Want, standing: Standing, peers: dict[str, tuple[str, ...]], asked: Request
    ) -> Explanation:
        if self._snapshot is None or self._snapshot[0] is not served:
            self._snapshot = served, structs.replace(served.taken, objects=served.objects).snapshot()
        return request(Known(served.compiled, self._snapshot[1], standing.options, peers), asked)
