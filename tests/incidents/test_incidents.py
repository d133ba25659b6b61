"""The short form of every incident: there on an NGINX of 2017, not there on Painless."""

import pytest
from incidents.__main__ import replayed
from incidents.every import REPLAYS


@pytest.mark.parametrize("letter", REPLAYS)
def test_incident(letter: str):
    """What fails on one side and holds on the other does so on a busy machine as well."""
    report = replayed(letter, full=False)
    if report.missing:
        pytest.skip(report.missing)
    assert () == report.unshown(full=False), report.lines
