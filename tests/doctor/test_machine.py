"""The machine as it is read: cgroups of version 2, nonsense in files, processes that end meanwhile."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from painless.doctor import machine, processes
from painless.doctor.facts import MEMORY, PRESSURE, QUOTA, Memory, Pressure, Quota
from painless.doctor.gather import Asked, gather
from painless.kernel import netstat, tables, throttling

MIB = 1 << 20
PRESSED = (
    "some avg10=1.00 avg60={:.2f} avg300=0.00 total=1\nfull avg10=0.00 avg60={:.2f} avg300=0.00 total=0\n"
)
V2 = {
    "cpu.max": "150000 100000\n",
    "cpu.stat": "usage_usec 9\nnr_periods 40\nnr_throttled 4\nthrottled_usec 5\n",
    "cpu.pressure": PRESSED.format(25.5, 0.0),
    "memory.pressure": PRESSED.format(3.0, 1.25),
    "memory.max": f"{512 * MIB}\n",
    "memory.current": f"{200 * MIB}\n",
    "memory.stat": f"anon 1\ninactive_file {50 * MIB}\nactive_file 0\n",
    "memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 2\n",
    "memory.oom.group": "1\n",
}


def tree(folder: Path, files: dict[str, str]) -> tuple[Path, ...]:
    for name, text in files.items():
        (folder / name).write_text(text)
    return (folder,)


def test_a_cgroup_of_version_2(tmp_path: Path) -> None:
    """One folder has it all."""
    folders = tree(tmp_path, V2)
    found: dict[str, Any] = machine.cgroups(folders, folders)
    assert {name: one.value for name, one in found.items()} == {
        QUOTA: Quota(1.5),
        MEMORY: Memory(512 * MIB, 150 * MIB, 2, together=True),
        PRESSURE: Pressure(25.5, 1.25),
    }


def test_how_often_a_quota_of_version_2_ran_out(tmp_path: Path) -> None:
    """By the same names as in version 1."""
    found = machine.periods(tree(tmp_path, V2))
    assert isinstance(found, machine.Read)
    assert found.value == {"periods": 40, "throttled": 4}


@pytest.mark.parametrize("name", V2)
def test_a_file_that_is_a_folder(name: str, tmp_path: Path) -> None:
    """What cannot be read is a sentence or nothing, and the rest is read."""
    folders = tree(tmp_path, {other: text for other, text in V2.items() if other != name})
    (tmp_path / name).mkdir()
    found = machine.cgroups(folders, folders) | {"periods": machine.periods(folders)}
    assert sorted(found) == sorted((QUOTA, MEMORY, PRESSURE, "periods"))


_texts = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.lists(
            st.sampled_from(["0", "ffffffff", "zz", "max", "-1", "some", "avg60=1.0", "nr_periods", "é"]),
            max_size=8,
        ),
        max_size=5,
    ).map(lambda lines: "\n".join(map(" ".join, lines))),
)
_READERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "softnet": ("net/softnet_stat", tables.softnet),
    "conntrack": ("net/stat/nf_conntrack", tables.conntrack_counters),
    "sockstat": ("net/sockstat", tables.tcp_pages),
    "pressure": ("pressure", lambda proc: tables.pressure(proc / "pressure")),
    "netstat": ("net/netstat", netstat.tcp_counters),
    "ports": ("sys/net/ipv4/ip_local_port_range", netstat.local_ports),
    "sysctls": ("sys/net/core/somaxconn", netstat.sysctls),
    "periods": ("cpu.stat", lambda proc: throttling.quota_periods([proc])),
    "cgroups": ("cpu.max", lambda proc: machine.cgroups((proc,), (proc,))),
    "memory": ("memory.max", lambda proc: machine.cgroups((proc,), (proc,))),
    "events": ("memory.events", lambda proc: machine.cgroups((proc,), (proc,))),
}


@pytest.mark.parametrize("name", _READERS)
@settings(max_examples=40, deadline=None)
@given(text=_texts)
def test_nonsense_is_nothing(name: str, text: str) -> None:
    """Whatever a kernel writes, or who stands in for it, no reader ends the doctor."""
    path, read = _READERS[name]
    with TemporaryDirectory() as folder:
        file = Path(folder) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        read(Path(folder))


def test_processes_that_come_and_go() -> None:
    """While processes end, what is said of them is that they are gone, are no NGINX, or may not be read."""
    children = [subprocess.Popen(["sleep", "60"]) for _ in range(8)]
    said = []
    for at, child in enumerate(children):
        if at % 2:
            child.kill()
        # A zombie has a process id and nothing else.
        try:
            processes.find(child.pid)
        except (processes.Gone, PermissionError) as cause:
            said.append(str(child.pid) in str(cause))
    for child in children:
        child.kill()
        child.wait()
    assert said == [True] * len(children)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 1 << 22))
def test_any_number_of_a_process(pid: int) -> None:
    """A process id is of anything: a thread, a kernel's, or nobody's."""
    if pid != os.getpid():
        gathered = gather(Asked(pid=pid, machine=False), apart=0.0)
        assert len(gathered.problems) <= 1
