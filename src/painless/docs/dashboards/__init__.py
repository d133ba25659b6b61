"""Grafana's dashboards, made of values as alerts are: tests find each query here and ask a real Prometheus.

The chart has the files, and puts them into a ConfigMap; without Helm they are imported as they are.
"""

from collections.abc import Mapping

from painless.docs.dashboards.board import Dashboard
from painless.docs.dashboards.capacity import CAPACITY
from painless.docs.dashboards.controller import CONTROLLER
from painless.docs.dashboards.grafana import text
from painless.docs.dashboards.incidents import INCIDENTS
from painless.docs.dashboards.traffic import TRAFFIC

DASHBOARDS: tuple[Dashboard, ...] = (TRAFFIC, CONTROLLER, CAPACITY, INCIDENTS)
FOLDER = "deploy/chart/files/dashboards"


def files() -> Mapping[str, str]:
    """Return each dashboard's file, by its path in the repository."""
    return {f"{FOLDER}/{one.uid}.json": text(one) for one in DASHBOARDS}
