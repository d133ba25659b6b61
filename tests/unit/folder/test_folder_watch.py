"""The bell, with the real kernel: what changed is named, and only what may mean more means everything."""

import os
import resource
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

from painless.folder.watch import Watch

PATIENCE_S = 10.0  # an event takes 2 ms; a loaded machine may take a while longer


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """A folder with one manifest and one folder below it, watched."""
    (tmp_path / "below").mkdir()
    (tmp_path / "a.yaml").write_text("1")
    found = Watch(tmp_path)
    assert found.narrowed((), rang=False) is None
    assert not found.fault
    yield found
    found.close()


async def heard(watch: Watch, known: Collection[str] = ("a.yaml",)) -> frozenset[str] | None:
    """Return what the next ring of the bell is about."""
    assert await watch.ring(PATIENCE_S)
    return watch.narrowed(known, rang=True)


def _moved_here(root: Path) -> None:
    (root / ".a.yaml.tmp").write_text("2")
    (root / ".a.yaml.tmp").rename(root / "a.yaml")


def _written(root: Path) -> None:
    (root / "a.yaml").write_text("2")


def _removed(root: Path) -> None:
    (root / "a.yaml").unlink()


def _moved_away(root: Path) -> None:
    (root / "a.yaml").rename(root / "a.txt")


@pytest.mark.parametrize("change", [_moved_here, _written, _removed, _moved_away])
async def test_one_file_is_named(watch: Watch, tmp_path: Path, change: Callable[[Path], None]) -> None:
    """However it changes, nothing else has to be looked at; what editors write aside is nobody's business."""
    change(tmp_path)
    assert frozenset({"a.yaml"}) == await heard(watch)


async def test_another_link_to_a_file_is_named(watch: Watch, tmp_path: Path) -> None:
    """Nobody writes it, so nobody will close it."""
    (tmp_path / "a.yaml").chmod(0o600)
    (tmp_path / "b.yaml").hardlink_to(tmp_path / "a.yaml")
    assert frozenset({"b.yaml"}) == await heard(watch)


async def test_a_file_is_named_when_its_writer_closes_it(watch: Watch, tmp_path: Path) -> None:
    """Until then it may hold half an object."""
    with (tmp_path / "b.yaml").open("w") as file:
        file.write("half")
        file.flush()
        assert frozenset() == await heard(watch)
    assert frozenset({"b.yaml"}) == await heard(watch)


async def test_a_file_below_is_named_with_its_folder(watch: Watch, tmp_path: Path) -> None:
    """As the disk is read."""
    (tmp_path / "below" / "b.yaml").write_text("1")
    assert frozenset({"below/b.yaml"}) == await heard(watch)


def _folder_comes(root: Path) -> Path:
    (root / "more").mkdir()
    return root / "more"


def _folder_moves(root: Path) -> Path:
    return (root / "below").rename(root / "more")


def _link_comes(root: Path) -> Path:
    (root.parent / "elsewhere").mkdir(exist_ok=True)
    (root / "more").symlink_to("../elsewhere")
    return root / "more"


@pytest.mark.parametrize("change", [_folder_comes, _folder_moves, _link_comes])
async def test_a_folder_means_everything_and_is_watched(
    watch: Watch, tmp_path: Path, change: Callable[[Path], Path]
) -> None:
    """What it holds may have been there before it was watched; what comes later is named."""
    folder = change(tmp_path)
    assert await heard(watch) is None
    (folder / "b.yaml").write_text("1")
    assert frozenset({"more/b.yaml"}) == await heard(watch)


async def test_a_link_to_a_folder_that_goes_means_everything(watch: Watch, tmp_path: Path) -> None:
    """The kernel does not say that it led to a folder."""
    _link_comes(tmp_path)
    assert await heard(watch) is None
    (tmp_path / "more").unlink()
    assert await heard(watch, ("a.yaml", "more/b.yaml")) is None


async def test_a_queue_that_overflows_means_everything(watch: Watch, tmp_path: Path) -> None:
    """Events were lost, and nobody knows which; later ones are named again."""
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for _ in range(most // 2 + 1):
        for name in ("a.yaml", "b.yaml"):
            os.close(os.open(tmp_path / name, os.O_WRONLY | os.O_CREAT))
    assert await heard(watch) is None
    (tmp_path / "a.yaml").write_text("2")
    assert frozenset({"a.yaml"}) == await heard(watch)


async def test_silence_means_everything(watch: Watch) -> None:
    """Some changes make no event."""
    assert not await watch.ring(0.0)
    assert watch.narrowed(("a.yaml",), rang=False) is None


async def test_what_comes_as_the_time_ends_is_not_lost(watch: Watch, tmp_path: Path) -> None:
    """The next ring is about it."""
    folder = _folder_comes(tmp_path)
    assert not await watch.ring(0.0)
    assert await heard(watch) is None
    (folder / "b.yaml").write_text("1")
    assert frozenset({"more/b.yaml"}) == await heard(watch)


def test_what_cannot_be_watched_is_told(tmp_path: Path) -> None:
    """A kernel without more files to give; changes are then found by looking."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    watch = Watch(tmp_path)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert watch.narrowed((), rang=False) is None
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "since it cannot be watched: Too many open files (the limits are fs.inotify." in watch.fault
