"""The node itself, whichever Pod this runs in: its network, its container runtime, its clock.

A Pod needs ``hostPID`` to see a node's processes, and CAP_SYS_ADMIN or ``hostNetwork`` to see its network.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from painless.doctor import sysctls
from painless.doctor.facts import Fill, Node
from painless.kernel import clock, netns, netstat

FIRST = 1  # The process that began the node; in a Pod with hostPID it is that as well.
RUNTIMES = ("containerd", "dockerd", "crio", "kubelet")
"""Of whose processes a node has one; the first that is found is told."""

_FILES = re.compile(r"^Max open files +(\d+)", re.MULTILINE)
_MEMORY = re.compile(r"^MemTotal: +(\d+) kB", re.MULTILINE)


def read(proc: Path = Path("/proc")) -> Node | str:
    """Return what is known of the node, or why nothing is."""
    running = dict(_runtimes(proc))
    runtime = next((one for one in RUNTIMES if one in running), "")
    if not runtime:
        return "this is no node: neither a kubelet nor a container runtime runs here (a Pod needs hostPID)"
    try:
        somaxconn, tracked = _network(proc)
    except OSError as cause:
        return f"the network of the node cannot be entered: {cause.strerror} (it takes CAP_SYS_ADMIN)"
    return Node(
        somaxconn=somaxconn,
        tracked=Fill(*tracked) if tracked else None,
        runtime=runtime,
        files=_number(_FILES, proc / str(running[runtime]) / "limits"),
        memory=(_number(_MEMORY, proc / "meminfo") or 0) << 10,
        clock_kept=clock.kept(),
        network=netns.name(FIRST) or "",
    )


def _network(proc: Path) -> tuple[int | None, tuple[int, int] | None]:
    def here() -> tuple[int | None, tuple[int, int] | None]:
        text = netstat.sysctl(sysctls.SOMAXCONN, proc)
        return int(text) if text and text.isdecimal() else None, netstat.conntrack(proc)

    same = netns.name(FIRST) in {None, netns.name()}
    return here() if same else netns.within(FIRST, here)


def _runtimes(proc: Path) -> Iterator[tuple[str, int]]:
    for one in proc.iterdir():
        if one.name.isdecimal():
            try:
                yield (one / "comm").read_text().strip(), int(one.name)
            except OSError:
                continue


def _number(pattern: re.Pattern[str], file: Path) -> int | None:
    try:
        found = pattern.search(file.read_text())
    except OSError:
        return None
    return int(found[1]) if found else None
