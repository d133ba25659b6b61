"""Whatever order lists, watches and answers come in, what is handed on becomes what the server has.

A server with a log of events for each kind, as the API's; between kinds nothing is ordered, lists are read
in pieces while it goes on, connections end anywhere, and answers to single questions come late.
"""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from painless.kube.kinds import CONFIGMAP, INGRESS, SECRET, SERVICE, Feed, Kind
from painless.kube.known import Known
from painless.kube.references import Referring
from painless.kube.sinks import Objects
from painless.model.objects import Object, ObjectRef
from painless.wire import decode_object

KINDS = (INGRESS, SERVICE, CONFIGMAP, SECRET)
NAMES = ("a", "b")
EXAMPLES = 5000 if os.environ.get("PAINLESS_SOAK") else 150
PREFIX = "nginx.ingress.kubernetes.io"
GLOBAL = ("default", "a")


def body(kind: Kind, variant: int) -> dict[str, Any]:
    """One of three contents; of an Ingress and of the global ConfigMap they refer to different objects."""
    if kind is INGRESS:
        annotations = [
            {f"{PREFIX}/auth-secret": "a"},
            {f"{PREFIX}/auth-secret": "default/b", f"{PREFIX}/custom-headers": "b"},
            {},
        ][variant]
        tls = [{"hosts": ["x.example"], "secretName": "b"}] if variant == 0 else []
        return {"metadata": {"annotations": annotations}, "spec": {"defaultBackend": None, "tls": tls}}
    if kind is SERVICE:
        # The last has a shape that nobody can read.
        return {"spec": {"ports": [{"port": variant + 1}] if variant < 2 else "none"}}
    if kind is CONFIGMAP:
        return {"data": {"add-headers": f"default/{NAMES[variant]}"} if variant < 2 else {"k": "v"}}
    return {"data": {"k": ["MQ==", "Mg==", "Mw=="][variant]}}


class Server:
    """What the API server has: objects, and for each kind the log of what happened to them."""

    def __init__(self) -> None:
        self.objects: dict[ObjectRef, bytes] = {}
        self.log: dict[Kind, list[tuple[str, bytes]]] = {kind: [] for kind in KINDS}

    def write(self, kind: Kind, name: str, variant: int) -> None:
        ref = ObjectRef(kind.name, "default", name)
        content = body(kind, variant)
        metadata = {"name": name, "namespace": "default", **content.pop("metadata", {})}
        raw = json.dumps({"metadata": metadata, **content}).encode()
        self.log[kind].append(("MODIFIED" if ref in self.objects else "ADDED", raw))
        self.objects[ref] = raw

    def delete(self, kind: Kind, name: str) -> None:
        raw = self.objects.pop(ObjectRef(kind.name, "default", name), None)
        if raw is not None:
            self.log[kind].append(("DELETED", raw))

    def expected(self) -> dict[ObjectRef, Object]:
        """Return what can be read of the objects that count."""
        found: dict[ObjectRef, Object] = {}
        for ref, raw in self.objects.items():
            kind = next(one for one in KINDS if one.name == ref.kind)
            one = decode_object({**json.loads(raw), "kind": kind.name, "apiVersion": kind.version}).object
            if one is not None:
                found[ref] = one
        wanted = {ObjectRef("ConfigMap", *GLOBAL)}
        referring = Referring(PREFIX, GLOBAL)
        for ref, one in found.items():
            if ref.kind not in {"Secret", "ConfigMap"} or ref in wanted:
                wanted.update(referring.references(one))
        return {
            ref: one for ref, one in found.items() if ref.kind not in {"Secret", "ConfigMap"} or ref in wanted
        }


class Line:
    """One kind's list and watch."""

    def __init__(self, server: Server, kind: Kind, known: Known) -> None:
        self._log = server.log[kind]
        self._server = server
        self._kind = kind
        self._sink = Objects(Feed(kind), known, lambda: None)
        self._at: int | None = None
        self._page: list[bytes] | None = None
        self._page_at = 0

    def relist(self) -> None:
        """Forget where we were and begin a list, which shows this moment."""
        self._at = None
        self._sink.begin()
        self._page = [raw for ref, raw in self._server.objects.items() if ref.kind == self._kind.name]
        self._page_at = len(self._log)

    def step(self, *, again: bool = False) -> bool:
        """Receive one thing more; ``again`` brings the last event once more."""
        if self._at is None:
            if self._page is None:
                self.relist()
            elif self._page:
                self._sink.listed(self._page.pop())
            else:
                self._sink.end()
                self._page, self._at = None, self._page_at
            return True
        if self._at < len(self._log):
            self._sink.event(*self._log[self._at])
            if again:
                self._sink.event(*self._log[self._at])
            self._at += 1
            return True
        return False

    def catch_up(self) -> None:
        while self.step():
            pass


class Receiver:
    """Whoever takes what is known, and what they have of it."""

    def __init__(self, known: Known) -> None:
        self.has: dict[ObjectRef, Object] = {}
        self._known = known

    def take(self) -> None:
        upserts, removals = self._known.take()
        for ref in removals:
            del self.has[ref]
        for one in upserts:
            assert self.has.get(one.ref) != one, "an equal object is no news"
            self.has[one.ref] = one


# Secrets and who refers to them have the races; the others are along to be kept apart from them.
SOME = st.sampled_from((INGRESS, SECRET, INGRESS, SECRET, INGRESS, SECRET, SERVICE, CONFIGMAP))
DOES = (
    "write",
    "write",
    "write",
    "delete",
    "step",
    "again",
    *4 * ("catch up",),
    "relist",
    "ask",
    "ask",
    *3 * ("answer",),
    "fail",
    "take",
)
ACTIONS = st.lists(
    st.tuples(st.sampled_from(DOES), SOME, st.sampled_from(("a", "a", "b")), st.integers(0, 2)),
    min_size=20,
    max_size=60,
)


class Play:
    """The server, its watches and their receiver."""

    def __init__(self) -> None:
        self.server = Server()
        self.known = Known(Referring(PREFIX, GLOBAL), {ObjectRef("ConfigMap", *GLOBAL)})
        self.lines = {kind: Line(self.server, kind, self.known) for kind in KINDS}
        self.receiver = Receiver(self.known)
        self._answers: list[tuple[ObjectRef, int, bytes | None]] = []
        # The first lists are of nothing; relists come soon enough.
        self.finish()

    def act(self, action: str, kind: Kind = INGRESS, name: str = "", number: int = 0) -> None:
        actions: dict[str, Callable[[], object]] = {
            "write": lambda: self.server.write(kind, name, number),
            "delete": lambda: self.server.delete(kind, name),
            "step": self.lines[kind].step,
            "again": lambda: self.lines[kind].step(again=True),
            "catch up": self.lines[kind].catch_up,
            "relist": self.lines[kind].relist,
            "ask": self._ask,
            "answer": lambda: self._answer(number),
            "fail": lambda: self._fail(number),
            "take": self.receiver.take,
        }
        actions[action]()

    def _ask(self) -> None:
        for ref, ask in self.known.asks().items():
            self._answers.append((ref, ask, self.server.objects.get(ref)))

    def _answer(self, number: int) -> None:
        if self._answers:
            self.known.answered(*self._answers.pop(number % len(self._answers)))

    def _fail(self, number: int) -> None:
        if self._answers:
            ref, ask, _ = self._answers[number % len(self._answers)]
            self.known.failed(ref, ask)

    def finish(self) -> None:
        """Let everything arrive that is under way, and all that follows from it."""
        busy = True
        while busy:
            busy = sum(line.step() for line in self.lines.values()) > 0
            self._ask()
            busy = busy or bool(self._answers)
            while self._answers:
                self._answer(0)
        self.receiver.take()


@settings(max_examples=EXAMPLES)
@given(ACTIONS)
def test_what_is_handed_on_becomes_what_the_server_has(actions):
    """In the end nothing is lost, nothing is left over, and nothing equal was sent twice."""
    play = Play()
    for action in actions:
        play.act(*action)
    play.finish()
    assert play.server.expected() == play.receiver.has


@settings(max_examples=EXAMPLES)
@given(ACTIONS)
def test_what_is_kept_does_not_grow_with_what_happened(actions):
    """Secrets and ConfigMaps of which nobody speaks any more are not kept, nor is anything about them."""
    play = Play()
    for action in actions:
        play.act(*action)
    play.finish()
    for kind in KINDS:
        for name in NAMES:
            play.act("delete", kind, name, 0)
    play.finish()
    assert (play.receiver.has, play.known.objects, play.known.diagnostics) == ({}, {}, ())


@given(st.integers(0, 2), st.booleans())
def test_who_refers_to_a_secret_is_not_handed_on_without_it(variant: int, fails: bool):  # noqa: FBT001 -- drawn
    """Unless the server does not answer: then it is served as if the Secret was missing."""
    play = Play()
    play.server.write(SECRET, "a", variant)
    play.finish()
    play.server.write(INGRESS, "a", 0)
    play.lines[INGRESS].step()
    play.receiver.take()
    before = set(play.receiver.has)
    play.act("ask")
    play.act("fail" if fails else "take", number=0)
    play.act("fail" if fails else "take", number=1)
    play.receiver.take()
    between = set(play.receiver.has)
    play.finish()
    ingress = ObjectRef("Ingress", "default", "a")
    expected: tuple[set[ObjectRef], ...] = (
        set(),
        {ingress} if fails else set(),
        {ingress, ObjectRef("Secret", "default", "a")},
    )
    assert expected == (before, between, set(play.receiver.has))


REFERRED = (
    ("write", SECRET, "a", 0),
    ("catch up", SECRET),
    ("write", INGRESS, "a", 0),
    ("catch up", INGRESS),
    ("ask",),
)


@pytest.mark.parametrize(
    "meanwhile",
    [
        # The watch is ahead of the answer.
        (("write", SECRET, "a", 1), ("catch up", SECRET)),
        (("delete", SECRET, "a"), ("catch up", SECRET)),
        # So is a list, which shows that it is gone.
        (("delete", SECRET, "a"), ("relist", SECRET), ("catch up", SECRET)),
        # Nobody refers to it, so what the watch brings is passed by; then somebody does, and asks anew.
        (
            ("write", INGRESS, "a", 2),
            ("catch up", INGRESS),
            ("write", SECRET, "a", 1),
            ("catch up", SECRET),
            ("write", INGRESS, "a", 0),
            ("catch up", INGRESS),
            ("ask",),
        ),
    ],
)
def test_an_answer_that_comes_late_does_not_bring_back_what_was(meanwhile):
    """The answer shows the moment at which it was asked for."""
    play = Play()
    for action in (*REFERRED, *meanwhile, ("answer",), ("answer",)):
        play.act(*action)
    play.finish()
    assert play.server.expected() == play.receiver.has
