"""Thousands of objects at once: no crash, no refusal of NGINX, no directive that is nobody's."""

from tests.properties.clusters import PATIENT, SOAK
from tests.properties.population import all_of

from painless.features import KEYS

COUNT = 100_000 if SOAK else 1_600

pytestmark = PATIENT


def test_no_object_breaks_anything() -> None:
    """Whatever all of them ask for together."""
    found = list(all_of(COUNT))
    assert [] == [(seed, one.wrong) for seed, one in enumerate(found) if one.wrong]
    served = sum(one.servers for one in found)
    assert served > COUNT // 8, "hardly anything is served, so hardly anything was tried"
    assert len(KEYS) > 100
