"""The state directory: complete or absent, one writer, nothing removed that is in use."""

import os
import resource
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from painless.model.objects import ObjectRef, Origin
from painless.nginx.generation import Generation
from painless.nginxd.disk import Disk
from painless.nginxd.errors import DiskFull, StateBusy, StateUnreachable
from painless.sensitive import Sensitive

OTHER = 54321  # Neither root nor whoever runs the tests.
WEB = Origin(ObjectRef("Ingress", "shop", "web"), "spec.rules[0]")
API = Origin(ObjectRef("Ingress", "shop", "api"), "spec.rules[0]")


def generation(id_: str = "g1", text: str = "events {}\n") -> Generation:
    return Generation(id=id_, cold={"nginx.conf": text, "upstreams.conf": "# none\n"})


@pytest.fixture
def disk(state_dir: Path) -> Iterator[Disk]:
    with Disk(state_dir) as one:
        yield one


@contextmanager
def files_limited_to(size: int) -> Iterator[None]:
    """Have each file end at ``size`` bytes, as a quota would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def everything(root: Path) -> set[str]:
    return {str(one.relative_to(root)) for one in root.rglob("*")}


def test_a_staged_generation_has_its_marker_and_nothing_unfinished(disk: Disk) -> None:
    """The folder holds the cold files and the directive by which processes tell their generation."""
    disk.stage(generation())

    folder = disk.folder("g1")
    assert {"nginx.conf", "upstreams.conf", "generation.conf", "meta.json"} == everything(folder)
    assert f"error_log {disk.run}/gen-g1 emerg;\n" == (folder / "generation.conf").read_text()
    assert [folder] == list(folder.parent.iterdir())


def test_a_staged_generation_is_read_back(disk: Disk) -> None:
    """Whatever a controller plans from is there for its successor, the hot files as they are by then."""
    one = Generation(
        id="g1",
        cold={"nginx.conf": "a\nb\r\nü\nd\n"},
        hot={"certs/a.pem": Sensitive(b"old"), "certs/gone.pem": Sensitive(b"x")},
        origins={"nginx.conf": (None, WEB, WEB, API)},
        upstreams=frozenset({"u1", "u2"}),
        routes={"r": frozenset({"u1"})},
    )
    disk.put_hot("certs/a.pem", Sensitive(b"rotated"))
    disk.stage(one)

    expected = Generation(
        id="g1",
        cold=one.cold,
        hot={"certs/a.pem": Sensitive(b"rotated")},
        origins=one.origins,
        upstreams=one.upstreams,
        routes=one.routes,
    )
    assert expected == disk.read_generation("g1")


def test_what_cannot_be_read_back_is_none(disk: Disk) -> None:
    """A generation that is not there, or was written by another version, is planned from as from nothing."""
    disk.stage(generation())
    (disk.folder("g1") / "meta.json").write_text('{"format": 99}')

    assert (None, None) == (disk.read_generation("g1"), disk.read_generation("never"))


def test_a_generation_is_written_once(disk: Disk) -> None:
    """Its id says what is in it, so staging it again touches nothing."""
    disk.stage(generation())
    before = (disk.folder("g1") / "nginx.conf").stat()

    disk.stage(generation())

    assert before == (disk.folder("g1") / "nginx.conf").stat()


def test_switching_moves_one_relative_link(disk: Disk) -> None:
    """``current`` names a generation that is there, wherever the state directory is mounted."""
    assert disk.current_id() is None

    for id_ in ("g1", "g2", "g2"):
        disk.stage(generation(id_))
        disk.switch(id_)

    assert Path("generations/g2") == disk.current.readlink()
    assert "g2" == disk.current_id()
    with pytest.raises(AssertionError, match="generation g3 is not staged"):
        disk.switch("g3")


def test_no_room_while_staging_leaves_nothing_behind(disk: Disk) -> None:
    """A file that does not fit is named, and neither it nor what was staged before it stays."""
    before = everything(disk.root)

    with files_limited_to(4096), pytest.raises(DiskFull, match=r"no room to write .*/generations/"):
        disk.stage(Generation(id="g1", cold={"nginx.conf": "x", "sites.conf": "y" * 8192}))

    assert before == everything(disk.root)


def test_no_room_for_a_hot_file_keeps_the_old_one(disk: Disk) -> None:
    """A certificate that cannot be replaced is served on."""
    disk.put_hot("certs/a.pem", Sensitive(b"old"))
    before = everything(disk.root)

    with files_limited_to(4096), pytest.raises(DiskFull, match=r"no room to write .*/hot/certs/a.pem"):
        disk.put_hot("certs/a.pem", Sensitive(b"n" * 8192))

    assert Sensitive(b"old") == disk.hot("certs/a.pem")
    assert before == everything(disk.root)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_full_volume(state_dir: Path) -> None:
    """A volume without room is told as such; once there is some, the same steps succeed."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=711", "painless-test", str(state_dir)]
    if subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting is not permitted here")
    try:
        with Disk(state_dir) as disk:
            ballast = state_dir / "ballast"
            ballast.write_bytes(b"b" * 900_000)
            large = generation("large", "#" * 500_000)
            with pytest.raises(DiskFull):
                disk.stage(large)
            left = list((state_dir / "generations").iterdir())
            ballast.unlink()

            disk.stage(large)

            assert [] == left
            assert large.cold == disk.read_generation("large").cold  # type: ignore[union-attr]
    finally:
        subprocess.run(["umount", str(state_dir)], check=True)


def test_what_a_killed_writer_left_is_removed(state_dir: Path) -> None:
    """Unfinished files of a predecessor do not pile up, and finished ones stay."""
    with Disk(state_dir) as disk:
        disk.stage(generation())
        disk.put_hot("certs/a.pem", Sensitive(b"key"))
        before = everything(state_dir)
    (state_dir / "generations" / ".partial-1").mkdir()
    (state_dir / "generations" / ".partial-1" / "nginx.conf").write_text("half")
    (state_dir / ".partial-2").symlink_to("generations/g1")
    (state_dir / "hot" / "certs" / ".partial-3").write_text("half")

    Disk(state_dir).close()

    assert before == everything(state_dir)


def test_hot_files_are_written_once_and_privately(disk: Disk) -> None:
    """Equal content is left alone; a file is for its owner, its folder may be entered but not listed."""
    disk.put_hot("certs/a.pem", Sensitive(b"key"))
    path = disk.root / "hot" / "certs" / "a.pem"
    before = path.stat()

    disk.put_hot("certs/a.pem", Sensitive(b"key"))

    assert before == path.stat()
    assert 0o600 == stat.S_IMODE(before.st_mode)
    assert 0o711 == stat.S_IMODE(path.parent.stat().st_mode)


def test_a_dropped_hot_file_is_gone_once_and_for_all(disk: Disk) -> None:
    """Dropping a marker twice is as good as once."""
    disk.put_hot("arms/a", Sensitive(b""))

    disk.drop_hot("arms/a")
    disk.drop_hot("arms/a")

    assert disk.hot("arms/a") is None


@pytest.mark.parametrize("path", ["/etc/passwd", "../lock", "a/../../lock", ""])
def test_a_hot_path_stays_within_its_folder(disk: Disk, path: str) -> None:
    """A path made wrongly is our mistake and never reaches the file system."""
    with pytest.raises(AssertionError):
        disk.put_hot(path, Sensitive(b"x"))


def test_a_second_writer_is_told_who_writes(state_dir: Path) -> None:
    """The lock names its holder, and is free again once the holder lets go."""
    says = f"in use by process {os.getpid()}: one controller"
    with Disk(state_dir), pytest.raises(StateBusy, match=says):
        Disk(state_dir)

    with Disk(state_dir):
        pass


def test_a_folder_that_workers_may_not_enter_is_named(state_dir: Path) -> None:
    """A state directory below a private folder would serve no certificate; the operator is told before."""
    private = state_dir / "private"
    private.mkdir(mode=0o700)

    with pytest.raises(StateUnreachable, match=rf"user {OTHER}, who may not enter {private} \(mode 0700\)"):
        Disk(private / "state", OTHER, OTHER)


def test_a_state_directory_that_cannot_be_made_is_named(state_dir: Path) -> None:
    """A file in the way is one sentence and no traceback of ours."""
    (state_dir / "file").write_text("")

    with pytest.raises(StateUnreachable, match=rf"{state_dir}/file/state cannot be prepared"):
        Disk(state_dir / "file" / "state")


def test_a_state_directory_that_was_removed_is_not_written_to(disk: Disk) -> None:
    """Its lock is gone with it, so another controller may be making it anew."""
    disk.refuse_gone()
    (disk.root / "lock").unlink()
    with pytest.raises(StateUnreachable, match=f"{disk.root} was removed while it was in use"):
        disk.refuse_gone()


def test_pruning_keeps_what_is_in_use_current_or_among_the_newest(disk: Disk) -> None:
    """Everything else goes, with its marker; a marker without a generation goes as well."""
    for age, id_ in enumerate(("g1", "g2", "g3", "g4", "g5", "g6")):
        disk.stage(generation(id_))
        os.utime(disk.folder(id_), (age, age))
        (disk.run / f"gen-{id_}").touch()
    disk.switch("g2")
    (disk.run / "gen-lost").touch()

    removed = disk.prune({"g1", "unknown"})

    assert {"g3", "g4"} == set(removed)
    assert {"g1", "g2", "g5", "g6"} == {one.name for one in (disk.root / "generations").iterdir()}
    assert {"gen-g1", "gen-g2", "gen-g5", "gen-g6"} == {one.name for one in disk.run.glob("gen-*")}
