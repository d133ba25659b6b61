"""What is read of a machine, in trees as the kernel has them."""

import resource
from pathlib import Path

import pytest

from painless.machine import read_container, read_machine

MIB = 1 << 20


def kernel(proc: Path, somaxconn: str = "4096\n", migrate: str = "0\n") -> Path:
    """Make the files of a network namespace, in a cgroup of version 2; return its /proc."""
    sysctls = {"core/somaxconn": somaxconn, "ipv4/tcp_migrate_req": migrate}
    for name, text in sysctls.items():
        file = proc / "sys/net" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (proc / "self").mkdir()
    (proc / "self/cgroup").write_text("0::/\n")
    (proc / "self/mountinfo").write_text(f"30 1 0:27 / {proc}/cgroup rw - cgroup2 cgroup2 rw\n")
    (proc / "cgroup").mkdir()
    (proc / "cgroup/cgroup.procs").touch()
    return proc


def test_a_container(tmp_path: Path) -> None:
    """Each number is said to be from where it is."""
    proc = kernel(tmp_path, "1234\n", "1\n")
    (proc / "cgroup/cpu.max").write_text("50000 100000\n")
    (proc / "cgroup/memory.max").write_text(f"{64 * MIB}\n")
    found = read_machine(proc)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert (0.5, 64 * MIB, 1234, 1) == (found.quota, found.memory, found.backlog, found.fed)
    assert (True, ()) == (found.moves_waiting, found.problems)
    assert hard in {found.open_files, resource.RLIM_INFINITY} or hard > found.open_files
    assert {
        "cpus": "sched_getaffinity",
        "open_files": "the hard limit of RLIMIT_NOFILE",
        "quota": f"{proc}/cgroup/cpu.max",
        "memory": f"{proc}/cgroup/memory.max",
        "backlog": "net.core.somaxconn",
    } == found.where


@pytest.mark.parametrize("somaxconn", ["0\n", "many\n", ""])
def test_a_queue_without_length(tmp_path: Path, somaxconn: str) -> None:
    """NGINX would refuse the number, so the kernel's default is assumed, and the file is named."""
    found = read_machine(kernel(tmp_path, somaxconn))
    assert 4096 == found.backlog
    assert [True] == ["core/somaxconn" in one for one in found.problems]


def test_nothing_can_be_read(tmp_path: Path) -> None:
    """What is not known is no limit; the queue is the kernel's default."""
    found = read_machine(tmp_path)
    assert (None, None, 4096, False) == (found.quota, found.memory, found.backlog, found.moves_waiting)
    unknown = [one.partition(": ")[2] for one in found.problems[:2]]
    assert ["a CPU quota is unknown", "a memory limit is unknown"] == unknown


@pytest.mark.parametrize(
    "files",
    [
        {"cpu.max": "150000 100000\n", "memory.max": f"{32 * MIB}\n"},
        {
            "cpu/cpu.cfs_quota_us": "150000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": f"{32 * MIB}\n",
        },
    ],
    ids=["version 2", "version 1"],
)
def test_another_container(tmp_path: Path, files: dict[str, str]) -> None:
    """What its runner has told is read as our own cgroup is."""
    told = tmp_path / "machine"
    for name, text in {"cpus": "8\n", "files": "65536\n", **files}.items():
        (told / name).parent.mkdir(parents=True, exist_ok=True)
        (told / name).write_text(text)
    found = read_container(told, kernel(tmp_path / "proc"))
    assert (8, 1.5, 2, 65_536, 32 * MIB) == (
        found.cpus,
        found.quota,
        found.fed,
        found.open_files,
        found.memory,
    )


def test_a_container_that_does_not_tell(tmp_path: Path) -> None:
    """Is assumed to be as ours is, and that is said."""
    found = read_container(tmp_path / "nothing", kernel(tmp_path / "proc"))
    ours = read_machine(tmp_path / "proc")
    assert (ours.cpus, ours.open_files) == (found.cpus, found.open_files)
    assert ["does not tell" in one for one in found.problems] == [True]
