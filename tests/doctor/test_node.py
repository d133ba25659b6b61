"""A node, and other network namespaces: files of a fixture, and real namespaces."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from painless.doctor import node, sysctls
from painless.doctor.facts import NODE, Node
from painless.doctor.gather import Asked, gather
from painless.kernel import netns, netstat

QUEUE = 77  # A somaxconn that no machine has.


@pytest.fixture
def elsewhere() -> Iterator[int]:
    """A process in a network namespace of its own, tuned in its own way."""
    script = f"echo {QUEUE} > /proc/sys/net/core/somaxconn && echo tuned && exec sleep 60"
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("there is no unshare")
    with subprocess.Popen([unshare, "-n", "sh", "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "tuned\n":
            pytest.skip("network namespaces are not for us here")
        yield process.pid
        process.kill()


def test_reads_another_namespace(elsewhere: int) -> None:
    """What is read within it is its own, and we stay where we are."""
    before = netns.name()
    found = netns.within(elsewhere, lambda: (netstat.sysctl(sysctls.SOMAXCONN), netns.name()))
    assert found == (str(QUEUE), netns.name(elsewhere))
    assert netns.name() == before
    assert netstat.sysctl(sysctls.SOMAXCONN) != str(QUEUE)


def test_a_namespace_that_is_gone() -> None:
    """An error of the system, as with any file that is not there."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    with pytest.raises(OSError, match="No such"):
        netns.within(process.pid, lambda: None)


def proc(folder: Path, *runtimes: str) -> Path:
    """A /proc with these processes, all of which may open 1024 files."""
    for pid, name in enumerate(("systemd", *runtimes), 1):
        (folder / str(pid)).mkdir()
        (folder / str(pid) / "comm").write_text(f"{name}\n")
        (folder / str(pid) / "limits").write_text(
            "Max open files            1024        1048576      files\n"
        )
    (folder / "meminfo").write_text("MemTotal:        8192 kB\n")
    tables = folder / "sys/net/netfilter"
    tables.mkdir(parents=True)
    (tables / "nf_conntrack_count").write_text("5\n")
    (tables / "nf_conntrack_max").write_text("100\n")
    (folder / "sys/net/core").mkdir()
    (folder / "sys/net/core/somaxconn").write_text("65535\n")
    return folder


def test_a_node(tmp_path: Path) -> None:
    """What runs containers there tells a node, and its limits are those of containers."""
    found = node.read(proc(tmp_path, "kubelet", "containerd"))
    assert isinstance(found, Node)
    assert (found.runtime, found.files, found.memory, found.somaxconn) == ("containerd", 1024, 8 << 20, 65535)
    assert found.tracked is not None
    assert (found.tracked.count, found.tracked.most) == (5, 100)


def test_no_node(tmp_path: Path) -> None:
    """A machine without a container runtime is none, and that is said."""
    found = node.read(proc(tmp_path, "bash"))
    assert isinstance(found, str)
    assert "hostPID" in found


def test_whatever_runs_here() -> None:
    """The node is known, or why it is not."""
    facts = gather(Asked(node=True), apart=0.0).facts
    assert (NODE in facts.known) != (NODE in facts.missing)
