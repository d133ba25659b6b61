"""What dashboards have to be, whatever data there is: whole, told apart, and as Grafana's model has them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard
from tests.monitoring.asked import boards

from painless.docs.alerts import alerts
from painless.docs.dashboards import DASHBOARDS
from painless.docs.dashboards.board import FULL

NOT_MODELLED = {"builtIn", "titleFormat", "textFormat"}
"""What Grafana knows of annotations, and its library does not."""
BOARDS = boards()
PANELS = [panel for one in DASHBOARDS for row in one.rows for panel in row.panels]


@pytest.mark.parametrize("uid", BOARDS)
def test_grafana_knows_everything_that_is_in_it(uid: str) -> None:
    """Its own library reads the file and writes the same again; what it does not know would be lost."""
    register_default_plugins()
    read = Dashboard.from_json(BOARDS[uid])
    assert set() == set(_lost(BOARDS[uid], json.loads(JSONEncoder().encode(read)))) - NOT_MODELLED


def test_an_alert_has_a_panel_and_a_panel_has_only_alerts_that_there_are() -> None:
    """But for alerts about the network of nodes, and about what the kubelet does."""
    shown = {name for one in PANELS for name in one.alerts}
    beside = {
        "PainlessNodeAcceptQueueOverflow",
        "PainlessNodeSoftnetDrops",
        "PainlessCrashLoopWithOverflow",
    }
    assert {one.name for one in alerts()} - beside == shown


@pytest.mark.parametrize("uid", BOARDS)
def test_panels_do_not_overlap_and_have_their_own_names(uid: str) -> None:
    panels = BOARDS[uid]["panels"]
    places = [one["gridPos"] for one in panels]
    cells = [cell for one in places for cell in _cells(one)]
    assert len(cells) == len(set(cells))
    assert all(one["x"] + one["w"] <= FULL for one in places)
    assert len(panels) == len({one["id"] for one in panels}) == len({one["title"] for one in panels})


def test_every_panel_says_how_to_read_it() -> None:
    assert [] == [one.title for one in PANELS if not one.about.endswith(".")]


def test_units_are_grafanas() -> None:
    """One that it does not know would stand behind the number as a word."""
    known = {value for value in vars(units).values() if isinstance(value, str)}
    assert set() == {one.unit for one in PANELS} - known


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    for x in range(place["x"], place["x"] + place["w"]):
        yield from ((x, y) for y in range(place["y"], place["y"] + place["h"]))


def _lost(before: Any, after: Any) -> Iterator[str]:
    """Yield the names whose values are not there or not the same afterwards."""
    if isinstance(before, dict):
        for name, value in before.items():
            if name not in after:
                yield name
            elif isinstance(value, dict | list):
                yield from _lost(value, after[name])
            elif value != after[name]:
                yield name
    elif isinstance(before, list):
        for one, other in zip(before, after, strict=True):
            yield from _lost(one, other)
