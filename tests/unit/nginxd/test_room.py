"""What all generations may have together: what the operator says, or what the cgroup leaves them."""

from pathlib import Path

import pytest

from painless.nginxd.room import MOST, SHARE, Room
from painless.plan.governor import Budget
from painless.plan.workers import GenerationState, WorkerState

STAT = "inactive_file 100\nactive_file 50"
NGINX = GenerationState("a", 1.0, None, (WorkerState(1, draining=False, memory=200),))


def cgroup(tmp_path: Path, **files: str) -> Room:
    for name, content in files.items():
        (tmp_path / name.replace("__", ".")).write_text(content)
    return Room(4, None, folders=(tmp_path,))


def test_the_operator_decides() -> None:
    """Whatever the cgroup has."""
    assert Budget(6, 1000) == Room(6, 1000).budget((NGINX,))


@pytest.mark.parametrize(
    "files",
    [
        {"memory__max": "1000", "memory__current": "500", "memory__stat": STAT},
        {
            "memory__limit_in_bytes": "1000",
            "memory__usage_in_bytes": "500",
            "memory__stat": "total_inactive_file 100\ntotal_active_file 50",
        },
    ],
)
def test_others_in_the_cgroup_have_theirs(tmp_path: Path, files: dict[str, str]) -> None:
    """Of 400 bytes that are used 200 are not NGINX's, and 50 of them could be given back."""
    found = cgroup(tmp_path, **files).budget((NGINX,))
    assert Budget(4, int(SHARE * 1000) - 200, most=int(MOST * 1000) - 150) == found


def test_without_a_limit_memory_does_not_count(tmp_path: Path) -> None:
    """The number of generations does."""
    assert Budget(4, None) == cgroup(tmp_path, memory__max="max", memory__current="5").budget((NGINX,))
    assert Budget(4, None) == Room(4, None, folders=()).budget((NGINX,))


def test_a_cgroup_that_others_fill_leaves_nothing(tmp_path: Path) -> None:
    """And never less."""
    found = cgroup(tmp_path, memory__max="1000", memory__current="5000").budget((NGINX,))
    assert Budget(4, 0, most=0) == found
