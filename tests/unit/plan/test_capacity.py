"""How many clients there can be: each limit by itself, and the narrowest of them."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from painless.plan.capacity import MEMORY, Facts, capacity

FACTS = Facts(clients=10, workers=2, listeners=1)


def only(**known: object) -> tuple[str, int | None]:
    found = capacity(structs.replace(FACTS, **known))
    return found.binding, found.connections


def test_worker_connections() -> None:
    """Measured: 49 of 100 with one listener, as each client takes two and the channel one."""
    assert ("worker_connections", 49) == only(worker_connections=100, workers=1)


def test_open_files() -> None:
    """Two for each client as well; what a worker has open besides is not for clients."""
    assert ("open_files", 2 * 495) == only(open_files=1024)


def test_local_ports() -> None:
    """The busiest pod has half of the connections: at that mix twice its ports can be used."""
    assert ("local_ports", 200) == only(local_ports=100, upstream=20, busiest=10)
    assert ("local_ports", 100) == only(local_ports=100)


def test_conntrack() -> None:
    """Two entries for each client; a table that is empty is not used in this namespace."""
    assert ("conntrack", 10 + 25) == only(followed=(50, 100))
    assert ("", None) == only(followed=(0, 100))


def test_memory() -> None:
    """What is left is for more clients; those there are have theirs."""
    assert ("memory", 12) == only(memory=2 * MEMORY)


def test_the_narrowest_binds() -> None:
    """And says how much of it is in use."""
    found = capacity(structs.replace(FACTS, worker_connections=102, open_files=60))
    assert ("open_files", 26, 10 / 26) == (found.binding, found.connections, found.used_ratio)


def test_nothing_known_limits_nothing() -> None:
    """No number is better than a wrong one: an autoscaler would act on it."""
    found = capacity(FACTS)
    assert (None, None, "") == (found.connections, found.used_ratio, found.binding)


known = st.none() | st.integers(-10, 10**9)
facts = st.builds(
    Facts,
    clients=st.integers(0, 10**6),
    workers=st.integers(0, 64),
    listeners=st.integers(0, 9),
    worker_connections=known,
    open_files=known,
    local_ports=st.none() | st.integers(0, 2**16),
    upstream=st.integers(0, 10**6),
    busiest=st.integers(0, 10**6),
    followed=st.none() | st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
    memory=known,
)


@given(facts)
def test_no_facts_are_too_odd(some: Facts) -> None:
    """Whatever is read, no limit is below zero and the binding one is the least."""
    found = capacity(some)
    least = min((one.connections for one in found.limits), default=None)
    assert (least, True) == (found.connections, least is None or least >= 0)
