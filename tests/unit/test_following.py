"""Spans of our own rounds: one trace for each change, bounded, and nothing where nobody wants them."""

import asyncio
from contextlib import suppress

import msgspec
from tests.fakes.collector import Collector
from tests.fakes.world import VirtualClock
from tests.unit.kube.given import RealTime, until

from painless.demo.ports import LOOPBACK
from painless.following import MOST, PARTS, Following, export_to
from painless.plan.steps import PutHot, Reload, Verify
from painless.sensitive import Sensitive
from painless.tracing.exporter import FULL
from painless.tracing.line import Span, read

SECOND = 10**9


def lines(following: Following) -> list[Span]:
    found = [read(line) for line in bytes(following._waiting).splitlines()]
    return [one for one in found if one is not None]


def following(at: int = 100 * SECOND) -> Following:
    return Following(export_to(("collector", 4318)), VirtualClock(), lambda: at)


def test_a_change_is_one_trace() -> None:
    """Its parts are below it, each as long as it took; the next change is another trace."""
    one = following()
    one.part("compile", 0.5)
    one.step(Verify("id"), 0.25, "")
    one.step(PutHot("a", Sensitive(b"x")), 9.0, "")
    one.step(Reload(), 2.0, "no")
    one.note(generation="id", reloads=3)
    one.served(4.0)
    one.served(1.0)
    change, compiled, test, load, other = lines(one)
    assert ["change", "compile", "test", "reload", "change"] == [
        span.name for span in (change, compiled, test, load, other)
    ]
    assert (96 * SECOND, 100 * SECOND, "") == (change.start, change.end, change.parent)
    assert {change.span} == {span.parent for span in (compiled, test, load)}
    assert {change.trace} == {span.trace for span in (compiled, test, load)} != {other.trace}
    assert [False, False, True] == [span.failed for span in (compiled, test, load)]
    assert (("painless.generation", "id"), ("painless.reloads", 3)) == change.attributes
    assert () == other.attributes


def test_without_a_collector_nothing_is_kept() -> None:
    one = Following(None, VirtualClock())
    one.part("compile", 1.0)
    one.note(failed=True, refused="x")
    one.served(1.0)
    assert (b"", 0) == (bytes(one._waiting), len(one._parts))


def test_what_waits_is_bounded_and_counted() -> None:
    """A change with a thousand tests, and a thousand changes that nobody takes."""
    one = following()
    for _ in range(1000):
        one.step(Verify("id"), 0.1, "x" * 100_000)
    one.served(1.0)
    assert PARTS + 1 == len(lines(one))
    for _ in range(20_000):
        one.served(1.0)
    assert (True, True) == (len(one._waiting) <= MOST, one.dropped()[FULL] > 0)


def test_any_object_is_a_span_or_nothing() -> None:
    for raw in (b"{", b"{}", b'{"trace": 1}', b'{"a":' * 100_000, b"{\xff}"):
        assert read(raw) is None
    assert msgspec.json.decode(b"{}") == {}


async def test_a_collector_gets_them() -> None:
    """In the form that OpenTelemetry knows, of the kind INTERNAL; one that comes late gets them, too."""
    async with Collector() as collector:
        one = Following(export_to((LOOPBACK, collector.port)), RealTime())
        task = asyncio.ensure_future(one.run())
        try:
            one.part("compile", 0.5)
            one.served(1.0)
            await until(lambda: collector.named("compile") and collector.named("change"))
            await until(lambda: one.exported() == 2)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        assert ([], {"painless"}, {1}) == (
            collector.bad,
            collector.services,
            {span.kind for span in collector.spans},
        )
