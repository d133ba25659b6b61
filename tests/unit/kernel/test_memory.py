"""What a process costs."""

import mmap
import os
from pathlib import Path

import pytest

from painless.kernel import memory
from painless.kernel.memory import Use

GONE = 2**22 + 1  # Above the highest pid that Linux gives.
MANY = 32 << 20


def test_what_is_our_own_counts() -> None:
    """Memory that a process has written to is its own."""
    before = memory.share(os.getpid())
    with mmap.mmap(-1, MANY) as own:
        own.write(b"x" * MANY)
        after = memory.share(os.getpid())

    assert before is not None
    assert after is not None
    assert MANY * 0.9 < after - before


def test_a_process_that_is_gone() -> None:
    """It costs nothing that could be said."""
    assert memory.share(GONE) is None


class Group:
    """The files of a made-up cgroup."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, **files: str) -> "Group":
        for name, content in files.items():
            (self.folder / f"memory.{name}").write_text(content + "\n")
        return self


def test_a_cgroup_of_version_2(tmp_path: Path) -> None:
    """Pages of files that nobody has used lately are not in use; the others could be given back, too."""
    Group(tmp_path).has(
        max="1000",
        current="600",
        stat="anon 1\ninactive_file 100\nactive_file 50",
        events="oom 2\noom_kill 1",
    )

    assert Use(1000, 500, 450, 1) == memory.use([tmp_path])


def test_a_cgroup_of_version_1(tmp_path: Path) -> None:
    """The same, by other names."""
    Group(tmp_path).has(
        limit_in_bytes="1000",
        usage_in_bytes="600",
        stat="total_inactive_file 100\ntotal_active_file 50",
        oom_control="oom_kill_disable 0\nunder_oom 0\noom_kill 1",
    )

    assert Use(1000, 500, 450, 1) == memory.use([tmp_path])


def test_a_limit_above_binds(tmp_path: Path) -> None:
    """What is used is told of whom the limit is about; kills are those of the own one."""
    above = Group(tmp_path).has(max="1000", current="900", events="oom_kill 7").folder
    own = Group(tmp_path / "own").has(max="max", current="300", events="oom_kill 1").folder

    assert Use(1000, 900, 900, 1) == memory.use([own, above])


@pytest.mark.parametrize("content", ["", "many"])
def test_nonsense_in_a_file(tmp_path: Path, content: str) -> None:
    """Nothing is known of it; what else there is counts."""
    Group(tmp_path).has(max="1000", current=content, events="oom_kill 1")

    assert Use(1000, None, None, 1) == memory.use([tmp_path])


def test_no_cgroup() -> None:
    """Nothing is known, which is no limit of nothing."""
    assert Use() == memory.use([])
