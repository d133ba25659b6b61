"""Cut after any step and inside any step, on a real disk: nothing that NGINX uses or would use is missing.

A walk through random generations: each round is planned from what a controller finds, carried out on the real
state directory beside a small model of NGINX, and mostly cut somewhere, by a kill or by a full disk.
"""

import os
import random
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from msgspec import structs
from tests.properties.clusters import PATIENT, SOAK
from tests.properties.cutting import Cut, Ending, close_all_below, cut_at

from painless.nginx.generation import MAIN, UPSTREAMS, Generation, generation_id
from painless.nginxd.disk import MARKER_FILE, RECORD_FILE, TRAVERSABLE, Disk
from painless.nginxd.errors import DiskFull
from painless.nginxd.files import PARTIAL, within_room, write_whole
from painless.plan.diff import plan, plan_start
from painless.plan.steps import (
    Await,
    DropHot,
    PutHot,
    Reload,
    Renew,
    Resolve,
    Retire,
    Stage,
    Start,
    Step,
    Switch,
    Verify,
)
from painless.sensitive import Sensitive

pytestmark = PATIENT

WALKS = 60 if SOAK else 6
ROUNDS = 3000 if SOAK else 600
_MEMORY = Path("/dev/shm")
MOST = 80
"""Operations until a cut, at most: a little more than the longest plan has."""


class Wanted:
    """Random generations; a hot file's content carries a number that only grows."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._certificates = dict.fromkeys(("a", "b", "c/d", "e/f/g"), 0)
        self._serial = 0

    def another(self) -> Generation:
        chance = self._chance
        routes = {one: frozenset({chance.choice("uvwx")}) for one in "1234" if chance.random() < 0.6}
        hot = {f"markers/{one}": Sensitive(b"") for one in "pq" if chance.random() < 0.5}
        for one in self._certificates:
            if chance.random() < 0.3:
                self._serial += 1
                self._certificates[one] = self._serial
        named = [one for one in self._certificates if chance.random() < 0.6]
        hot |= {f"certificates/{one}": Sensitive(b"%d" % self._certificates[one]) for one in named}
        upstreams = frozenset(one for uses in routes.values() for one in uses)
        text = f"{sorted(routes)} {sorted(named)} {chance.randrange(3)}\n"
        cold = {MAIN: text, "sites/more.conf": text, UPSTREAMS: _blocks(upstreams)}
        return Generation(generation_id(cold), cold, hot, {}, upstreams, routes)


def _blocks(upstreams: frozenset[str]) -> str:
    return "\n\n".join(f"upstream {one} {{\n    zone z 1m;\n}}" for one in sorted(upstreams)) + "\n"


def _warm(want: Generation) -> Generation:
    cold = {MAIN: "warm\n", UPSTREAMS: want.cold[UPSTREAMS]}
    return Generation(generation_id(cold), cold, want.hot, {}, want.upstreams)


class World:
    """A state directory, and NGINX as the kernel would show it; ``runs`` has old workers, the newest last."""

    def __init__(self, root: Path, chance: random.Random) -> None:
        self.root = root
        self.disk = Disk(root)
        self.known: dict[str, Generation] = {}
        self.runs: list[Generation] = []
        self.told = False
        self.dead = False
        self._planned: dict[str, Generation] = {}
        self._chance = chance

    def restart(self) -> None:
        """Have another controller take over, which may be killed while it does."""
        close_all_below(self.root)
        self.dead = True
        self.disk = Disk(self.root)
        self.dead = False

    def adopt(self) -> Generation | None:
        """Return what runs, as ``Serving.adopt`` does: a load that was begun comes to its end first."""
        self.load()
        if not self.runs:
            return None
        id_ = self.runs[-1].id
        self.disk.switch(id_)
        return self.disk.read_generation(id_) or Generation(id_, {})

    def steps(self, want: Generation) -> tuple[Step, ...]:
        live = self.adopt()
        if live is None:
            return plan_start(want, _warm(want), self.disk.markers())
        return plan(live, want)

    def perform(self, step: Step) -> bool:  # noqa: C901 -- one line for each member of the closed union.
        """Do a step as ``Nginx`` does; return whether NGINX takes it."""
        match step:
            case Stage(generation):
                # Staged again, it may name newer hot files than those it was switched to with.
                self.known.setdefault(generation.id, generation)
                self._planned[generation.id] = generation
                self.disk.stage(generation)
            case Verify(_):
                return self._chance.random() < 0.95
            case PutHot(path, content):
                self.disk.put_hot(path, content)
            case DropHot(path):
                self.disk.drop_hot(path)
            case Switch(id_):
                self.load()
                self.known[id_] = self._planned[id_]
                self.disk.switch(id_)
            case Start() | Reload() | Renew():
                self.told = True
                if self._chance.random() < 0.5:
                    self.load()
            case Await(_):
                return self._awaited()
            case Resolve(_) | Retire():
                pass
        return True

    def _awaited(self) -> bool:
        # A port may have been taken: refused only now, and what ran is what would be loaded again.
        if self.told and self.runs and self._chance.random() < 0.1:
            self.told = False
            self.disk.switch(self.runs[-1].id)
            return False
        self.load()
        return True

    def load(self) -> None:
        """Have NGINX do what it was told: it follows the link at that moment and no other."""
        if self.told:
            self.told = False
            id_ = self.disk.current_id()
            assert id_ is not None
            self.runs.append(self.known[id_])

    def time_passes(self) -> None:
        """Let some old workers end, or all of NGINX."""
        if self._chance.random() < 0.05:
            self.load()
            self.runs = []
        self.runs[:-1] = [one for one in self.runs[:-1] if self._chance.random() < 0.5]

    def remember(self) -> None:
        """Keep what the next controller is to know, as ``Serving.remember`` does."""
        memory = self.root / "memory"
        with within_room(memory):
            write_whole(memory, b"1")

    def tidy(self) -> None:
        """Remove what nothing runs, as ``Serving.alone`` does."""
        if self.told:
            return  # The loop tidies between rounds, when what was begun has ended.
        held = {one.id for one in self.runs}
        self.disk.prune(held)
        if {self.disk.current_id(), *held} == {one.id for one in self.runs[-1:]}:
            live = self.disk.read_generation(self.runs[-1].id)
            assert live is not None
            self.disk.keep_hot(self.runs[-1].hot)


def check(world: World) -> None:
    """Check what must hold at every moment."""
    names = [one.name for one in (world.root / "generations").iterdir() if not one.name.startswith(PARTIAL)]
    for id_ in names:
        _whole(world.disk.folder(id_), world.known[id_])
    current = world.disk.current_id()
    assert current is None or current in names, "the link names what is there"
    loads = [world.known[current]] if current else []
    for one in (*world.runs, *loads):
        assert one.id in names, "what runs can be gone back to"
        for path, content in one.hot.items():
            if len(content):
                found = world.disk.hot(path)
                assert found is not None, f"{path} is opened by {one.id}"
                assert int(found.reveal()) >= int(content.reveal())


def _whole(folder: Path, generation: Generation) -> None:
    names = {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}
    assert {*generation.cold, MARKER_FILE, RECORD_FILE} == names
    assert generation.cold == {name: (folder / name).read_text() for name in generation.cold}


def _left(root: Path) -> list[str]:
    return [str(one.relative_to(root)) for one in root.rglob(f"{PARTIAL}*")]


@pytest.fixture
def root() -> Iterator[Path]:
    """A folder in memory where there is one: a kill loses nothing that was written, so no disk is needed."""
    path = Path(tempfile.mkdtemp(prefix="painless-", dir=_MEMORY if _MEMORY.is_dir() else None))
    yield path
    close_all_below(path)
    for one in path.rglob("*"):
        if one.is_dir():
            one.chmod(stat.S_IRWXU)  # The last one to be made may not have got a mode of its own.
    shutil.rmtree(path)


def _round(world: World, want: Generation, chance: random.Random) -> bool:
    """Do what a controller does in one round, up to a cut; return whether there was none."""
    ending = chance.choice(list(Ending))
    try:
        with cut_at(chance.randrange(1, MOST), ending):
            if world.dead or chance.random() < 0.2:
                world.restart()
            for step in world.steps(want):
                if not world.perform(step):
                    break
            world.remember()
            world.tidy()
    except Cut:
        world.dead = True
        check(world)
        return False
    except DiskFull:
        check(world)
        if not world.dead:
            assert [] == _left(world.root)
            # The loop tidies also before it tries again.
            world.tidy()
            check(world)
        return False
    return True


def _converged(world: World, want: Generation) -> bool:
    """Do what a controller does until it has nothing to do, with nobody in its way."""
    for step in world.steps(want):
        accepted = world.perform(step)
        check(world)
        if not accepted:
            return False
    return True


@pytest.mark.parametrize("seed", range(WALKS))
def test_interrupted_anywhere(root: Path, seed: int) -> None:
    """At every cut all files of what runs and would run are there, whole; in the end, what is wanted is."""
    chance = random.Random(seed)
    wanted = Wanted(chance)
    world = World(root, chance)
    cuts = 0
    for _ in range(ROUNDS):
        want = wanted.another()
        cuts += not _round(world, want, chance)
        world.time_passes()
        if chance.random() < 0.1:
            world.restart()
            while not _converged(world, want):
                pass
            world.runs = world.runs[-1:]
            world.tidy()
            assert want.cold == world.runs[-1].cold
            live = world.adopt()
            assert live is not None
            assert want == structs.replace(live, origins={})
            assert [] == _left(root)
    assert cuts > ROUNDS // 2


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_a_folder_of_hot_files_can_be_entered(root: Path, umask: int) -> None:
    """Wherever the making of one was cut, the next try leaves a folder that workers can enter."""
    before = os.umask(umask)
    try:
        for number in range(1, MOST):
            state = root / f"{number}"
            with suppress(Cut), cut_at(number, Ending.KILLED) as operations:
                Disk(state).put_hot("certificates/a/b.pem", Sensitive(b"1"))
            close_all_below(state)
            with Disk(state) as disk:
                disk.put_hot("certificates/a/b.pem", Sensitive(b"1"))
            folders = [one for one in (disk.root / "hot").rglob("*") if one.is_dir()]
            assert [TRAVERSABLE] * 3 == [stat.S_IMODE(one.stat().st_mode) for one in (state, *folders)]
            if not operations.happened:
                return
        pytest.fail("it was cut at every operation")
    finally:
        os.umask(before)
