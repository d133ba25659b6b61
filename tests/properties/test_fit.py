"""What must hold of workers, connections and files on any machine, whatever the ConfigMap asks for."""

from hypothesis import given
from hypothesis import strategies as st

from painless.compiler.fit import Fit, fit
from painless.compiler.options import Machine
from painless.features.upstream_keepalive import CONNECTIONS as KEPT
from painless.features.workers import CONNECTIONS, FILES, PROCESSES

MOST = 1 << 40
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        PROCESSES.name: st.integers(0, 1024),
        CONNECTIONS.name: st.integers(0, 2**31 - 1),
        FILES.name: st.integers(0, 2**31 - 1),
        KEPT.name: st.integers(0, 65_535),
    },
)


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    return Machine(
        cpus=draw(st.integers(1, 512)),
        quota=draw(st.none() | st.floats(0.0001, 1024)),
        memory=draw(st.none() | st.integers(1, MOST)),
        open_files=draw(st.integers(1, 1_048_576)),
        backlog=draw(st.integers(1, 2**31 - 1)),
        where=draw(st.sampled_from([{}, {"cpus": "sched_getaffinity"}])),
    )


def numbers(found: Fit) -> tuple[int, int, int]:
    return int(found.processes.value), int(found.connections.value), int(found.files.value)


@given(machines(), SETTINGS)
def test_nothing_is_more_than_there_is(machine: Machine, settings: dict[str, int]) -> None:
    """There is a worker, and each has files for its connections and idle ones among them."""
    found = fit(machine, settings)
    workers, connections, files = numbers(found)
    assert workers >= 1
    assert 1 <= int(found.kept.value or 1) <= connections
    assert files <= machine.open_files
    # Listening sockets take some, however few files there are.
    assert 64 <= connections <= max(64, files * 3 // 4)
    # One Service leaves half of what all workers can serve, but for the smallest machines.
    assert 64 <= int(found.share.value) <= max(64, workers * connections // 4)
    assert int(found.share.value) <= 65_535
    if not settings.get(PROCESSES.name):
        assert workers <= machine.cpus


@given(machines(), machines(), SETTINGS)
def test_more_is_never_less(one: Machine, other: Machine, settings: dict[str, int]) -> None:
    """With as many workers, a machine that has more of everything gives no less of anything."""
    lesser = Machine(
        cpus=one.cpus,
        quota=one.quota,
        memory=min((each for each in (one.memory, other.memory) if each is not None), default=None),
        open_files=min(one.open_files, other.open_files),
    )
    greater = Machine(cpus=one.cpus, quota=one.quota, memory=one.memory, open_files=one.open_files)
    pairs = zip(numbers(fit(lesser, settings)), numbers(fit(greater, settings)), strict=True)
    assert all(less <= more for less, more in pairs)


@given(machines(), st.floats(0, 64), SETTINGS)
def test_more_cpus_are_no_fewer_workers(machine: Machine, more: float, settings: dict[str, int]) -> None:
    """A quota that is raised never takes a worker away."""
    if machine.quota is not None:
        raised = Machine(cpus=machine.cpus, quota=machine.quota + more)
        lower = Machine(cpus=machine.cpus, quota=machine.quota)
        assert numbers(fit(lower, settings))[0] <= numbers(fit(raised, settings))[0]
