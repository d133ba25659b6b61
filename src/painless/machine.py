"""What this machine, or this container of it, lets NGINX have.

Read from the cgroup and the kernel; what cannot be read has the kernel's own default.
"""

import grp
import math
import os
import pwd
import resource
from pathlib import Path

from msgspec import Struct

from painless.compiler.options import Machine

_CGROUP = Path("/sys/fs/cgroup")
_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
_IPV6 = Path("/proc/net/if_inet6")
_MOST_FILES = 1_048_576  # A hard limit of "infinity" would make NGINX allocate for each of them.


class WorkerUser(Struct, frozen=True):
    """Whom NGINX's workers run as, where that is not us: names for NGINX, numbers for files."""

    directive: str = ""
    uid: int | None = None
    gid: int | None = None


def read_machine() -> Machine:
    """Return what NGINX may use here."""
    return Machine(workers=read_workers(), open_files=read_open_files(), backlog=read_somaxconn())


def read_container(told: Path) -> Machine:
    """Return what NGINX may use in another container of this Pod, whose runner has told it in a folder."""
    try:
        cpus, files = (int((told / one).read_text()) for one in ("cpus", "files"))
    except (OSError, ValueError):
        # A runner that could not tell: as much as we would have ourselves.
        return read_machine()
    return Machine(
        workers=_fed(cpus, _quota(told)), open_files=min(files, _MOST_FILES), backlog=read_somaxconn()
    )


def read_workers() -> int:
    """Return how many workers the CPU quota feeds: rounded up, at least one, at most the CPUs we may use."""
    return _fed(len(os.sched_getaffinity(0)), _quota(_CGROUP))


def _fed(cpus: int, quota: float | None) -> int:
    return cpus if quota is None else max(1, min(cpus, math.ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    """Return the CPUs that the cgroup grants, ``None`` without a limit."""
    try:
        limit, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (cgroup / "cpu/cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu/cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if limit in {"max", "-1"}:
        return None
    return int(limit) / int(period)


def read_open_files() -> int:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)


def read_somaxconn() -> int:
    """Return the longest accept queue the kernel grants in this network namespace."""
    try:
        return int(_SOMAXCONN.read_text())
    except (OSError, ValueError):
        return 4096  # Linux's default since 5.4.


def read_every_address() -> tuple[str, ...]:
    """Return what listens on every address: of both families, where the kernel has both."""
    try:
        has_ipv6 = _IPV6.read_text() != ""
    except OSError:
        has_ipv6 = False
    return ("", "[::]") if has_ipv6 else ("",)


def read_worker_user() -> WorkerUser:
    """Return an unprivileged user for the workers when we are root; nobody else may choose one."""
    if os.geteuid() != 0:
        return WorkerUser()
    nobody = pwd.getpwnam("nobody")
    group = grp.getgrgid(nobody.pw_gid).gr_name
    return WorkerUser(f"nobody {group}", nobody.pw_uid, nobody.pw_gid)
