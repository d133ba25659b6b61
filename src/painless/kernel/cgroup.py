"""The limits that cgroups set, of both versions: each is the least on the way up from a process's own.

A process is told its place (``/proc/PID/cgroup``) and what is mounted where (``mountinfo``): a container
may see its own cgroup as the root of everything, or the whole tree with itself somewhere in it.  What is
above the mount cannot be seen.  What is not there is no limit; what makes no sense is unknown, and is told.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from msgspec import Struct, structs

_EVERY = "cgroup.procs"  # The file that every cgroup has, of both versions.
_DIGITS = 19  # Those of the largest number that the kernel writes.
_V1_UNLIMITED = 1 << 60  # Bytes: version 1 says "no limit" by the most that its counter holds.


class Limit(Struct, frozen=True):
    """A limit and the file that has it; ``None`` where nothing limits, or where a file makes no sense.

    ``problem`` then says which file, and what it had.
    """

    value: float | None = None
    file: str = ""
    problem: str = ""


def folders(controller: str, pid: int | str = "self", proc: Path = Path("/proc")) -> tuple[Path, ...]:
    """Return the folders of a controller's cgroups that a process is in, its own first; none if unknown."""
    try:
        places = (proc / str(pid) / "cgroup").read_text().splitlines()
        mounts = (proc / "self" / "mountinfo").read_text().splitlines()
    except OSError:
        return ()
    found = dict(_placed(places))
    # Where both versions are mounted, version 1 has the controllers it names.
    version, place = (controller, found[controller]) if controller in found else ("", found.get("", ""))
    for root, mounted, names in _mounted(mounts):
        if place and version in names:
            return _upwards(place, root, mounted)
    return ()


def seen(controller: str, pid: int, proc: Path = Path("/proc")) -> tuple[Path, ...]:
    """Return the folders of another process's cgroups, none when its container shows us nothing.

    Such a process seems to be where we are ourselves, at the root of what is mounted.
    """
    found = folders(controller, pid, proc)
    if found == folders(controller, "self", proc) and _text(proc / str(pid) / "cgroup") != _text(
        proc / "self" / "cgroup"
    ):
        return ()
    return found


def is_visible(found: Iterable[Path]) -> bool:
    """Whether one of these folders is a cgroup's: not where something else is mounted in its place."""
    return any((one / _EVERY).exists() for one in found)


def cpu_quota(found: Iterable[Path]) -> Limit:
    """Return how many CPUs the cgroups in these folders grant."""
    return _least(found, _quota)


def memory_limit(found: Iterable[Path]) -> Limit:
    """Return how many bytes the cgroups in these folders grant."""
    return _least(found, _memory)


def _placed(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield where the process is, by controller; that of version 2 has no name."""
    for line in lines:
        _, _, rest = line.partition(":")
        names, _, place = rest.partition(":")
        yield from ((name, place) for name in names.split(","))


def _mounted(lines: Iterable[str]) -> Iterator[tuple[str, Path, frozenset[str]]]:
    """Yield the root of each mounted hierarchy, where it is mounted, and its controllers."""
    for line in lines:
        mount, _, about = line.partition(" - ")
        kind, _, options = about.partition(" ")
        if kind in {"cgroup", "cgroup2"}:
            names = [""] if kind == "cgroup2" else options.rpartition(" ")[2].split(",")
            _, root, mounted = map(_unescaped, mount.split(" ", 5)[2:5])
            yield root, Path(mounted), frozenset(names)


def _unescaped(word: str) -> str:
    return word.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")


def _upwards(place: str, root: str, mounted: Path) -> tuple[Path, ...]:
    """Return the folder of a place and those above it, up to where the hierarchy is mounted."""
    below = Path(place)
    if root != "/" and below.is_relative_to(root):
        below = Path("/") / below.relative_to(root)
    folder = mounted / str(below).lstrip("/")
    if ".." in below.parts or not folder.is_dir():
        # Outside of what we see: then the mount is all there is to know, and our container's own.
        return (mounted,)
    return tuple(one for one in (folder, *folder.parents) if one.is_relative_to(mounted))


def _least(found: Iterable[Path], read: Callable[[Path], Limit]) -> Limit:
    limits = [_read(one, read) for one in found]
    least = min(limits, key=lambda one: math.inf if one.value is None else one.value, default=Limit())
    # What one of them does not tell may be less than what another one does.
    return structs.replace(least, problem=next((one.problem for one in limits if one.problem), ""))


def _read(folder: Path, read: Callable[[Path], Limit]) -> Limit:
    try:
        return read(folder)
    except OSError as cause:
        return Limit(problem=f"{cause.filename} cannot be read: {cause.strerror}")


def _quota(folder: Path) -> Limit:
    file = folder / "cpu.max"
    text = _text(file)
    if text is None:
        file = folder / "cpu.cfs_quota_us"
        if (text := _text(file)) is None:
            return Limit()
        text = f"{text} {_text(folder / 'cpu.cfs_period_us') or ''}"
    quota, _, period = text.partition(" ")
    if quota in {"max", "-1"}:
        return Limit()
    if not (_is_number(quota) and _is_number(period)):
        return Limit(problem=f"{file} has {_shown(text)}, expected a quota and a period above 0")
    return Limit(int(quota) / int(period), str(file))


def _memory(folder: Path) -> Limit:
    file = folder / "memory.max"
    if (text := _text(file)) is None:
        file = folder / "memory.limit_in_bytes"
        if (text := _text(file)) is None:
            return Limit()
    if text == "max":
        return Limit()
    if not _is_number(text):
        return Limit(problem=f"{file} has {_shown(text)}, expected a number of bytes above 0")
    return Limit() if int(text) >= _V1_UNLIMITED else Limit(int(text), str(file))


def _text(file: Path) -> str | None:
    """Return what a file has; ``None`` where there is none, as that is no limit."""
    try:
        return file.read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
        return None


def _is_number(text: str) -> bool:
    return len(text) <= _DIGITS and text.isascii() and text.isdigit() and int(text) > 0


def _shown(text: str) -> str:
    return f'"{text[:40].strip()}"'
