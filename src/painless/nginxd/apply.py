"""Performing steps on NGINX and its disk: the one place where something happens to either.

Each step is safe to be the last one performed.  NGINX saying no is an answer (``Refused``); NGINX or the
disk failing us is an exception.  Nothing is remembered that can be looked up: which generation is live is
asked of the processes.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import assert_never

from painless.nginx.build import Build
from painless.nginx.generation import MAIN
from painless.nginxd import procfs
from painless.nginxd.adopt import Adoption, find_master
from painless.nginxd.disk import Disk
from painless.nginxd.errorlog import ErrorLog, lacks_room, reasons, trim_log
from painless.nginxd.errors import DiskFull, NginxError, NotRunning, Unresponsive
from painless.nginxd.leftovers import clear_leftovers, end_starts
from painless.nginxd.listeners import Listener, aside, listeners, occupied
from painless.nginxd.loading import POLL, Loading
from painless.nginxd.masters import Masters
from painless.nginxd.probe import Sight, look
from painless.nginxd.process import Call, Master, become_subreaper, reap, run_nginx
from painless.nginxd.retiring import retire
from painless.plan.steps import (
    Applied,
    Await,
    DropHot,
    Outcome,
    PutHot,
    Refused,
    Reload,
    Renew,
    Resolve,
    Retire,
    Stage,
    Start,
    Step,
    Switch,
    Verify,
)

TEST_TIMEOUT = 120.0
"""Seconds for ``nginx -t``: 10,000 hosts take 7 s at worst on a free core, and a pod may be throttled."""
START_TIMEOUT = 120.0
"""Seconds until the caller of NGINX returns: it loads as the test does, and tries a port in use for 2.5 s."""
APPEAR_TIMEOUT = 10.0
"""Seconds until the daemon has written its pid file, which it does at once."""
RESOLVE_TIMEOUT = 60.0
"""Seconds until NGINX has been answered about new names; it asks again after 5 s when an answer was lost."""
TERM_TIMEOUT = 15.0
"""Seconds after TERM, which ends requests; the master itself kills workers that ignore it."""

Resolved = Callable[[frozenset[str]], Awaitable[None]]
"""Waits until the responder has answered NGINX's questions for these upstreams' names."""


class Nginx:
    """The NGINX of one state directory: running or not, started by us or adopted."""

    def __init__(self, build: Build, disk: Disk, resolved: Resolved, call: Call | None = None) -> None:
        self.reload_count = 0
        self.told_at = 0.0
        """When NGINX was last started, told to load or taken over: older questions may be another's."""
        self.stepped: Callable[[Step, float, str], None] = lambda _step, _seconds, _said: None
        """Hears of each step that was made, how long it took and why NGINX refused it."""
        self._build = build
        self._disk = disk
        self._resolved = resolved
        self._call = call or partial(run_nginx, build.path)
        self._masters = Masters(disk, Path(build.path).name)
        self._replaced = False
        self._loading: Loading | None = None
        self._test_seconds = 0.0
        self._alone = asyncio.Lock()
        become_subreaper()

    def running(self) -> bool:
        return self._masters.running

    @property
    def master(self) -> int | None:
        """The pid of the master that serves, if one does."""
        master = self._masters.acting
        return master.pid if master is not None and master.runs else None

    def sight(self) -> Sight | None:
        """Return what the master and its workers run at the moment; ``None`` when NGINX does not run."""
        master = self._masters.acting
        return look(master.pid, self._disk.run) if master is not None and master.runs else None

    def live(self) -> str | None:
        """Return the generation that all workers that accept run; ``None`` when there is none such."""
        sight = self.sight()
        return None if sight is None else sight.live

    def settled(self) -> str | None:
        """Return the live generation; ``None`` also while the master loads another or was told to."""
        master = self._masters.acting
        rests = master is not None and procfs.awaits(master.pid, signal.SIGHUP)
        return self.live() if rests else None

    @property
    def has_two(self) -> bool:
        """Whether a new binary has been started beside the one that runs."""
        return self._masters.undecided

    @property
    def outdated(self) -> bool:
        """Whether the file that the running NGINX was started from is another one now.

        Not while one that it has followed still has requests: NGINX starts nothing new before that is gone.
        """
        return self._replaced and self.running() and not self._masters.others()

    def retire_others(self) -> None:
        """End what a controller that was interrupted has left beside the NGINX that serves."""
        if self.running():
            self._masters.retire_others()

    async def gone(self) -> None:
        """Wait until the master has ended; returns at once when none runs."""
        await self._masters.gone()

    async def adopt(self) -> Adoption | None:
        """Take over the NGINX that already serves from the state directory, if there is one."""
        async with self._alone:
            found = self._adopt()
            if found is None:
                await end_starts(self._disk, self._name)
                found = self._adopt()
            if found is not None:
                self.told_at = time.monotonic()
            return found

    async def apply(self, steps: Iterable[Step]) -> Outcome:
        """Perform ``steps`` in order, up to the first that NGINX refuses."""
        async with self._alone:
            # Workers of a master that was killed are ours to collect, whenever their last request is over.
            reap(self._name)
            self._disk.refuse_gone()
            try:
                return await self._through(steps)
            finally:
                self._fall_back()

    async def _through(self, steps: Iterable[Step]) -> Outcome:
        for step in steps:
            began = time.monotonic()
            said = await self._perform(step)
            self.stepped(step, time.monotonic() - began, said)
            if (path := lacks_room(said)) is not None:
                raise DiskFull(path)
            if said:
                return Refused(step, said)
        return Applied()

    async def stop(self, patience: float) -> None:
        """End NGINX: requests may finish for ``patience`` seconds, then they are cut."""
        async with self._alone:
            if self.running() and not await self._masters.ended(patience, TERM_TIMEOUT):
                raise Unresponsive(f"NGINX did not end within {TERM_TIMEOUT:.0f} s of SIGTERM")

    def cut(self) -> None:
        """Have NGINX end at once, with the requests it has: for a second signal while it stops."""
        self._masters.tell(signal.SIGTERM)

    async def prune(self, keep: Iterable[str] = ()) -> tuple[str, ...]:
        """Remove generations that nothing runs and nobody wants kept; say which."""
        async with self._alone:
            self._disk.refuse_gone()
            sight = self.sight()
            if sight is not None and any(one.generation is None for one in sight.workers):
                return ()  # We may not look into them, so any generation may be theirs.
            held = frozenset[str]().union(*procfs.holders(self._disk.run).values())
            return await asyncio.to_thread(self._disk.prune, held.union(keep))

    async def trim_log(self) -> None:
        """Keep the error logs within bounds; not while NGINX loads, since it says there why it does not."""
        async with self._alone:
            for log in self._disk.error_logs():
                await asyncio.to_thread(trim_log, log)

    def reopen_logs(self) -> None:
        """Have NGINX open its logs anew: one was renamed."""
        self._masters.tell(signal.SIGUSR1)

    def retire_worker(self, pid: int, generation: str) -> bool:
        """End a worker that drains, with its connections; return whether there was such a one."""
        masters = (self._required().pid, *self._masters.others())
        return retire(pid, generation, masters, self._disk.run)

    def open_files(self) -> frozenset[str]:
        """Return what the files are called that NGINX's processes have open, whoever's children they are."""
        return frozenset[str]().union(*map(procfs.open_files, procfs.holders(self._disk.run)))

    def take_back(self, live: str) -> None:
        """Have NGINX load what it runs, should it be told to or started again."""
        if self._disk.folder(live).is_dir():
            self._disk.switch(live)

    def close(self) -> None:
        """Let go of NGINX; it serves on, for the next controller to adopt."""
        self._masters.take(None)

    @property
    def _name(self) -> str:
        return Path(self._build.path).name

    async def _perform(self, step: Step) -> str:  # noqa: C901 -- one line for each member of the closed union.
        """Do one step; return why NGINX refuses it, or nothing."""
        match step:
            case Stage(generation):
                await asyncio.to_thread(self._disk.stage, generation)
            case Verify(id_):
                return await self._verify(id_)
            case PutHot(path, content):
                await asyncio.to_thread(self._disk.put_hot, path, content)
            case DropHot(path):
                self._disk.drop_hot(path)
            case Switch(id_):
                await self._settle()
                await asyncio.to_thread(self._disk.switch, id_)
            case Start():
                return await self._start()
            case Reload():
                return await self._reload()
            case Await(id_):
                return await self._await(id_)
            case Resolve(upstreams):
                await self._resolve(upstreams)
            case Renew():
                return await self._renew()
            case Retire():
                self._retire()
            case _:
                assert_never(step)
        return ""

    async def _verify(self, id_: str) -> str:
        folder = self._disk.folder(id_)
        if self.running():
            return await self._test(folder)
        # A test opens free ports for a moment and drops who connects: before the start nobody may.
        with self._disk.changed(id_, aside) as apart:
            return (await self._test(apart)).replace(str(apart), str(folder))

    async def _test(self, folder: Path) -> str:
        # Not into the running NGINX's log: what a test finds is no fault of the master's.
        arguments = ("-t", "-q", "-c", str(folder / MAIN), "-p", str(self._disk.root), "-e", "stderr")
        ran = await self._call(*arguments, within=TEST_TIMEOUT)
        self._test_seconds = ran.seconds
        return reasons(ran.output) if ran.code else ""

    async def _start(self) -> str:
        if self._adopt() is not None:
            return ""
        await clear_leftovers(self._disk)
        id_ = self._current()
        if trouble := occupied(await self._listeners(id_)):
            return trouble
        log = ErrorLog(self._disk.error_log)
        self.told_at = time.monotonic()
        arguments = ("-c", str(self._disk.main), "-p", str(self._disk.root), "-e", str(self._disk.error_log))
        ran = await self._call(*arguments, within=START_TIMEOUT)
        if ran.code:
            return reasons(ran.output)
        await self._appear(log)
        self._loading = self._load(id_, log)
        return ""

    async def _reload(self) -> str:
        # A second signal during a load is lost or acted on late, and either way cannot be confirmed.
        await self._settle()
        master = self._required()
        id_, sight = self._current(), self.sight()
        # What the master holds: a list of its children may lack some while another of them ends.
        held = sight.holds if sight else frozenset()
        served = [one for each in held for one in await self._listeners(each)]
        if trouble := occupied(await self._listeners(id_), frozenset(served)):
            if len(held) == 1:
                self.take_back(next(iter(held)))
            return trouble
        self._loading = self._load(id_, ErrorLog(self._disk.error_log), self.sight())
        self.reload_count += 1
        self.told_at = time.monotonic()
        master.signal(signal.SIGHUP)
        return ""

    async def _await(self, id_: str) -> str:
        loading = self._loading
        if loading is None or loading.id != id_:
            loading = self._load(id_, ErrorLog(self._disk.error_log))
        refusal = await self._outcome(loading)
        if refusal and not self._masters.undecided:
            self._take_back_from(self._required())
        return refusal

    async def _settle(self) -> None:
        """Let a load that nobody awaited to its end (an interrupted ``apply``) come to one."""
        if self._loading is not None:
            with suppress(NginxError):
                await self._outcome(self._loading)

    async def _outcome(self, loading: Loading) -> str:
        try:
            refusal = await loading.outcome(self._required())
        except NginxError:
            self._loading = None
            raise
        self._loading = None
        return refusal

    async def _resolve(self, upstreams: frozenset[str]) -> None:
        try:
            await asyncio.wait_for(self._resolved(upstreams), RESOLVE_TIMEOUT)
        except TimeoutError as cause:
            raise Unresponsive(
                f"NGINX did not ask for all of {len(upstreams)} upstreams' names in {RESOLVE_TIMEOUT:.0f} s"
            ) from cause

    async def _renew(self) -> str:
        await self._settle()
        master, id_, log = self._required(), self._current(), ErrorLog(self._disk.error_log)
        self.told_at = time.monotonic()
        if not await self._masters.begin(START_TIMEOUT):
            self._take_back_from(master)
            return "; ".join(log.fatal()) or "NGINX's new binary ended and gave no reason"
        self._loading = self._load(id_, log)
        return ""

    def _retire(self) -> None:
        self._replaced = False
        self._masters.go_on()

    def _fall_back(self) -> None:
        """Go on with the one that ran before, if nobody has decided for the one beside it."""
        if self._masters.undecided:
            self._masters.go_back()
            self._loading = None
            self._take_back_from(self._required())

    def _take_back_from(self, master: Master) -> None:
        held = look(master.pid, self._disk.run).holds
        if len(held) == 1:
            self.take_back(next(iter(held)))

    async def _appear(self, log: ErrorLog) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + APPEAR_TIMEOUT
        while self._adopt() is None:
            if loop.time() > due:
                raise NotRunning(
                    "NGINX was started and is gone: " + ("; ".join(log.fatal()) or "no reason logged")
                )
            await asyncio.sleep(POLL)

    def _adopt(self) -> Adoption | None:
        if (sight := self.sight()) is not None:
            return Adoption(sight)
        found = find_master(self._disk, self._build.path)
        if found is None:
            return None
        master, adoption = found
        self._masters.take(master)
        self._replaced = adoption.replaced
        return adoption

    def _required(self) -> Master:
        master = self._masters.acting
        if master is None or not master.runs:
            raise NotRunning("NGINX does not run")
        return master

    def _current(self) -> str:
        id_ = self._disk.current_id()
        assert id_ is not None, "Switch comes before Start and Reload"
        return id_

    def _load(self, id_: str, log: ErrorLog, before: Sight | None = None) -> Loading:
        return Loading(id_, self._disk, log, before, self._test_seconds)

    async def _listeners(self, id_: str | None) -> frozenset[Listener]:
        if id_ is None:
            return frozenset()
        files = self._disk.folder(id_).rglob("*.conf")
        return await asyncio.to_thread(lambda: listeners(one.read_bytes().decode() for one in files))
