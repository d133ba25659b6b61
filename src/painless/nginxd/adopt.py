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
    """A master that was taken over: what it and each of its workers run, and what is odd about it."""

    sight: Sight
    note: str = ""


def find_master(disk: Disk, binary: str) -> tuple[Master, Adoption] | None:
    """Take over the master that serves from ``disk``; ``None`` when there is none.

    The pid file is tried first; a master whose pid file was lost is found by its marker.
    """
    for pid in dict.fromkeys((*_written(disk.pid_file), *procfs.holders(disk.run))):
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
    name = procfs.title(pid) or ""
    if not name.startswith(MASTER) or f" -c {disk.main} " not in f"{name} ":
        return None
    try:
        sight = look(pid, disk.run)
    except PermissionError as cause:
        # Titled as ours, so it is no stranger to leave alone: a second NGINX could not bind its ports.
        raise NginxError(
            f"NGINX {pid} serves from {disk.root} and belongs to another user: run painless as that user"
        ) from cause
    if not sight.holds:
        return None
    # It has our configuration and serves; the operator may have another binary from the next start on.
    return Adoption(sight, _other_binary(pid, binary))


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


def _written(pid_file: Path) -> tuple[int, ...]:
    """Return the pid in the file; a test of a configuration leaves it empty where there was none."""
    try:
        text = pid_file.read_text().strip()
    except FileNotFoundError:
        return ()
    return (int(text),) if text.isdigit() else ()
