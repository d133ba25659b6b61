"""What this machine, or this container of it, lets NGINX have, and where each number was found.

Read from the cgroup and the kernel; what cannot be read has the kernel's own default.
"""

import grp
import os
import pwd
import resource
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct, structs

from painless.compiler.options import Machine
from painless.kernel import cgroup

_PROC = Path("/proc")
_SYSCTLS = "sys/net"
_SOMAXCONN = "core/somaxconn"
_MIGRATE = "ipv4/tcp_migrate_req"
_QUEUE = 4096  # Linux's default since 5.4.
_MOST_FILES = 1_048_576  # A hard limit of "infinity" would make NGINX allocate for each of them.


class WorkerUser(Struct, frozen=True):
    """Whom NGINX's workers run as, where that is not us: names for NGINX, numbers for files."""

    directive: str = ""
    uid: int | None = None
    gid: int | None = None


def read_machine(proc: Path = _PROC) -> Machine:
    """Return what NGINX may use here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    cpus, memory = (cgroup.folders(one, proc=proc) for one in ("cpu", "memory"))
    unseen = [
        name
        for name, found in (("CPU quota", cpus), ("memory limit", memory))
        if not cgroup.is_visible(found)
    ]
    where = {"cpus": "sched_getaffinity", "open_files": "the hard limit of RLIMIT_NOFILE"}
    problems = tuple(f"no cgroup of ours can be seen in /sys/fs/cgroup: a {one} is unknown" for one in unseen)
    machine = Machine(cpus=len(os.sched_getaffinity(0)), open_files=files, where=where, problems=problems)
    return _with_kernel(_with_limits(machine, cpus, memory), proc)


def read_container(told: Path, proc: Path = _PROC) -> Machine:
    """Return what NGINX may use in another container of this Pod, whose runner tells it in a folder.

    Both containers are in one network namespace.
    """
    try:
        cpus, files = (int((told / one).read_text()) for one in ("cpus", "files"))
    except (OSError, ValueError):
        problem = f"{told} does not tell the CPUs and files of the NGINX container: ours are assumed"
        ours = read_machine(proc)
        return structs.replace(ours, problems=(*ours.problems, problem))
    where = {"cpus": "nproc in the NGINX container", "open_files": "ulimit -Hn in the NGINX container"}
    machine = Machine(cpus=max(1, cpus), open_files=min(files, _MOST_FILES), where=where)
    return _with_kernel(_with_limits(machine, (told, told / "cpu"), (told, told / "memory")), proc)


def _with_limits(machine: Machine, cpus: Iterable[Path], memory: Iterable[Path]) -> Machine:
    """Add what the cgroups in these folders grant."""
    quota, limit = cgroup.cpu_quota(cpus), cgroup.memory_limit(memory)
    return structs.replace(
        machine,
        quota=quota.value,
        memory=None if limit.value is None else int(limit.value),
        where={**machine.where, "quota": quota.file, "memory": limit.file},
        problems=(*machine.problems, *filter(None, (quota.problem, limit.problem))),
    )


def _with_kernel(machine: Machine, proc: Path) -> Machine:
    """Add what the kernel grants in this network namespace."""
    backlog, migrate = (_number(proc / _SYSCTLS / one) for one in (_SOMAXCONN, _MIGRATE))
    file = proc / _SYSCTLS / _SOMAXCONN
    # A queue of nobody is no queue, and NGINX refuses the number.
    problem = () if backlog else (f"{file} has no number above 0: {_QUEUE} is assumed",)
    return structs.replace(
        machine,
        backlog=backlog or _QUEUE,
        moves_waiting=bool(migrate),
        where={**machine.where, "backlog": "net.core.somaxconn" if backlog else "the kernel's default"},
        problems=(*machine.problems, *problem),
    )


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None


def read_every_address() -> tuple[str, ...]:
    """Return what listens on every address: of both families, where the kernel has both."""
    try:
        has_ipv6 = (_PROC / "net/if_inet6").read_text() != ""
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
