"""The folder as a source, with real files: complete at first, then each change, and nothing else.

No test waits for time to pass: each waits for the next change, with a deadline.
"""

import asyncio
import os
import random
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from painless.controller.ports import Change
from painless.folder.source import FolderError, FolderSource, read_folder
from painless.model.objects import ConfigMap, Object, ObjectRef

DEADLINE_S = 10.0  # a change takes 25 ms; a loaded machine may take a while longer


def configmap(name: str, value: str = "1") -> str:
    return f'---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {{k: "{value}"}}\n'


def ref(name: str) -> ObjectRef:
    return ObjectRef("ConfigMap", "default", name)


def expected(name: str, value: str = "1") -> ConfigMap:
    return ConfigMap("default", name, (("k", value),))


def write(path: Path, text: str) -> None:
    """Write as careful editors do: aside, then one rename."""
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_text(text)
    aside.rename(path)


class Reader:
    """Takes changes one by one, each within the deadline."""

    def __init__(self, source: AsyncIterator[Change]) -> None:
        self._source = source

    async def next(self) -> Change:
        async with asyncio.timeout(DEADLINE_S):
            return await anext(self._source)

    async def until(self, name: str, value: str) -> Change:
        """Return the change that brings the object, however many come before it."""
        while True:
            change = await self.next()
            if expected(name, value) in change.upserts:
                return change


@asynccontextmanager
async def reading(folder: Path) -> AsyncIterator[Reader]:
    source = FolderSource(folder).changes()
    try:
        yield Reader(source)
    finally:
        await source.aclose()


def reasons(change: Change) -> list[tuple[str, str]]:
    return [(one.field, str(one.reason)) for one in change.diagnostics]


async def test_the_first_change_is_complete(tmp_path: Path) -> None:
    """All of the tree is in it, hidden files and other names are not."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.yaml").write_text(configmap("a") + configmap("b"))
    (tmp_path / "deep" / "er" / "c.yml").write_text(configmap("c"))
    (tmp_path / "d.json").write_text('{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "d"}}')
    (tmp_path / ".git" / "x.yaml").write_text(configmap("x"))
    (tmp_path / ".y.yaml").write_text(configmap("y"))
    (tmp_path / "z.txt").write_text(configmap("z"))
    async with reading(tmp_path) as reader:
        first = await reader.next()
    assert ["a", "b", "c", "d"] == sorted(one.name for one in first.upserts)
    assert (True, (), ()) == (first.first, first.removals, first.diagnostics)
    assert first.upserts == read_folder(tmp_path)[0]


async def test_an_empty_folder_is_a_picture_too(tmp_path: Path) -> None:
    """The consumer may start with nothing."""
    async with reading(tmp_path) as reader:
        assert Change((), (), (), first=True) == await reader.next()


async def test_files_come_change_and_go(tmp_path: Path) -> None:
    """Each change holds what changed and no more."""
    (tmp_path / "other.yaml").write_text(configmap("other"))
    async with reading(tmp_path) as reader:
        await reader.next()
        write(tmp_path / "a.yaml", configmap("a"))
        assert Change((expected("a"),), (), ()) == await reader.next()
        write(tmp_path / "a.yaml", configmap("a", "2") + configmap("b"))
        assert Change((expected("a", "2"), expected("b")), (), ()) == await reader.next()
        (tmp_path / "a.yaml").unlink()
        assert Change((), (ref("a"), ref("b")), ()) == await reader.next()


async def test_new_folders_are_watched(tmp_path: Path) -> None:
    """A folder that comes with files, changes later, and moves away."""
    aside = tmp_path / "aside"
    aside.mkdir()
    (aside / "a.yaml").write_text(configmap("a"))
    root = tmp_path / "root"
    root.mkdir()
    async with reading(root) as reader:
        await reader.next()
        aside.rename(root / "in")
        assert (expected("a"),) == (await reader.next()).upserts
        write(root / "in" / "a.yaml", configmap("a", "2"))
        assert (expected("a", "2"),) == (await reader.next()).upserts
        (root / "in").rename(tmp_path / "out")
        assert (ref("a"),) == (await reader.next()).removals


async def test_equal_content_is_no_change(tmp_path: Path) -> None:
    """Touching, rewriting or reformatting a file sends nothing: the next change is the other file's."""
    (tmp_path / "a.yaml").write_text(configmap("a"))
    async with reading(tmp_path) as reader:
        await reader.next()
        write(tmp_path / "a.yaml", configmap("a"))
        (tmp_path / "a.yaml").touch()
        write(tmp_path / "a.yaml", "# a comment\n" + configmap("a"))
        write(tmp_path / "b.yaml", configmap("b"))
        assert Change((expected("b"),), (), ()) == await reader.next()


async def test_two_changes_at_once_are_both_seen(tmp_path: Path) -> None:
    """Whether in one change or two."""
    async with reading(tmp_path) as reader:
        await reader.next()
        write(tmp_path / "a.yaml", configmap("a"))
        write(tmp_path / "b.yaml", configmap("b"))
        seen = set((await reader.next()).upserts)
        while len(seen) < 2:
            seen |= set((await reader.next()).upserts)
    assert {expected("a"), expected("b")} == seen


async def test_a_change_arrives_within_a_tenth_of_a_second(tmp_path: Path) -> None:
    """Aim 50 ms, measured 25; the best of five, since the machine is shared."""
    (tmp_path / "a.yaml").write_text(configmap("a", "0"))
    took = []
    async with reading(tmp_path) as reader:
        await reader.next()
        for value in "12345":
            began = time.perf_counter()
            write(tmp_path / "a.yaml", configmap("a", value))
            await reader.until("a", value)
            took.append(time.perf_counter() - began)
    assert min(took) < 0.1


async def test_a_broken_file_keeps_its_last_good_content(tmp_path: Path) -> None:
    """The fault is told with line and column, and gone when the file is repaired."""
    (tmp_path / "a.yaml").write_text(configmap("a"))
    async with reading(tmp_path) as reader:
        await reader.next()
        write(tmp_path / "a.yaml", configmap("a", "2") + "---\nb: [\n")
        broken = await reader.next()
        assert ((), (), [("a.yaml:7:5", "InvalidManifest")]) == (
            broken.upserts,
            broken.removals,
            reasons(broken),
        )
        assert "the last good content stays in use" == broken.diagnostics[0].hint
        write(tmp_path / "a.yaml", configmap("a", "3"))
        assert Change((expected("a", "3"),), (), ()) == await reader.next()


async def test_a_file_that_is_written_slowly_is_read_when_it_is_closed(tmp_path: Path) -> None:
    """Emptied, then half of it, then the rest: nobody sees the half, and the object never goes."""
    path = tmp_path / "a.yaml"
    path.write_text(configmap("a"))
    async with reading(tmp_path) as reader:
        await reader.next()
        with path.open("w") as file:
            file.flush()
            write(tmp_path / "b.yaml", configmap("b"))
            assert Change((expected("b"),), (), ()) == await reader.next()
            file.write("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a")
            file.flush()
            write(tmp_path / "b.yaml", configmap("b", "2"))
            assert Change((expected("b", "2"),), (), ()) == await reader.next()
            file.write('}\ndata: {k: "2"}\n')
        assert Change((expected("a", "2"),), (), ()) == await reader.next()


async def test_an_empty_file_is_honoured_after_a_while(tmp_path: Path) -> None:
    """Somebody may mean it; two seconds later it counts."""
    (tmp_path / "a.yaml").write_text(configmap("a"))
    async with reading(tmp_path) as reader:
        await reader.next()
        (tmp_path / "a.yaml").write_text("")
        assert Change((), (ref("a"),), ()) == await reader.next()


async def test_the_first_file_by_name_has_an_object(tmp_path: Path) -> None:
    """The other one is told, and takes over when the winner goes."""
    (tmp_path / "b.yaml").write_text(configmap("x", "b"))
    async with reading(tmp_path) as reader:
        await reader.next()
        write(tmp_path / "c.yaml", configmap("x", "c"))
        third = await reader.next()
        assert ((), [("c.yaml:2", "DuplicateObject")]) == (third.upserts, reasons(third))
        write(tmp_path / "a.yaml", configmap("x", "a"))
        taken = await reader.next()
        assert (
            (expected("x", "a"),),
            [("b.yaml:2", "DuplicateObject"), ("c.yaml:2", "DuplicateObject")],
        ) == (
            taken.upserts,
            reasons(taken),
        )
        (tmp_path / "a.yaml").unlink()
        back = await reader.next()
        assert ((expected("x", "b"),), ()) == (back.upserts, back.removals)
        (tmp_path / "b.yaml").unlink()
        assert Change((expected("x", "c"),), (), ()) == await reader.next()


async def test_a_mounted_configmap_is_swapped_as_a_whole(tmp_path: Path) -> None:
    """The kubelet swaps one hidden link; the files that seem to be there are links through it."""

    def version(name: str, **files: str) -> None:
        (tmp_path / name).mkdir()
        for file, text in files.items():
            (tmp_path / name / f"{file}.yaml").write_text(text)
        (tmp_path / "..data_tmp").symlink_to(name)
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")

    version("..2026_1", a=configmap("a"), b=configmap("b"))
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    async with reading(tmp_path) as reader:
        assert (expected("a"), expected("b")) == (await reader.next()).upserts
        for number in "234":
            version(f"..2026_{number}", a=configmap("a", number), b=configmap("b"))
            shutil.rmtree(tmp_path / f"..2026_{int(number) - 1}")
            assert Change((expected("a", number),), (), ()) == await reader.next()


async def test_a_folder_that_goes_keeps_everything_and_may_come_back(tmp_path: Path) -> None:
    """An unmounted volume is no reason to serve nothing."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.yaml").write_text(configmap("a"))
    async with reading(root) as reader:
        await reader.next()
        root.rename(tmp_path / "away")
        gone = await reader.next()
        assert ((), (), [("./", "InvalidManifest")]) == (gone.upserts, gone.removals, reasons(gone))
        root.mkdir()
        write(root / "a.yaml", configmap("a", "2"))
        back = await reader.until("a", "2")
        assert () == back.diagnostics
        write(root / "a.yaml", configmap("a", "3"))
        assert Change((expected("a", "3"),), (), ()) == await reader.next()


async def test_a_folder_that_is_deleted_keeps_everything(tmp_path: Path) -> None:
    """Deleting file by file and then the folder counts as the folder's end."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.yaml").write_text(configmap("a"))
    async with reading(root) as reader:
        await reader.next()
        shutil.rmtree(root)
        gone = await reader.next()
        assert ((), (), [("./", "InvalidManifest")]) == (gone.upserts, gone.removals, reasons(gone))


async def test_an_unreadable_file_keeps_its_last_good_content(tmp_path: Path) -> None:
    """It is told, and the object stays; the memory of a process is a file that nobody can read at 0."""
    (tmp_path / "a.yaml").write_text(configmap("a"))
    (tmp_path / ".link").symlink_to("/proc/self/mem")
    async with reading(tmp_path) as reader:
        await reader.next()
        (tmp_path / ".link").rename(tmp_path / "a.yaml")
        change = await reader.next()
        assert ((), (), [("a.yaml", "InvalidManifest")]) == (change.upserts, change.removals, reasons(change))
        assert "cannot be read: Input/output error" == change.diagnostics[0].says
        write(tmp_path / "a.yaml", configmap("a"))
        assert Change((), (), ()) == await reader.next()


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    """For the command line, which ends with exit status 2."""
    with pytest.raises(FolderError, match=r"^the folder .*nowhere does not exist, expected a folder"):
        read_folder(tmp_path / "nowhere")
    (tmp_path / "a.txt").touch()
    with pytest.raises(FolderError, match=r"is not a manifest, expected a name ending with \.yaml"):
        read_folder(tmp_path / "a.txt")


async def test_a_file_is_no_folder_to_watch(tmp_path: Path) -> None:
    """The source wants a folder."""
    (tmp_path / "a.yaml").touch()
    async with reading(tmp_path / "a.yaml") as reader:
        with pytest.raises(FolderError, match=r"is a file, expected a folder of manifests"):
            await reader.next()


def test_one_file_can_be_read(tmp_path: Path) -> None:
    """``painless lint web.yaml`` looks at nothing else."""
    (tmp_path / "a.yaml").write_text(configmap("a"))
    (tmp_path / "b.yaml").write_text(configmap("b"))
    assert ((expected("a"),), ()) == read_folder(tmp_path / "a.yaml")


def test_strange_entries_do_no_harm(tmp_path: Path) -> None:
    """Pipes, links in circles and to nowhere, names that are no text: skipped or told, never waited for."""
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "loop.yaml").symlink_to("loop.yaml")
    (tmp_path / "nowhere.yaml").symlink_to("/nonexistent")
    (tmp_path / "again").symlink_to(".")
    (tmp_path / "dir.yaml").mkdir()
    (tmp_path / os.fsdecode(b"\xff.yaml")).write_text("a: [")
    (tmp_path / "a.yaml").write_text(configmap("a"))
    objects, diagnostics = read_folder(tmp_path)
    assert (expected("a"),) == objects
    assert ["\\udcff.yaml:1:5"] == [one.field for one in diagnostics]
    assert all(str(one).isprintable() for one in diagnostics)


def test_kinds_nobody_reads_are_told_once(tmp_path: Path) -> None:
    """A hundred Deployments are one warning, with the place of the first."""
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s}\n---\n"
    (tmp_path / "a.yaml").write_text(text % "a" + text % "b")
    (tmp_path / "b.yaml").write_text(text % "c")
    (told,) = read_folder(tmp_path)[1]
    assert ("IgnoredKind", "Deployment default/a", "a.yaml:1") == (told.reason, str(told.about), told.hint)


def test_an_object_that_is_wrong_names_its_file(tmp_path: Path) -> None:
    """Field and file: both are needed to repair it."""
    (tmp_path / "a.yaml").write_text("\n" + configmap("-a"))
    (told,) = read_folder(tmp_path)[1]
    assert ("metadata.name", "a.yaml:3") == (told.field, told.hint)


def test_a_document_that_is_no_object_is_told(tmp_path: Path) -> None:
    """Its neighbours stay."""
    (tmp_path / "a.yaml").write_text("- 1\n---\nhello\n---\n# nothing\n" + configmap("a"))
    objects, diagnostics = read_folder(tmp_path)
    assert (expected("a"),) == objects
    assert ["a.yaml:1:1", "a.yaml:3:1"] == [one.field for one in diagnostics]


async def test_a_thousand_files_start_soon(tmp_path: Path) -> None:
    """Measured 0.1 s; the bound leaves room for a shared machine."""
    for number in range(1000):
        (tmp_path / f"{number}.yaml").write_text(configmap(f"c{number}"))
    began = time.perf_counter()
    async with reading(tmp_path) as reader:
        first = await reader.next()
        assert 1000 == len(first.upserts)
        assert time.perf_counter() - began < 3
        write(tmp_path / "7.yaml", configmap("c7", "2"))
        assert Change((expected("c7", "2"),), (), ()) == await reader.next()


async def test_any_changes_end_in_the_same_picture(tmp_path: Path) -> None:
    """After 200 random changes the sum of all changes is what a fresh reader sees."""
    chance = random.Random(7)
    held: dict[ObjectRef, Object] = {}
    async with reading(tmp_path) as reader:
        await reader.next()
        for step in range(200):
            _change_something(tmp_path, chance, step)
            if not step % 20:
                await _follow(reader, held, tmp_path, f"mark{step}")
        last = await _follow(reader, held, tmp_path, "end")
    objects, diagnostics = read_folder(tmp_path)
    assert {one.ref: one for one in objects} == held
    assert diagnostics == last.diagnostics


def _change_something(root: Path, chance: random.Random, step: int) -> None:
    path = root / chance.choice(("", "sub")) / f"{chance.choice('abc')}.yaml"
    path.parent.mkdir(exist_ok=True)
    match chance.randrange(5):
        case 0:
            path.unlink(missing_ok=True)
        case 1:
            shutil.rmtree(root / "sub", ignore_errors=True)
        case 2:
            path.write_text(configmap(chance.choice("xyz"), str(step)))
        case _:
            write(path, configmap(chance.choice("xyz"), str(step)) + configmap(chance.choice("xyz"), "same"))


async def _follow(reader: Reader, held: dict[ObjectRef, Object], root: Path, mark: str) -> Change:
    """Take changes until one brings an object that is written now, and so all that was before it."""
    write(root / "mark.yaml", configmap(mark))
    while True:
        change = await reader.next()
        held.update({one.ref: one for one in change.upserts})
        for gone in change.removals:
            del held[gone]
        if expected(mark) in change.upserts:
            return change


async def test_a_consumer_that_stops_waits_for_nobody(tmp_path: Path) -> None:
    """Cancelling the wait for a change ends at once, and so does the thread that watches."""
    source = FolderSource(tmp_path).changes()
    await anext(source)
    began = time.perf_counter()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await anext(source)
    assert time.perf_counter() - began < 1
