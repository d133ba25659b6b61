"""What is explained of a request is what NGINX answers to it."""

import os
from collections import Counter

import pytest
from tests.corpus.stage import Theatre
from tests.properties.explained import Made, compared

SITES = 25 if os.environ.get("PAINLESS_SOAK") else 1


@pytest.mark.timeout(60 * SITES)
@pytest.mark.asyncio(loop_scope="session")
async def test_requests_near_rules(stage: Theatre) -> None:
    """Who answers, with which path, or the status and where it sends."""
    seen, made = Counter[str](), Made(8)
    for _ in range(SITES):
        assert () == await compared(made.site(ingresses=150, pairs=400), stage, seen)
    assert {"application", "status 404", "status 503", "by chance", "expression", "rivals"} <= seen.keys()
