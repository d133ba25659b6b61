"""Series of NGINX's workers come and go with them."""

from prometheus_client import CollectorRegistry
from prometheus_client.core import Sample

from painless.model.objects import ObjectRef
from painless.observe.generations import Generations
from painless.plan.workers import Connections, GenerationState, Holder, WorkerState

MIB = 1 << 20
LIVE = GenerationState(
    "b", 2.0, None, (WorkerState(2, draining=False, memory=MIB),), unattributed=Connections(http=5)
)
OLD = GenerationState(
    "a",
    9.0,
    2.0,
    (WorkerState(1, draining=True, connections=Connections(http=1, upgraded=2), memory=MIB),),
    held_by=(
        Holder("web.test", ObjectRef("Ingress", "shop", "web"), 2),
        Holder("", ObjectRef("", "", ""), 1),
    ),
)
UNREADABLE = GenerationState("c", 9.0, 4.0, (WorkerState(3, draining=True),))


def series(*seen: GenerationState) -> set[str]:
    """Return the samples as Prometheus prints them, without the common beginning."""
    registry = CollectorRegistry()
    registry.register(Generations(lambda: seen))
    samples: list[Sample] = [one for family in registry.collect() for one in family.samples]
    return {
        f"{one.name.removeprefix('painless_')} {' '.join(one.labels.values())} {one.value:g}"
        for one in samples
    }


def test_what_serves_and_what_drains() -> None:
    """Each generation has its age, memory and connections; an old one also since when, and who holds it."""
    assert {
        "workers active 1",
        "workers shutting_down 1",
        "generation_age_seconds a 9",
        "generation_age_seconds b 2",
        "generation_draining_seconds a 2",
        "generation_pss_bytes a 1.04858e+06",
        "generation_pss_bytes b 1.04858e+06",
        "generation_connections a http 1",
        "generation_connections a upgraded 2",
        "generation_connections a stream 0",
        "generation_connections b http 5",
        "generation_connections b upgraded 0",
        "generation_connections b stream 0",
        "generation_held_connections a web.test shop web 2",
        "generation_held_connections a    1",
    } == series(LIVE, OLD)


def test_what_cannot_be_read_has_no_series() -> None:
    """Nothing known is not 0."""
    assert {
        "workers active 0",
        "workers shutting_down 1",
        "generation_age_seconds c 9",
        "generation_draining_seconds c 4",
    } == series(UNREADABLE)


def test_who_is_gone_has_no_series() -> None:
    """Series of a generation vanish with its last worker."""
    assert {"workers active 0", "workers shutting_down 0"} == series()


def test_a_generation_that_serves_again() -> None:
    """It has one name, so its series count both."""
    again = GenerationState("a", 1.0, None, LIVE.workers, unattributed=Connections(http=4))

    found = series(again, OLD)

    assert {"generation_pss_bytes a 2.09715e+06", "generation_connections a http 5"} <= found
    assert {"generation_age_seconds a 9", "generation_draining_seconds a 2"} <= found
