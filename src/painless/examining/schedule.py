"""When the doctor looks at a running controller, and what it said last.

Promises that looking costs less than a hundredth of a processor over time, however large the configuration
is; that a look that hangs or has no room is given up, and said; and that nothing that is served waits for it.
"""

import asyncio
import logging
import resource
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct, structs

from painless.controller.picture import Picture
from painless.controller.ports import Clock, WorldError
from painless.controller.status import DoctorStatus, Status
from painless.doctor.check import Severity
from painless.doctor.narrow import silenced
from painless.doctor.owners import of_picture, owned, places
from painless.doctor.rules import Rules, Silence
from painless.doctor.rulesfile import NotReadable, read_rules, today
from painless.doctor.run import Report, Result
from painless.examining.shared import Orders
from painless.kernel import cgroup, memory
from painless.observe import logs
from painless.observe.doctor import Examined

COMMAND = (sys.executable, "-P", "-m", "painless.examining")
LISTED = 5  # Findings above low that ``painless status`` shows; the report has all.


class Pace(Struct, frozen=True):
    """Seconds: ``every`` between two looks (0: never), the ``first`` of them, and ``calm`` before another.

    What NGINX runs is compared at each ``glance``: when it changed, the next look comes sooner.
    """

    every: float = 600.0
    glance: float = 5.0
    within: float = 300.0

    @property
    def first(self) -> float:
        return min(30.0, self.every)

    @property
    def calm(self) -> float:
        return min(120.0, self.every)


REST = 20.0
"""Times as long as a look took until the next one: it has a tenth of a processor, so that is a 200th."""
LITTLE = frozenset({Severity.LOW, Severity.INFO})
LEAST = 256 << 20
"""Bytes that have to be free of the container's memory: a look takes 70 MiB and a report of 20 MB as much."""
MOST = 2 << 30
"""Bytes of free memory that count; half of them is what a look may take."""


class Look(Struct, frozen=True, rename="camel"):
    """The last look that came to an end: when (seconds since 1970), how long it took, what was found.

    ``problem`` says why none did since.
    """

    at: float
    took: float
    report: Report
    problem: str = ""


class Subject(NamedTuple):
    """What is looked at: ``status`` says how the controller stands, ``master`` which process NGINX is.

    ``picture`` says whose lines NGINX runs, ``rules`` is the file of silences and limits, read at each look.
    ``told`` hears of findings above low that are new and have owners.
    """

    state: Path
    status: Callable[[], Awaitable[Status]]
    master: Callable[[], int | None]
    picture: Callable[[], Picture]
    rules: Path | None = None
    told: Callable[[tuple[Result, ...]], None] = lambda _: None


class Examining:
    """Looks again and again."""

    def __init__(
        self, subject: Subject, clock: Clock, pace: Pace, command: tuple[str, ...] = COMMAND
    ) -> None:
        self._subject = subject
        self._clock = clock
        self._pace = pace
        self._command = command
        self._look: Look | None = None
        self._json = b""
        self._told: frozenset[str] = frozenset()

    @property
    def json(self) -> bytes:
        """The last look, as it is sent; nothing before the first."""
        return self._json

    @property
    def short(self) -> DoctorStatus | None:
        """The last look, as a status has it."""
        if (look := self._look) is None:
            return None
        found = look.report.findings
        worse = [one for one in found if one.severity not in LITTLE]
        first = tuple(f"{one.severity} {one.id}: {one.says}" for one in worse[:LISTED])
        return DoctorStatus(_utc(look.at), dict(Counter(one.severity for one in found)), first, look.problem)

    def examined(self) -> Examined | None:
        """Return the last look, as metrics have it."""
        if (look := self._look) is None:
            return None
        counts = Counter((one.id, str(one.severity)) for one in look.report.findings)
        return Examined(look.at, counts, len(look.report.unknown))

    async def run(self, generation: Callable[[], str]) -> None:
        """Look until cancelled, if that is wanted; ``generation`` is what NGINX runs."""
        if not self._pace.every:
            return
        await self._clock.sleep(self._pace.first)
        while True:
            seen = generation()
            await self.examine()
            soonest = max(self._pace.calm, REST * (self._look.took if self._look else 0.0))
            await self._clock.sleep(soonest)
            until = self._clock.now() + self._pace.every - soonest
            while generation() == seen and self._clock.now() < until:
                await self._clock.sleep(self._pace.glance)

    async def examine(self) -> None:
        """Look once."""
        began = self._clock.now()
        try:
            report = await self._narrowed()
        except WorldError as cause:
            logs.event("doctor_failed", level=logging.WARNING, problem=str(cause))
            look = structs.replace(self._look, problem=str(cause)) if self._look else None
        else:
            look = Look(time.time(), self._clock.now() - began, report)
            found = Counter(str(one.severity) for one in report.findings)
            logs.event("doctor_looked", findings=dict(found), seconds=round(look.took, 1))
            self._tell(report)
        if look is not None:
            self._look, self._json = look, await asyncio.to_thread(msgspec.json.encode, look)

    def _tell(self, report: Report) -> None:
        theirs = {one.key: one for one in report.findings if one.objects and one.severity not in LITTLE}
        if new := tuple(one for key, one in theirs.items() if key not in self._told):
            self._subject.told(new)
        self._told = frozenset(theirs)

    async def _narrowed(self) -> Report:
        """Return the report with owners, and without what is silenced; raises ``WorldError``."""
        rules, problem = await asyncio.to_thread(_rules, self._subject.rules)
        report = await self._reported(await asyncio.to_thread(_room), rules.limits)
        picture = self._subject.picture()
        if problem:
            report = structs.replace(report, problems=(problem, *report.problems))
        return await asyncio.to_thread(_theirs, report, picture, rules.silences)

    async def _reported(self, room: int, limits: Mapping[str, float]) -> Report:
        """Return the report of a process that may take half of the ``room``; raises ``WorldError``."""
        if room < LEAST:
            raise WorldError(f"found {room >> 20} MiB of memory left, expected {LEAST >> 20} to look at all")
        one = self._subject
        orders = Orders(str(one.state), one.master(), await one.status(), limits)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE
            )
        except OSError as cause:
            raise WorldError(f"the process cannot be started: {cause.strerror}") from cause
        try:
            with suppress(ProcessLookupError):
                resource.prlimit(process.pid, resource.RLIMIT_DATA, (room // 2, room // 2))
            async with asyncio.timeout(self._pace.within):
                said, wrong = await process.communicate(msgspec.json.encode(orders))
        except TimeoutError as cause:
            raise WorldError(f"it took longer than {self._pace.within:g} seconds") from cause
        finally:
            await _ended(process)
        if process.returncode:
            last = wrong.decode(errors="replace").strip().rpartition("\n")[2]
            raise WorldError(f"it ended with status {process.returncode}: {last}")
        try:
            return await asyncio.to_thread(msgspec.json.decode, said, type=Report)
        except msgspec.DecodeError as cause:
            raise WorldError(f"its report is not understood: {cause}") from cause


async def _ended(process: Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await process.wait()


def _rules(file: Path | None) -> tuple[Rules, str]:
    """Return what the file says, or what is wrong with it: then everything is shown."""
    try:
        return (read_rules(file) if file else Rules()), ""
    except NotReadable as cause:
        return Rules(), str(cause)


def _theirs(report: Report, picture: Picture, silences: tuple[Silence, ...]) -> Report:
    known = of_picture(picture, places(report))
    return silenced(owned(report, known), (*silences, *known.silences), today())


def _room() -> int:
    """Return how many bytes this container has left, and never more than a look may need."""
    use = memory.use(cgroup.folders("memory"))
    return MOST if use.limit is None or use.used is None else min(MOST, use.limit - use.used)


def _utc(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
