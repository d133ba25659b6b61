"""Promises of the planner about any two clusters: interrupted anywhere, nothing that runs lacks a file."""

import itertools
from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.properties.clusters import OPTIONS, PATIENT, SEVERAL, clusters, compiled

from painless.compiler.emit import warm_generation
from painless.nginx.generation import Generation
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


class World:
    """The disk and NGINX as the planner sees them; ``runs`` holds old workers, the newest last."""

    def __init__(self) -> None:
        self.staged: dict[str, Generation] = {}
        self.hot: dict[str, Sensitive] = {}
        self.current = ""
        self.runs: list[Generation] = []

    def live(self) -> Generation | None:
        """Return what a controller that looks would find: the hot files are all that are there."""
        return structs.replace(self.runs[-1], hot=dict(self.hot)) if self.runs else None

    def plan(self, want: Generation) -> tuple[Step, ...]:
        """Return what a controller that looks would do."""
        live = self.live()
        if live is None:
            return plan_start(want, warm_generation(want, OPTIONS), frozenset(_markers(self.hot)))
        return plan(live, want)

    def perform(self, step: Step) -> None:  # noqa: C901 -- one line for each member of the closed union.
        match step:
            case Stage(generation):
                self.staged[generation.id] = generation
            case Verify(id_):
                assert id_ in self.staged, "only what is staged can be tested"
            case PutHot(path, content):
                self.hot[path] = content
            case DropHot(path):
                del self.hot[path]
            case Switch(id_):
                self.current = id_
            case Start():
                self.runs = self.runs or [self.staged[self.current]]
            case Reload() | Renew():
                self.runs.append(self.staged[self.current])
            case Await(id_):
                assert self.runs[-1].id == id_, "what is awaited was loaded"
            case Resolve(upstreams):
                assert upstreams <= self.runs[-1].upstreams, "only what runs asks for its names"
            case Retire():
                pass

    def tidy(self, live: Generation) -> None:
        """Forget what only workers have opened that are gone; the controller does so once they are."""
        self.hot = {path: content for path, content in self.hot.items() if path in live.hot}

    def check(self) -> None:
        """Check that each file exists that is named by what runs or would start."""
        assert not self.current or self.current in self.staged
        would_start = [self.staged[self.current]] if self.current else []
        for one in (*self.runs, *would_start):
            # Markers are asked for, not opened: that they are missing is a meaning of theirs.
            assert [] == [path for path, content in one.hot.items() if len(content) and path not in self.hot]


@SEVERAL
@given(st.lists(clusters(), min_size=2, max_size=4), st.data())
def test_plans_may_be_interrupted(goals, data) -> None:
    """Interrupted after any step and planned anew to any goal: it converges, and no file is missing ever."""
    wanted = [compiled(one).generation for one in goals]
    world = World()
    for want in wanted:
        if data.draw(st.booleans(), label="NGINX ended"):
            world.runs = []
        steps = world.plan(want)
        end = data.draw(st.integers(0, len(steps)), label="interrupted after")
        for step in itertools.islice(steps, end):
            world.perform(step)
            world.check()
    for step in world.plan(wanted[-1]):
        world.perform(step)
        world.check()
    assert wanted[-1].cold == world.runs[-1].cold
    world.tidy(wanted[-1])
    assert wanted[-1].hot == world.hot


@SEVERAL
@given(clusters(), clusters(), st.booleans())
def test_no_weight_of_before_is_left(first, second, ended) -> None:
    """Each change leaves the markers that it wants and no others, also when NGINX ended in between."""
    before, after = compiled(first).generation, compiled(second).generation
    world = World()
    for want in (before, after):
        if ended:
            world.runs = []
        for step in world.plan(want):
            world.perform(step)
    assert _markers(after.hot) == _markers(world.hot)


def _markers(hot: Mapping[str, Sensitive]) -> set[str]:
    return {path for path, content in hot.items() if not len(content)}
