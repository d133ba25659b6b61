"""Reading ``/proc``: titles, children, states and the generation markers that processes hold open.

Every reader gives ``None`` or nothing for a process that is gone, since any process may go at any moment.
"""

import os
import re
import signal
from collections.abc import Container, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

MARKER_PREFIX = "gen-"
"""A generation's marker is ``run/gen-<id>``: NGINX opens it as a log, so a process's open files tell its
generation."""

WORKER = "nginx: worker process"
"""The title of a worker, and the beginning of that of one that is on its way out."""

# Signals sent to the thread or the process and not taken yet, and those that are blocked.
_MASK = re.compile(r"^(?:SigPnd|ShdPnd|SigBlk):\s*([0-9a-f]+)$", re.MULTILINE)
# What a process waits for, one line each, as inodes in hexadecimal.
_INODE = re.compile(rb"^tfd:.* ino:([0-9a-f]+)", re.MULTILINE)
_NUMBERED = re.compile(rb"^tfd: *([0-9]+) .* ino:([0-9a-f]+)", re.MULTILINE)
_EVENTS = "anon_inode:[eventpoll]"
_SOCKET = "socket:["
_FIRST = 64
"""Files that workers have open before any connection, mostly: logs, listeners, what they wait with."""
_TICKS = os.sysconf("SC_CLK_TCK")
_DELETED = " (deleted)"
_GONE = (FileNotFoundError, ProcessLookupError)


def title(pid: int) -> str | None:
    """Return the process's title: NGINX overwrites its arguments to say what it does."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except _GONE:
        return None
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


def executable(pid: int) -> str | None:
    try:
        return str(Path(f"/proc/{pid}/exe").readlink()).removesuffix(_DELETED)
    except (*_GONE, PermissionError):
        return None


def is_zombie(pid: int) -> bool:
    return fields(pid)[:1] == ["Z"]


def parent(pid: int) -> int | None:
    found = fields(pid)
    return int(found[1]) if found else None


def session(pid: int) -> int | None:
    found = fields(pid)
    return int(found[3]) if found else None


def started(pid: int) -> float | None:
    """Return when the process was started, in seconds since the machine was."""
    found = fields(pid)
    return int(found[19]) / _TICKS if found else None


def command(pid: int) -> str:
    """Return the name of the binary, which a zombie keeps when its title is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except _GONE:
        return ""


def awaits(pid: int, number: signal.Signals) -> bool:
    """Whether the process sleeps until a signal comes and has none of that number to see to.

    NGINX's master has its signals blocked but for where it waits for one (``sigsuspend``), so this tells
    one that loads, or is about to, from one at rest.  Anybody may ask.  A kernel that does not say (gVisor)
    lets every process seem at rest.
    """
    bit = 1 << (number - 1)
    try:
        masks = _MASK.findall(Path(f"/proc/{pid}/status").read_text(errors="replace"))
    except _GONE:
        return False
    return not any(int(one, 16) & bit for one in masks)


def children(pid: int) -> tuple[int, ...]:
    """Return the process's children, adopted ones included, zombies included."""
    found: set[int] = set()
    try:
        # An adopted orphan is listed under whichever thread the kernel chose.
        for task in Path(f"/proc/{pid}/task").iterdir():
            found.update(int(one) for one in (task / "children").read_text().split())
    except _GONE:
        if title(pid) is None:
            return ()
        # A kernel without CONFIG_PROC_CHILDREN (gVisor): slower, the same answer.
        return tuple(one for one in every_pid() if parent(one) == pid)
    return tuple(sorted(found))


def every_pid() -> Iterator[int]:
    return (int(one) for one in os.listdir("/proc") if one.isdigit())  # noqa: PTH208 -- names are enough, and this is the hot path.


def markers(pid: int, run: Path) -> frozenset[str]:
    """Return the ids of the generations whose markers in ``run`` the process holds open.

    A deleted marker counts: the process still runs what it loaded.  Raises ``PermissionError`` for
    somebody else's process, which must not pass for one without a marker.
    """
    return frozenset(_markers(pid, run))


def marker(pid: int, run: Path) -> str | None:
    """Return the marker of a worker, which has the one it was born with until it ends.

    It is among the first of its files, however many connections follow: 0.1 ms in place of 3 for each 1,000.
    """
    first = next(_marked((link for _, link in _first_links(pid)), run), None)
    return first or next(_markers(pid, run), None)


def _markers(pid: int, run: Path) -> Iterator[str]:
    return _marked(_links(pid), run)


def _marked(links: Iterable[str], run: Path) -> Iterator[str]:
    wanted = f"{run}/{MARKER_PREFIX}"
    found = (one.removesuffix(_DELETED) for one in links if one.startswith(wanted))
    return (one.removeprefix(wanted) for one in found)


def workers(run: Path) -> tuple[int, ...]:
    """Return every process that is titled a worker and holds a marker in ``run``, as far as we may look."""
    return tuple(pid for pid in every_pid() if (title(pid) or "").startswith(WORKER) and _may_hold(pid, run))


def _may_hold(pid: int, run: Path) -> bool:
    try:
        return marker(pid, run) is not None
    except PermissionError:
        return False


def files(pid: int) -> int | None:
    """Return how many files the process has open; ``None`` where the kernel does not say (before 6.2)."""
    with suppress(*_GONE):
        return Path(f"/proc/{pid}/fd").stat().st_size or None
    return None


def open_files(pid: int) -> frozenset[str]:
    """Return what the process's open files are called; nothing for somebody else's process."""
    try:
        return frozenset(_links(pid))
    except PermissionError:
        return frozenset()


def sockets(pid: int) -> frozenset[int]:
    """Return the inodes of the sockets that the process has open or, where it waits for events, attends to.

    What a worker waits for is one file to read, in place of one for each connection: 1 ms for each 1,000 in
    place of 4.  Raises ``PermissionError`` for somebody else's process.
    """
    for number, link in _first_links(pid):
        if link == _EVENTS and (attended := _attended(pid, number)) is not None:
            return attended
    found = (one for one in _links(pid) if one.startswith(_SOCKET))
    return frozenset(int(one[len(_SOCKET) : -1]) for one in found)


def numbered(pid: int, inodes: Container[int]) -> dict[int, int]:
    """Return under which number a worker has each of these sockets; raises as ``sockets`` does."""
    for number, link in _first_links(pid):
        if link == _EVENTS:
            with suppress(*_GONE):
                pairs = _NUMBERED.findall(Path(f"/proc/{pid}/fdinfo/{number}").read_bytes())
                found = ((int(inode, 16), int(at)) for at, inode in pairs)
                if some := {inode: at for inode, at in found if inode in inodes}:
                    return some
    with suppress(*_GONE):
        links = ((one.name, _link(one.path)) for one in os.scandir(f"/proc/{pid}/fd"))
        found = ((int(link[len(_SOCKET) : -1]), int(at)) for at, link in links if link.startswith(_SOCKET))
        return {inode: at for inode, at in found if inode in inodes}
    return {}


def _attended(pid: int, number: int) -> frozenset[int] | None:
    """Return the inodes of what is waited for; ``None`` where the kernel names none (before 4.13, gVisor)."""
    try:
        text = Path(f"/proc/{pid}/fdinfo/{number}").read_bytes()
    except _GONE:
        return None
    found = frozenset(int(one, 16) for one in _INODE.findall(text))
    return found or None


def holders(run: Path) -> dict[int, frozenset[str]]:
    """Return every process that holds a marker in ``run``, and which, as far as we may look."""
    found: dict[int, frozenset[str]] = {}
    for pid in every_pid():
        with suppress(PermissionError):
            if (title(pid) or "").startswith(WORKER):
                held = frozenset(filter(None, [marker(pid, run)]))
            else:
                held = markers(pid, run)
            if held:
                found[pid] = held
    return found


def _links(pid: int) -> Iterator[str]:
    with suppress(*_GONE), os.scandir(f"/proc/{pid}/fd") as entries:
        for one in entries:
            yield _link(one.path)


def _first_links(pid: int) -> Iterator[tuple[int, str]]:
    """Yield the first of a process's open files, by number.

    To list them would have the kernel make an entry for each of the next thousand, too.
    """
    for number in range(_FIRST):
        if link := _link(f"/proc/{pid}/fd/{number}"):
            yield number, link


def _link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115 -- called for each open file of each worker.
    except _GONE:
        return ""


def fields(pid: int) -> list[str]:
    """Return the fields of ``stat`` from the state on; the name before them may hold anything."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except _GONE:
        return []
    return text.rpartition(")")[2].split()
