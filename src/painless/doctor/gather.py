"""Gathers what checks look at, once: a configuration, a process, the machine, a controller of ours.

Each part says what it cannot read, and why.  Counters are read twice, some time apart.  Nothing is changed,
nothing is sent to NGINX, and no binary is run.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from painless.controller.status import Status
from painless.doctor import certificates, machine, node, processes
from painless.doctor.conf import Conf
from painless.doctor.errorlines import kinds
from painless.doctor.facts import (
    BUILD,
    CERTIFICATES,
    CONF,
    ERRORS,
    LISTENERS,
    NETWORK,
    NODE,
    PAINLESS,
    WHOLE,
    WORKERS,
    Errors,
    Fact,
    Facts,
    Listener,
    Moved,
    Painless,
)
from painless.doctor.load import load
from painless.doctor.objects import SOURCES, Listed, facts_of
from painless.doctor.secrets import pair_of
from painless.kernel import netns, sockdiag

APART = 1.0  # Seconds between the two looks at counters.
SPAN = 3600.0  # Seconds of the error log that count.
TAIL = 4 << 20  # Bytes of it that are read.
_TARGETS = ("stderr", "syslog:", "memory:", "off", "/dev/")


class Asked(Struct, frozen=True):
    """What is looked at: a file, or a process with the state directory and the status of its controller.

    ``no_status`` says why there is none.
    """

    conf: str = ""
    pid: int | None = None
    state: Path | None = None
    status: Status | None = None
    no_status: str = "no controller of ours was asked for"
    machine: bool = True
    node: bool = False
    """Whether this is a node, or a Pod that sees one."""
    objects: Callable[[], Listed] | None = None
    """Reads the objects of a folder or a cluster."""
    no_pid: str = "no NGINX was found; --pid names one"


class Gathered(Struct, frozen=True):
    """Facts, and what of what was asked for could not be read."""

    facts: Facts
    problems: tuple[str, ...]


def gather(asked: Asked, apart: float = APART) -> Gathered:
    """Read everything."""
    return _Gathering(asked).gather(apart)


class _Gathering:
    """What is known so far."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._known: dict[str, Fact[Any]] = {}
        self._missing: dict[str, str] = {}
        self._problems: list[str] = []
        self._running: processes.Running | None = None
        self._conf: Conf | None = None
        self._root = Path("/")

    def gather(self, apart: float) -> Gathered:
        self._find()
        pid = self._elsewhere()
        if pid is None:
            self._all(apart)
        else:
            try:
                netns.within(pid, lambda: self._all(apart))
            except OSError:
                # What needs the namespace says so itself.
                self._all(apart)
        return Gathered(Facts(self._known, self._missing), tuple(self._problems))

    def _elsewhere(self) -> int | None:
        """Return a process in the network that is looked at, when that is not ours."""
        pid = self._running.pid if self._running else node.FIRST if self._asked.node else None
        return pid if self._asked.machine and pid and netns.name(pid) not in {None, netns.name()} else None

    def _all(self, apart: float) -> None:
        began = time.monotonic()
        before = self._counts()
        listening = self._listening()
        self._read()
        if before or listening:
            # Reading took a part of it already.
            time.sleep(max(0.0, began + apart - time.monotonic()))
            self._moved(before, time.monotonic() - began)
            self._queues(listening)

    def _find(self) -> None:
        if self._asked.pid is None:
            return self._lack(self._asked.no_pid, BUILD, LISTENERS, WORKERS)
        try:
            self._running = processes.find(self._asked.pid)
            self._root = self._running.root
        except (processes.Gone, PermissionError) as cause:
            self._problems.append(str(cause))
            self._lack(str(cause), BUILD, LISTENERS, WORKERS)
        return None

    def _counts(self) -> Mapping[str, machine.Counted]:
        return machine.counts(self._running) if self._asked.machine else {}

    def _read(self) -> None:
        self._configuration()
        if self._asked.machine:
            for name, found in machine.settings(self._running).items():
                self._put(name, found)
            self._know(NETWORK, netns.name() or "", "/proc/thread-self/ns/net")
        else:
            self._lack("the machine was not looked at", NETWORK)
        if self._running:
            self._process(self._running)
        self._objects()
        self._node()
        if self._asked.status is not None:
            self._know(PAINLESS, _painless(self._asked.status), "the controller's admin socket")
        else:
            self._lack(self._asked.no_status, PAINLESS)

    def _objects(self) -> None:
        """Read the objects of a folder or a cluster."""
        if self._asked.objects is None:
            why = "no objects were asked for (--source or --cluster)"
            return self._lack(why, *(one.fact for one in SOURCES))
        listed, now = self._asked.objects(), time.time()
        known, missing = facts_of(listed, lambda one: pair_of(one, now), now)
        self._known |= known
        self._missing |= missing
        self._problems += listed.problems
        return None

    def _node(self) -> None:
        if not self._asked.node:
            return self._lack("the node was not asked for (--node)", NODE)
        found = node.read()
        if isinstance(found, str):
            return self._lack(found, NODE)
        return self._know(NODE, found, "the node")

    def _configuration(self) -> None:
        path = self._asked.conf or (self._running.conf if self._running else "")
        if not path:
            return self._lack("there is no configuration to look at", CONF, WHOLE, ERRORS, CERTIFICATES)
        loaded = load(path, Path("/") if self._asked.conf else self._root)
        self._problems += loaded.problems
        if loaded.problems and not loaded.conf.main.own and not loaded.conf.blocks:
            return self._lack(loaded.problems[0], CONF, WHOLE, ERRORS, CERTIFICATES)
        self._conf = loaded.conf
        self._know(CONF, loaded.conf, path)
        if loaded.problems:
            self._lack(f"not all of {path} could be read", WHOLE)
        else:
            self._know(WHOLE, loaded.conf, path)
        self._files(loaded.conf)
        return None

    def _files(self, conf: Conf) -> None:
        """Read the certificates and the log that the configuration names."""
        root = Path("/") if self._asked.conf else self._root
        hot = self._asked.state / "hot" / "certificates" if self._asked.state else None
        found, problems = certificates.read(conf, root, hot, time.time())
        if problems and not found:
            self._lack(problems[0], CERTIFICATES)
        else:
            self._know(CERTIFICATES, found, "files of ssl_certificate")
        self._log(conf, root)

    def _log(self, conf: Conf, root: Path) -> None:
        named = [one.first for one in conf.all("error_log") if one.block is conf.main]
        path = next((one for one in reversed(named) if not one.startswith(_TARGETS)), "")
        if not path.startswith("/"):
            return self._lack("the error log is not a file with a path of its own", ERRORS)
        try:
            with (root / path.lstrip("/")).open("rb") as file:
                file.seek(max(0, file.seek(0, 2) - TAIL))
                lines = file.read(TAIL).decode(errors="replace").splitlines()
        except OSError as cause:
            return self._lack(f"{path} cannot be read: {cause.strerror}", ERRORS)
        # NGINX writes local time; that of this machine is taken for it.
        since = datetime.fromtimestamp(time.time() - SPAN, UTC).astimezone()
        self._know(ERRORS, Errors(SPAN, kinds(lines, since)), path)
        return None

    def _process(self, running: processes.Running) -> None:
        if running.build:
            self._know(BUILD, running.build, f"/proc/{running.pid}/exe")
        else:
            self._lack(f"/proc/{running.pid}/exe cannot be read", BUILD)
        found = processes.workers(running.pid, time.clock_gettime(time.CLOCK_BOOTTIME))
        if found:
            self._know(WORKERS, found, f"children of process {running.pid}")
        else:
            self._lack(f"process {running.pid} has no workers, or ended meanwhile", WORKERS)

    def _listening(self) -> dict[int, sockdiag.Listening]:
        if self._running is None or not self._asked.machine:
            return {}
        if not self._running.here:
            self._lack(
                f"NGINX is in another network namespace: run this in it (nsenter -t {self._running.pid} -n)",
                LISTENERS,
            )
            return {}
        try:
            ours = processes.sockets(self._running.pid)
        except PermissionError:
            self._lack(f"/proc/{self._running.pid}/fd cannot be read, which takes its user", LISTENERS)
            return {}
        return {one.inode: one for one in sockdiag.listening() if one.inode in ours}

    def _queues(self, before: Mapping[int, sockdiag.Listening]) -> None:
        """Tell the listeners that there were, with what they dropped since."""
        if not before:
            if LISTENERS not in self._missing:
                self._lack("NGINX listens on no TCP socket", LISTENERS)
            return None
        now = [one for one in sockdiag.listening() if one.inode in before]
        if any(one.limit is None or one.drops is None for one in now):
            return self._lack(f"sock_diag is refused: {sockdiag.refusal()}", LISTENERS)
        found = tuple(
            Listener(one.address, one.port, one.queue, one.limit or 0, one.drops or 0, _dropped(before, one))
            for one in now
        )
        self._know(LISTENERS, found, "sock_diag")
        return None

    def _moved(self, before: Mapping[str, machine.Counted], seconds: float) -> None:
        after = self._counts()
        for name, first in before.items():
            last = after.get(name)
            if isinstance(first, str) or isinstance(last, str) or last is None:
                self._lack(first if isinstance(first, str) else str(last), name)
                continue
            moved = {key: value - first.value.get(key, 0) for key, value in last.value.items()}
            self._know(name, Moved(seconds, moved, last.value), last.source)

    def _know(self, name: str, value: object, source: str) -> None:
        self._known[name] = Fact(value, source, time.time())

    def _put(self, name: str, found: machine.Found) -> None:
        if isinstance(found, str):
            self._lack(found, name)
        else:
            self._know(name, found.value, found.source)

    def _lack(self, why: str, *names: str) -> None:
        self._missing.update(dict.fromkeys(names, why))


def _dropped(before: Mapping[int, sockdiag.Listening], one: sockdiag.Listening) -> int:
    return (one.drops or 0) - (before[one.inode].drops or 0)


def _painless(status: Status, clock: Callable[[], float] = time.time) -> Painless:
    now = clock()
    ago = tuple(now - datetime.fromisoformat(one.at).timestamp() for one in status.last_loads)
    because = tuple(one.reasons[0] if one.reasons else "" for one in status.last_loads)
    return Painless(status.ready, status.missing, status.held.earlier + status.held.nothing, ago, because)
