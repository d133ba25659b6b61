"""What is explained of a request is what NGINX answers to it."""

from collections import Counter

import pytest
from tests.corpus.stage import Theatre
from tests.properties.explained import Made, compared


@pytest.mark.asyncio(loop_scope="session")
async def test_requests_near_rules(stage: Theatre) -> None:
    """Who answers, with which path, or the status and where it sends; the long form compares 10,000."""
    seen = Counter[str]()
    assert () == await compared(Made(8).site(ingresses=150, pairs=400), stage, seen)
    assert {"application", "status 404", "status 503", "by chance", "expression", "rivals"} <= seen.keys()
