"""Finding the NGINX that already runs on a state directory, whoever started it.

A controller that was killed leaves its NGINX serving; the next one must neither start a second nor signal
a process that merely has the right number.  All of it must fit, or nothing is adopted: the title of a
master, our configuration in its arguments, and a marker in our directory held open.
"""

from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from painless.nginxd import procfs
from painless.nginxd.disk import Disk
from painless.nginxd.errors import NginxError
from painless.nginxd.probe import MASTER, Sight, look
from painless.nginxd.process import Master


class Adoption(Struct, frozen=True):
    """A master that was taken over: what it and each of its workers run, and what is odd about it.

    ``replaced``: the file that it was started from is another one now.
    """

    sight: Sight
    note: str = ""
    replaced: bool = False


def find_master(disk: Disk, binary: str) -> tuple[Master, Adoption] | None:
    """Take over the master that serves from ``disk``; ``None`` when there is none.

    The pid file is tried first; a master whose pid file was lost is found by its marker.
    """
    for pid in filter(None, dict.fromkeys((written_pid(disk), *procfs.holders(disk.run)))):
        # Held before it is checked, so that the number cannot come to mean another process in between.
        master = Master.attach(pid)
        if master is None:
            continue
        try:
            adoption = _recognised(pid, disk, binary)
        except NginxError:
            master.close()
            raise
        if adoption is not None:
            return master, adoption
        master.close()
    return None


def _recognised(pid: int, disk: Disk, binary: str) -> Adoption | None:
    if not is_master(pid, disk):
        return None
    try:
        sight = look(pid, disk.run)
    except PermissionError as cause:
        # Titled as ours, so it is no stranger to leave alone: a second NGINX could not bind its ports.
        raise NginxError(
            f"NGINX {pid} serves from {disk.root} and belongs to another user: run painless as that user"
        ) from cause
    drains = bool(sight.workers) and not any(one.accepts for one in sight.workers)
    if not sight.holds or drains:
        return None
    # It has our configuration and serves; the operator may have another binary from the next start on.
    note = _other_binary(pid, binary)
    # NGINX starts anew what its first argument names, and nothing else.
    named = (procfs.title(pid) or "").startswith(f"{MASTER} {binary} ")
    return Adoption(sight, note, replaced=bool(note) and named)


def is_master(pid: int, disk: Disk) -> bool:
    """Whether the process calls itself the master of this directory."""
    name = procfs.title(pid) or ""
    return name.startswith(MASTER) and f" -c {disk.main} " in f"{name} "


def _other_binary(pid: int, binary: str) -> str:
    """Say that a master runs another file than the next start would; one that was replaced is another too."""
    wanted = Path(binary)
    if not wanted.is_absolute():
        return ""  # It is in another container, and a changed image is another Pod.
    with suppress(OSError):
        if Path(f"/proc/{pid}/exe").samefile(wanted):
            return ""
    runs = procfs.executable(pid) or "another binary"
    said = f"NGINX {pid} runs {runs}, and {binary} was asked for"
    return f"{said}, which has been replaced since" if runs == str(wanted.resolve()) else said


def written_pid(disk: Disk) -> int | None:
    """Return the pid in the pid file; a test of a configuration leaves it empty where there was none."""
    try:
        text = disk.pid_file.read_text().strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None
