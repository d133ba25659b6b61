"""Queries of dashboards as Grafana sends them: variables have their values, and an answer is looked at.

Of our own the files are read, as Grafana reads them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tests.monitoring.prometheus import ROOT, Prometheus

from painless.docs.dashboards import DASHBOARDS, FOLDER

WINDOW = {"$__rate_interval": "10s", "$__range": "1m"}
"""What Grafana makes of the time that is shown; there are two scrapes a second."""
EVERY = ".*"
_VALUES = re.compile(r"label_values\((.*), (\w+)\) *")


def boards() -> dict[str, Any]:
    """Return our dashboards as their files have them, by uid."""
    return {one.uid: json.loads((ROOT / FOLDER / f"{one.uid}.json").read_text()) for one in DASHBOARDS}


def queries(board: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each query of a dashboard after where it stands."""
    for one in board["annotations"]["list"]:
        if "expr" in one:
            yield one["name"], one["expr"]
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield f"{panel['title']} {target['refId']}", target["expr"]


def variables(board: Mapping[str, Any]) -> dict[str, tuple[str, bool]]:
    """Return the query of each variable, and whether "All" stands for everything."""
    asked = [one for one in board["templating"]["list"] if one["type"] == "query"]
    return {one["name"]: (one["query"]["query"], "allValue" in one) for one in asked}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return a query with values for its variables."""
    for name, value in {**WINDOW, **{f"${name}": value for name, value in values.items()}}.items():
        # Not as a pattern: a backslash of a value stays one.
        text = value.join(re.split(rf"{re.escape(name)}(?!\w)", text))
    return text


async def chosen(prometheus: Prometheus, known: Mapping[str, tuple[str, bool]]) -> dict[str, str] | None:
    """Return what each variable is when "All" is chosen; ``None`` while one has nothing to choose from."""
    values: dict[str, str] = {}
    for name, (query, all_) in known.items():
        found = _VALUES.fullmatch(filled(query, values))
        assert found, query
        there = await prometheus.ask(f"/api/v1/label/{found[2]}/values?match[]={quote(found[1])}")
        if not there:
            return None
        # Grafana writes values for JavaScript's and Prometheus' quotes: one backslash is two.
        values[name] = (
            EVERY if all_ else "(" + "|".join(re.escape(one).replace("\\", "\\\\") for one in there) + ")"
        )
    return values


async def answers(prometheus: Prometheus, query: str) -> bool:
    """Whether a query has an answer that is a number."""
    found = await prometheus.ask(f"/api/v1/query?query={quote(query)}")
    return any(one["value"][1] != "NaN" for one in found["result"])
