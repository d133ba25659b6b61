"""How much memory is used: by one process, and by the cgroup whose limit it lives under.

NGINX's processes share most of their pages: resident sizes would count those once for each of them, so a
process has its proportional share (PSS).  What a cgroup may use is told in ``cgroup``.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from painless.kernel import cgroup

_PSS = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)
_KIB = 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Use(Struct, frozen=True):
    """What a cgroup uses, in bytes; ``None`` where it cannot be read, or, for ``limit``, where there is none.

    ``used`` is what cannot be given back at once: without file pages that nobody has used lately, as the
    kubelet counts; ``kept`` is what cannot be given back at all, without any file pages.  Both are told of
    the cgroup whose limit binds, which may be one above.  ``kills`` are processes of the own cgroup that
    were ended for lack of memory.
    """

    limit: int | None = None
    used: int | None = None
    kept: int | None = None
    kills: int | None = None


def share(pid: int) -> int | None:
    """Return the process's proportional share in bytes; ``None`` when it is gone.

    Raises ``PermissionError`` for a process of somebody else's.  The kernel walks its page tables for it:
    about 1 ms for each 100 MB.
    """
    try:
        found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(found[1]) * _KIB if found else None


def resident(pid: int) -> int:
    """Return what the process has in memory, shared pages included, in bytes; 0 when it is gone.

    Anybody may ask, and it costs nothing: what may have changed is seen by it.
    """
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * _PAGE
    except (FileNotFoundError, ProcessLookupError):
        return 0


def use(folders: Sequence[Path]) -> Use:
    """Return what the cgroups in these folders use, the own one first (``cgroup.folders("memory")``)."""
    if not folders:
        return Use()
    limit = cgroup.memory_limit(folders)
    binding = Path(limit.file).parent if limit.file else folders[0]
    value = None if limit.value is None else int(limit.value)
    used, kept = _used(binding)
    return Use(value, used, kept, _kills(folders[0]))


def _used(folder: Path) -> tuple[int, int] | tuple[None, None]:
    """Return what is used, without file pages that are idle, and without any."""
    for file, whose in (("memory.current", ""), ("memory.usage_in_bytes", "total_")):
        try:
            found = int((folder / file).read_text())
        except (OSError, ValueError):
            continue
        pages = _fields(folder / "memory.stat")
        used = found - pages.get(f"{whose}inactive_file", 0)
        return max(0, used), max(0, used - pages.get(f"{whose}active_file", 0))
    return None, None


def _kills(folder: Path) -> int | None:
    told = _fields(folder / "memory.events") or _fields(folder / "memory.oom_control")
    return told.get("oom_kill")


def _fields(file: Path) -> dict[str, int]:
    """Return the lines ``name number`` of a file, as far as there are such."""
    try:
        words = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return {}
    return {one[0]: int(one[1]) for one in words if len(one) == 2 and one[1].isdecimal()}
