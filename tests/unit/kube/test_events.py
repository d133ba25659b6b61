"""Events at an API server: what owners read, once, and never at the price of anything else."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.fakes.apiserver import FakeApiServer, Which
from tests.unit.kube.given import Fleet, Heard, manifest, served, until

from painless.kube.correlate import BURST, KNOWN, LONGEST, REFILL, Correlator, Kind, Note, Told
from painless.kube.events import AWAY, QUEUE, Events
from painless.kube.owners import Owners
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef
from painless.plan.changes import Change
from painless.plan.changes import Kind as Happened

WEB = ObjectRef("Ingress", "shop", "web")
POD = ObjectRef("Pod", "painless", "painless-1")
UID = "b6a0"


class Hasty:
    """Time in which pauses are short; ``pauses`` are those that were asked for."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(min(seconds, 0.01))


@pytest.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as one:
        await one.apply(manifest("web"))
        yield one


@pytest.fixture
async def fleet(api: FakeApiServer) -> AsyncIterator[Fleet]:
    async with Fleet(api) as one:
        yield one


class Mouth:
    """What tells, and what it has heard of it."""

    def __init__(self, fleet: Fleet) -> None:
        self.heard = Heard()
        self.clock = Hasty()
        self.uids = {"web": UID}
        self.events = Events(
            fleet.client(), self.clock, self.heard, uid_of=self._uid, wall=time.time, me="painless-1"
        )
        fleet.start(self, self.events.run())

    async def _uid(self, ref: ObjectRef) -> str:
        return self.uids.get(ref.name, "")


def told(api: FakeApiServer) -> list[dict[str, Any]]:
    return api.list("Event", "shop")


def note(says: str = "it is wrong", about: ObjectRef = WEB) -> Note:
    return Note(about, Kind.WARNING, "InvalidAnnotationValue", says)


async def test_the_same_words_are_one_event(api: FakeApiServer, fleet: Fleet) -> None:
    """With a count; it has the fields by which kubectl describe finds and shows it."""
    mouth = Mouth(fleet)
    for says in ("it is wrong", "it is wrong", "it is worse", "it is wrong"):
        mouth.events.tell(note(says))
    await until(lambda: 4 == mouth.heard.sent)
    first, second = sorted(told(api), key=lambda one: -one["count"])
    assert (3, 1) == (first["count"], second["count"])
    about = {"kind": "Ingress", "namespace": "shop", "name": "web", "uid": UID}
    assert about.items() <= first["involvedObject"].items()
    assert ("Warning", "InvalidAnnotationValue", "it is wrong", "painless") == (
        first["type"],
        first["reason"],
        first["message"],
        first["source"]["component"],
    )


async def test_another_controller_meets_the_event_that_is_there(api: FakeApiServer, fleet: Fleet) -> None:
    """So a restart, or a second leader for a moment, tells nothing twice; what has expired is told anew."""
    first = Mouth(fleet)
    first.events.tell(note())
    await until(lambda: 1 == first.heard.sent)
    second = Mouth(fleet)
    second.events.tell(note())
    second.events.tell(note())
    await until(lambda: 2 == second.heard.sent)
    (one,) = told(api)
    assert 3 == one["count"]
    await api.delete("Event", one["metadata"]["name"], "shop")
    second.events.tell(note())
    await until(lambda: 3 == second.heard.sent)
    assert [1] == [each["count"] for each in told(api)]


async def test_an_api_server_that_is_away_costs_events_only(api: FakeApiServer, fleet: Fleet) -> None:
    """They are counted, never kept without bound, and tried rarely; afterwards it goes on."""
    await api.stop()
    mouth = Mouth(fleet)
    for at in range(QUEUE + 50):
        mouth.events.tell(note(f"number {at}"))
    assert 50 == mouth.heard.dropped
    await until(lambda: 52 <= mouth.heard.dropped)
    assert {AWAY} == set(mouth.clock.pauses)
    await api.start()
    await until(lambda: mouth.heard.sent)


async def test_a_missing_permission_is_said_once(
    api: FakeApiServer, fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    """With the rule to add."""
    api.faults.forbid(Which(resource="events"))
    mouth = Mouth(fleet)
    mouth.events.tell(note("a"))
    mouth.events.tell(note("b"))
    await until(lambda: 2 == mouth.heard.dropped)
    says = [vars(one)["fields"]["problem"] for one in caplog.records if one.message == "event_refused"]
    assert 1 == len(says)
    assert 'resources: ["events"], verbs: ["create"]' in says[0]


async def test_long_words_and_names_fit(api: FakeApiServer, fleet: Fleet) -> None:
    """The API server refuses neither; who is gone is told nothing."""
    long = ObjectRef("Ingress", "shop", "n" * 253)
    mouth = Mouth(fleet)
    mouth.uids[long.name] = "long"
    mouth.events.tell(note("x" * 5000, long))
    mouth.events.tell(note("nobody reads this", ObjectRef("Ingress", "shop", "gone")))
    mouth.events.tell(note())
    await until(lambda: 2 == mouth.heard.sent)
    assert {LONGEST, len("it is wrong")} == {len(one["message"]) for one in told(api)}
    assert 0 == mouth.heard.dropped


def test_one_object_cannot_flood() -> None:
    """As many at once as client-go allows, then one in five minutes; others are not concerned."""
    one = Correlator()
    passed = [one.tell(note(f"number {at}"), UID, 0.0) for at in range(BURST + 5)]
    assert BURST == sum(told is not None for told in passed)
    assert one.tell(note(), "another", 0.0) is not None
    assert one.tell(note("later"), UID, REFILL) is not None
    assert one.tell(note("later still"), UID, REFILL) is None


def test_memory_is_bounded() -> None:
    """However many objects there were, the oldest are forgotten."""
    one = Correlator()
    for at in range(KNOWN + 10):
        found = one.tell(note(), f"uid-{at}", 0.0)
        assert isinstance(found, Told)
        one.written(found.name, 1)
    again, known = one.tell(note(), "uid-0", 0.0), one.tell(note(), f"uid-{KNOWN}", 0.0)
    assert (1, 2) == (again and again.count, known and known.count)


class Town:
    """Owners, who speaks, and what was told."""

    def __init__(self, *, sync: bool = True) -> None:
        self.notes: list[Note] = []
        self.speaks = True
        self.owners = Owners(self.notes.append, POD, lambda: self.speaks, sync=sync)

    def take(self) -> list[tuple[str, str, str]]:
        found = [(one.about.name, str(one.kind), one.reason) for one in self.notes]
        self.notes.clear()
        return found


def finding(severity: Severity = Severity.ERROR, says: str = "found x", about: ObjectRef = WEB) -> Diagnostic:
    return Diagnostic(about, "metadata.annotations[a]", Reason.INVALID_ANNOTATION_VALUE, severity, says)


def test_sync_is_told_of_what_came_or_changed() -> None:
    """Not of what was there at our start, and not at all when the operator does not want it."""
    told = Town()
    told.owners.confirmed(served("web", "shop"))
    assert [] == told.take()
    told.owners.confirmed((*served("web", "new"), Ingress("shop", "shop", class_name="nginx", created=1.0)))
    assert [("new", "Normal", "Sync"), ("shop", "Normal", "Sync")] == sorted(told.take())
    quiet = Town(sync=False)
    quiet.owners.confirmed(())
    quiet.owners.confirmed(served("web"))
    assert [] == quiet.take()


def test_findings_are_told_and_so_is_their_end() -> None:
    """A finding that only says something else now is not mended; warnings end without a word."""
    told = Town()
    secret = finding(about=ObjectRef("Secret", "shop", "web"))
    told.owners.diagnosed([finding(), secret], [])
    assert [("web", "Warning", "InvalidAnnotationValue")] == told.take()
    told.owners.diagnosed([finding(says="found y")], [finding()])
    assert [("web", "Warning", "InvalidAnnotationValue")] == told.take()
    told.owners.diagnosed([finding(Severity.WARNING, "z")], [])
    told.take()
    told.owners.diagnosed([], [finding(says="found y"), secret])
    assert [] == told.take()
    told.owners.diagnosed([], [finding(Severity.WARNING, "z")])
    assert [] == told.take()
    told.owners.diagnosed([finding()], [])
    told.owners.diagnosed([], [finding()])
    assert ("web", "Normal", "Resolved") == told.take()[-1]


def test_a_contested_status_is_told() -> None:
    """With what to do about it: who else writes it is not ours to know."""
    told = Town()
    told.owners.contested(WEB)
    assert "let only one controller serve the class" in told.notes[0].says
    assert [("web", "Warning", "StatusContested")] == told.take()


def test_a_full_bulkhead_is_told_by_whoever_has_it() -> None:
    """Each Ingress that sends requests there hears of it; what nobody asked for has no owner."""
    told = Town()
    told.speaks = False
    told.owners.overloaded("shop.web.80", (WEB, ObjectRef("", "", "")))
    assert "shop.web.80 has as many requests open as it may" in told.notes[0].says
    assert [("web", "Warning", "BulkheadFull")] == told.take()


def test_only_the_leader_tells_of_ingresses() -> None:
    """Each tells of its own Pod; whoever begins to lead tells what is the matter."""
    told = Town()
    told.speaks = False
    told.owners.confirmed(())
    told.owners.confirmed(served("web"))
    told.owners.diagnosed([finding()], [])
    told.owners.reloaded(tuple(Change(Happened.ADDED, WEB, f"field{at}") for at in range(7)))
    told.owners.refused("no", "Ingress shop/web")
    assert [("painless-1", "Normal", "RELOAD"), ("painless-1", "Warning", "RELOAD")] == told.take()
    told.speaks = True
    told.owners.leadership_changed()
    assert [("web", "Warning", "InvalidAnnotationValue")] == told.take()


def test_what_the_doctor_found_is_told_to_ingresses_by_the_leader() -> None:
    """What else it is about has no owner who reads Events of Ingresses."""
    told = Town()
    told.owners.examined("V014", ["Ingress shop/web", "Service shop/web"], "WebSockets may die")
    assert [("web", "Warning", "DoctorFinding")] == told.take()
    told.speaks = False
    told.owners.examined("V014", ["Ingress shop/web"], "WebSockets may die")
    assert [] == told.take()
