"""Limits of cgroups, in trees as machines and containers of both versions have them."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from painless.kernel.cgroup import Limit, cpu_quota, folders, memory_limit

MIB = 1 << 20


def machine(root: Path, place: str, mounts: str, files: Mapping[str, str]) -> Path:
    """Make a machine below ``root``; return its /proc."""
    proc = root / "proc"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text(place)
    (proc / "self/mountinfo").write_text(mounts.replace("ROOT", str(root).replace(" ", "\\040")))
    for name, text in files.items():
        file = root / "sys" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return proc


OTHERS = "21 1 0:20 / /proc rw,nosuid - proc proc rw\n22 1 254:0 / / rw - ext4 /dev/vda rw\n"
V2 = OTHERS + "30 1 0:27 / ROOT/sys rw,nosuid shared:9 master:2 - cgroup2 cgroup2 rw,nsdelegate\n"
V1 = (
    OTHERS
    + "31 1 0:28 / ROOT/sys/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    + "32 1 0:29 / ROOT/sys/memory rw - cgroup cgroup rw,memory\n"
    + "33 1 0:30 / ROOT/sys/unified rw - cgroup2 cgroup2 rw\n"
)
IN_V1 = "4:memory:/pods/one\n2:cpu,cpuacct:/pods/one\n1:name=systemd:/\n0::/\n"


@pytest.mark.parametrize(
    ("place", "mounts", "files", "expected"),
    [
        pytest.param("0::/\n", V2, {"cpu.max": "150000 100000\n"}, (1.5, "cpu.max"), id="own namespace"),
        pytest.param("0::/\n", V2, {"cpu.max": "max 100000\n"}, None, id="max"),
        pytest.param("0::/\n", V2, {"cgroup.procs": ""}, None, id="absent"),
        pytest.param(
            "0::/pods/one\n",
            V2,
            {"pods/cpu.max": "50000 100000\n", "pods/one/cpu.max": "200000 100000\n"},
            (0.5, "pods/cpu.max"),
            id="the least on the way up",
        ),
        pytest.param(
            "0::/pods/one\n",
            V2,
            {
                "cpu.max": "900000 100000\n",
                "pods/one/cpu.max": "200000 100000\n",
                "other/cpu.max": "1 100000\n",
            },
            (2.0, "pods/one/cpu.max"),
            id="not of siblings",
        ),
        pytest.param(
            "0::/pods/one\n",
            V2.replace("0:27 / ", "0:27 /pods/one "),
            {"cpu.max": "300000 100000\n"},
            (3.0, "cpu.max"),
            id="only itself is mounted",
        ),
        pytest.param(
            "0::/../../elsewhere\n",
            V2,
            {"cpu.max": "300000 100000\n"},
            (3.0, "cpu.max"),
            id="outside of the view",
        ),
        pytest.param(
            IN_V1,
            V1,
            {
                "cpu,cpuacct/pods/one/cpu.cfs_quota_us": "25000\n",
                "cpu,cpuacct/pods/one/cpu.cfs_period_us": "50000\n",
                "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
                "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            (0.5, "cpu,cpuacct/pods/one/cpu.cfs_quota_us"),
            id="version 1",
        ),
        pytest.param(
            IN_V1,
            V1.replace("0:28 / ", "0:28 /pods/one "),
            {"cpu,cpuacct/cpu.cfs_quota_us": "400000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n"},
            (4.0, "cpu,cpuacct/cpu.cfs_quota_us"),
            id="version 1 where only itself is mounted",
        ),
        pytest.param("garbage\n", "garbage\n", {}, None, id="unreadable places"),
    ],
)
def test_cpu_quota(
    tmp_path: Path, place: str, mounts: str, files: Mapping[str, str], expected: tuple[float, str] | None
) -> None:
    """The least quota of the cgroups that a process can be seen in, and the file that has it."""
    root = tmp_path / "with space"
    found = cpu_quota(folders("cpu", proc=machine(root, place, mounts, files)))
    want = Limit(expected[0], str(root / "sys" / expected[1])) if expected else Limit()
    assert want == found


@pytest.mark.parametrize("text", ["0 100000", "100000 0", "many 100000", "-5 100000", "", "9" * 5000 + " 1"])
def test_a_quota_without_sense(tmp_path: Path, text: str) -> None:
    """Nothing is taken from it, and the file is named; a good one beside it holds."""
    proc = machine(tmp_path, "0::/one\n", V2, {"one/cpu.max": text, "cpu.max": "200000 100000"})
    found = cpu_quota(folders("cpu", proc=proc))
    named = str(tmp_path / "sys/one/cpu.max") in found.problem
    assert (2.0, True) == (found.value, named)
    alone = cpu_quota([tmp_path / "sys/one"])
    assert (None, found.problem) == (alone.value, alone.problem)


@pytest.mark.parametrize(
    ("mounts", "files", "expected"),
    [
        (V2, {"memory.max": f"{512 * MIB}\n"}, 512 * MIB),
        (V2, {"memory.max": "max\n"}, None),
        (V2, {"memory.max": "0\n"}, None),
        (V1, {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, None),
        (V1, {"memory/memory.limit_in_bytes": f"{64 * MIB}\n"}, 64 * MIB),
        (
            V1,
            {
                "memory/memory.limit_in_bytes": f"{256 * MIB}\n",
                "memory/pods/one/memory.limit_in_bytes": f"{900 * MIB}\n",
            },
            256 * MIB,
        ),
    ],
)
def test_memory_limit(tmp_path: Path, mounts: str, files: Mapping[str, str], expected: int | None) -> None:
    """Bytes; version 1 says that there is no limit by a very large one."""
    place = "0::/\n" if mounts == V2 else IN_V1
    found = memory_limit(folders("memory", proc=machine(tmp_path, place, mounts, files)))
    assert expected == found.value


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Is named, and nothing is known from it; a folder in its place stands for a right that is missing."""
    (tmp_path / "cpu.max").mkdir()
    found = cpu_quota([tmp_path])
    assert Limit(problem=f"{tmp_path}/cpu.max cannot be read: Is a directory") == found


def test_nothing_can_be_read(tmp_path: Path) -> None:
    """Without /proc nothing is known, and nothing fails."""
    assert (Limit(), Limit()) == (cpu_quota(folders("cpu", proc=tmp_path)), memory_limit(()))
