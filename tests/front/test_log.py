"""The log of a whole program: events with reasons, and at ``-v=2`` what each load changed."""

import json

from tests.front.clients import until
from tests.front.given import Make
from tests.front.manifests import Folder
from tests.front.pods import Pods

from painless.observe.events import EVENTS

WITHIN = 30.0
"""Seconds for what takes one on a free machine."""
DECLARED = {one.name: one for some in EVENTS.values() for one in some}


async def test_a_load_is_told_with_its_reason_and_difference(folder: Folder, pods: Pods, make: Make) -> None:
    """In lines of JSON of declared events; ``--v`` is spelled as klog has it."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make("--v=2")
    program.start()
    await program.ready()
    folder.ingress("more", "more.test", "web")
    await until(lambda: bool(program.events("generation_differed")), WITHIN, program.last_words)

    (applied,) = program.events("generation_applied")[1:]
    (differed,) = program.events("generation_differed")
    assert applied["id"] == differed["id"]
    assert any("/more" in one for one in applied["reasons"]), applied
    added = [one for one in differed["diff"] if one.startswith("+") and "more.test" in one]
    assert (1, 1, True) == (differed["part"], differed["of"], bool(added))
    for line in program.log.read_text().splitlines():
        one = json.loads(line)
        fields = set(DECLARED[one["event"]].fields.split())
        assert set() == one.keys() - fields - {"time", "level", "event"}
