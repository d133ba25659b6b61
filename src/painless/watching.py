"""Looks at NGINX's accept queues and limits all the time, and says what is seen: metrics, logs, whoever asks.

What is read is read in a thread; what it means is decided by pure functions of ``plan``.  A look that fails
tells so once and is taken again; nothing that is served depends on it.
"""

import asyncio
import logging
from collections.abc import Callable

from msgspec import structs

from painless.controller.ports import Clock
from painless.kernel import cgroup, memory, netstat
from painless.nginxd.accepting import Accepting
from painless.nginxd.limits import facts, short_of_files, shutdown_timeout
from painless.observe import logs
from painless.observe.accepting import Memory, Watched
from painless.plan.accepting import Sample
from painless.plan.capacity import capacity
from painless.plan.queues import News, took

LOOK = 1.0
"""Seconds between two samples, so that a drop is told within two."""
GLANCES = 4
"""Looks at the workers' states for each sample: one that is stopped half a second at a time is seen."""
COUNT = 10
"""Samples for each count of connections, which looks at all of them; an autoscaler asks each 15 s."""


class Watching:
    """What was seen last; ``text`` returns the main file that NGINX runs."""

    def __init__(self, accepting: Accepting, text: Callable[[], str], clock: Clock) -> None:
        self._accepting = accepting
        self._text = text
        self._clock = clock
        self._seen = Watched()
        self._looks = 0
        self._missing: frozenset[str] = frozenset()
        self._short: tuple[str, ...] = ()
        self._problem = ""

    def seen(self) -> Watched:
        """Return it; any thread may ask."""
        return self._seen

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                news = await asyncio.to_thread(self._look)
            except OSError as problem:
                self._failed(str(problem))
            else:
                self._problem = ""
                self._tell(news)
            for _ in range(GLANCES):
                await self._clock.sleep(LOOK / GLANCES)
                await asyncio.to_thread(self._accepting.glance)

    def _look(self) -> News:
        sample = self._accepting.sample()
        queues, news = took(self._seen.queues, sample, self._clock.now())
        seen = structs.replace(
            self._seen, queues=queues, counters=netstat.tcp_counters(), sysctls=netstat.sysctls()
        )
        if sample is None:
            seen = structs.replace(seen, capacity=None, facts=None, memory=Memory(), shutdown_timeout=None)
        elif seen.capacity is None or self._looks % COUNT == 0:
            seen = self._counted(seen, sample)
        seen = structs.replace(seen, missing=(*self._accepting.missing, *self._short))
        self._looks += 1
        self._seen = seen
        return news

    def _counted(self, seen: Watched, sample: Sample) -> Watched:
        text, use = self._text(), memory.use(cgroup.seen("memory", sample.master))
        left = None if use.limit is None or use.used is None else use.limit - use.used
        found = facts(sample, text, left)
        self._short = short_of_files(found, text)
        return structs.replace(
            seen,
            capacity=capacity(found),
            facts=found,
            memory=Memory(use.used, use.limit, use.kills),
            shutdown_timeout=shutdown_timeout(text),
        )

    def _tell(self, news: News) -> None:
        for one in news.told:
            logs.event(
                "accept_queue_overflowed",
                level=logging.WARNING,
                listen=one.listen,
                worker=one.worker,
                drops=one.drops,
                cause=one.cause.value,
                evidence=one.evidence,
                remedy=one.remedy,
            )
        for over in news.over:
            logs.event(
                "accept_queue_recovered",
                listen=over.latest.listen,
                drops=over.drops,
                causes=over.causes,
                seconds=round(over.seconds, 1),
            )
        for right in sorted({*self._seen.missing} - self._missing):
            logs.event("right_missing", level=logging.WARNING, needs=right, then="all serves on without it")
        self._missing |= {*self._seen.missing}

    def _failed(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            logs.event(
                "queues_unseen", level=logging.WARNING, problem=problem, then="they are looked at again"
            )
