"""What waits for a collector is bounded, and each span is counted once."""

import asyncio

from tests.unit.tracing.test_line import span

from painless.nginx.spans import Export
from painless.tracing.exporter import Counts, Exporter, Taken
from painless.tracing.line import Span

EXPORT = Export(host="c", port=4318, service="nginx", queue=5, batch=2, delay=0.01)
ONE = span()


class Other:
    """A collector that answers as it was told, then takes everything."""

    def __init__(self, *answers: Taken) -> None:
        self.answers = list(answers)
        self.sizes: list[int] = []

    async def send(self, spans: list[Span]) -> Taken:
        self.sizes.append(len(spans))
        return self.answers.pop(0) if self.answers else Taken()


async def exported(other: Other, spans: int) -> Counts:
    """Return the counts once all that was added is gone."""
    exporter = Exporter(EXPORT, other.send)
    exporter.add([ONE] * spans)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        running = group.create_task(exporter.run())
        while True:
            counts = exporter.counts()
            if counts.exported + sum(counts.dropped.values()) == spans:
                break
            await asyncio.sleep(0.001)
        running.cancel()
    return exporter.counts()


async def test_batches():
    """What waits goes in portions, the last a smaller one."""
    other = Other()
    counts = await exported(other, 5)
    assert (Counts(exported=5), [2, 2, 1]) == (counts, other.sizes)


async def test_a_full_queue_takes_no_more():
    """What finds no room is counted."""
    assert Counts(exported=5, dropped={"queue_full": 3}) == await exported(Other(), 8)


async def test_again_where_the_collector_asks_for_it():
    """Spans are sent again, once it is over."""
    other = Other(Taken(problem="away", again=True))
    assert (Counts(exported=2), [2, 2]) == (await exported(other, 2), other.sizes)


async def test_not_again_where_it_refuses():
    """Who answers 400 answers so again; the next batch is another matter."""
    other = Other(Taken(problem="400"))
    assert (Counts(exported=1, dropped={"collector": 2}), [2, 1]) == (await exported(other, 3), other.sizes)


async def test_not_for_ever():
    """Who asks for more time than there is has lost the batch."""
    other = Other(Taken(problem="429", again=True, wait=9999.0))
    counts = await exported(other, 2)
    assert Counts(dropped={"collector": 2}, problem="429") == counts


async def test_some_are_rejected():
    """A batch that was taken in part is counted in part."""
    assert Counts(exported=1, dropped={"collector": 1}) == await exported(Other(Taken(rejected=1)), 2)


async def test_the_end():
    """What is left is sent once; what is not taken then, and lines that are none, are counted."""
    exporter = Exporter(EXPORT, Other(Taken(), Taken(problem="away", again=True)).send)
    exporter.add([ONE, ONE, None, ONE, ONE])
    await exporter.finish()
    expected = Counts(exported=2, dropped={"unreadable": 1, "collector": 2}, problem="away")
    assert expected == exporter.counts()
