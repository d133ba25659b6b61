"""Dashboards as Grafana reads them.

Promises the same text for the same dashboard, and nothing in it that only one Grafana has: data source and
runbooks are variables.  What the panels are is for the modules beside this one.
"""

import json
from collections.abc import Iterator
from typing import Any

from painless.docs.dashboards.board import (
    BAD,
    FULL,
    GOOD,
    GRAPH,
    HEATMAP,
    STAT,
    STATES,
    TABLE,
    WARN,
    Dashboard,
    Panel,
    Query,
    Variable,
)

SCHEMA = 38
"""Of Grafana 10.1; newer ones raise it themselves when they load a dashboard."""
SOURCE = "DS_PROMETHEUS"
"""The variable of the data source, as ingress-nginx's dashboards call it."""
RUNBOOKS = "docs/runbooks"
"""Where runbooks are until somebody says where: their folder in this repository, as alerts name it."""
TAG = "painless"
ALERTS = 'ALERTS{alertname=~"Painless.*",alertstate="firing"}'
RELOADS = "sum without (reason) (increase(painless_reloads_total[1m])) > 0"
"""Marks on all panels.  A minute has two scrapes at least, and Grafana joins marks that follow each other."""

_SOURCE = {"type": "prometheus", "uid": f"${{{SOURCE}}}"}
_OWN = {"type": "grafana", "uid": "-- Grafana --"}
_COLOURS = {
    "2xx": GOOD,
    "3xx": "blue",
    "4xx": WARN,
    "5xx": BAD,
    "error": BAD,
    "warning": WARN,
    "info": "blue",
}
"""What has one colour on all panels."""


def text(one: Dashboard) -> str:
    """Return the dashboard's file."""
    return json.dumps(_dashboard(one), indent=2) + "\n"


def _dashboard(one: Dashboard) -> dict[str, Any]:
    return {
        "uid": one.uid,
        "title": one.title,
        "description": one.about,
        "tags": [TAG],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [_siblings()],
        "annotations": {"list": list(_annotations())},
        "templating": {"list": [_source(), *map(_variable, one.variables), _runbooks()]},
        "panels": list(_panels(one)),
    }


def _siblings() -> dict[str, Any]:
    return {
        "title": "Painless",
        "type": "dashboards",
        "tags": [TAG],
        "asDropdown": True,
        "includeVars": True,
        "keepTime": True,
        "targetBlank": False,
        "icon": "external link",
        "tooltip": "",
        "url": "",
    }


def _annotations() -> Iterator[dict[str, Any]]:
    yield {
        "name": "Annotations & Alerts",
        "builtIn": 1,
        "datasource": _OWN,
        "enable": True,
        "hide": True,
        "iconColor": "rgba(0, 211, 255, 1)",
        "type": "dashboard",
    }
    yield _annotation("Alerts", ALERTS, BAD, "{{alertname}}", "{{severity}} {{instance}}")
    yield _annotation("Reloads", RELOADS, "blue", "NGINX loaded a configuration", "{{instance}}")


def _annotation(name: str, expr: str, colour: str, title: str, more: str) -> dict[str, Any]:
    return {
        "name": name,
        "datasource": _SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "expr": expr,
        "titleFormat": title,
        "textFormat": more,
    }


def _source() -> dict[str, Any]:
    return {"name": SOURCE, "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}


def _variable(one: Variable) -> dict[str, Any]:
    query = f"label_values({one.metric}, {one.label})"
    return {
        "name": one.name,
        "label": one.title,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": one.name},
        "refresh": 2,
        "sort": 1,
        "hide": 2 if one.hidden else 0,
        "multi": True,
        "includeAll": True,
        **({"allValue": one.every} if one.every else {}),
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }


def _runbooks() -> dict[str, Any]:
    return {"name": "runbooks", "label": "Runbooks at", "type": "textbox", "query": RUNBOOKS, "hide": 0}


def _panels(one: Dashboard) -> Iterator[dict[str, Any]]:
    """Yield rows and panels in the order and at the place where they stand."""
    number, top = 1, 0
    for row in one.rows:
        place = {"x": 0, "y": top, "w": FULL, "h": 1}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        number, top, left, highest = number + 1, top + 1, 0, 0
        for each in row.panels:
            if left + each.width > FULL:
                top, left, highest = top + highest, 0, 0
            yield _panel(each, number, {"x": left, "y": top, "w": each.width, "h": each.height})
            number, left, highest = number + 1, left + each.width, max(highest, each.height)
        top += highest


def _panel(one: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    needs = f"\n\nNeeds {one.needs}." if one.needs else ""
    links = [_runbook(name) for name in one.alerts]
    return {
        "id": number,
        "type": one.kind,
        "title": one.title,
        "description": one.about + needs,
        "datasource": _SOURCE,
        "gridPos": place,
        "links": links,
        "targets": [_target(one, query, at) for at, query in enumerate(one.queries)],
        "fieldConfig": {"defaults": _field(one), "overrides": list(_overrides(one))},
        "options": _options(one),
        **({"transformations": _table(one)} if one.kind == TABLE else {}),
    }


def _runbook(name: str) -> dict[str, Any]:
    return {"title": f"Runbook: {name}", "url": f"${{runbooks}}/{name}.md", "targetBlank": True}


def _target(panel: Panel, query: Query, at: int) -> dict[str, Any]:
    table = panel.kind == TABLE
    return {
        "refId": _letter(at),
        "datasource": _SOURCE,
        "expr": query.expr,
        "legendFormat": query.legend,
        "format": "table" if table else "heatmap" if panel.kind == HEATMAP else "time_series",
        "instant": table,
        "range": not table,
        "editorMode": "code",
    }


def _letter(at: int) -> str:
    return chr(ord("A") + at)


def _field(one: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": GOOD if one.steps else "blue", "value": None}]
    steps += [{"color": colour, "value": value} for value, colour in one.steps]
    mode = "thresholds" if one.steps and one.kind != GRAPH else "palette-classic-by-name"
    return {
        "unit": one.unit,
        "min": 0,
        **({} if one.most is None else {"max": one.most}),
        "color": {"mode": mode},
        "thresholds": {"mode": "absolute", "steps": steps},
        **({"noValue": one.none} if one.none else {}),
        "custom": _custom(one),
    }


def _custom(one: Panel) -> dict[str, Any]:
    if one.kind == GRAPH:
        return {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 30 if one.stacked else 5,
            "showPoints": "never",
            "stacking": {"group": "A", "mode": "normal" if one.stacked else "none"},
            "thresholdsStyle": {"mode": "line" if one.steps else "off"},
        }
    return {"fillOpacity": 70, "lineWidth": 0} if one.kind == STATES else {}


def _overrides(one: Panel) -> Iterator[dict[str, Any]]:
    for query in one.queries:
        if query.legend in _COLOURS:
            yield _coloured(query.legend)
    if any("{{class}}" in one.legend or "{{severity}}" in one.legend for one in one.queries):
        yield from map(_coloured, _COLOURS)


def _coloured(name: str) -> dict[str, Any]:
    colour = {"id": "color", "value": {"mode": "fixed", "fixedColor": _COLOURS[name]}}
    return {"matcher": {"id": "byName", "options": name}, "properties": [colour]}


def _options(one: Panel) -> dict[str, Any]:
    reduced = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    known: dict[str, dict[str, Any]] = {
        GRAPH: {
            "legend": {
                "displayMode": "table",
                "placement": "right",
                "showLegend": True,
                "calcs": ["lastNotNull", "max"],
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        STAT: {"reduceOptions": reduced, "graphMode": "area", "colorMode": "value", "textMode": "auto"},
        TABLE: {"showHeader": True, "cellHeight": "sm"},
        HEATMAP: {
            "calculate": False,
            "yAxis": {"unit": one.unit},
            "color": {"mode": "scheme", "scheme": "Oranges"},
        },
        STATES: {
            "showValue": "never",
            "mergeValues": True,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        },
    }
    return known[one.kind]


def _table(one: Panel) -> list[dict[str, Any]]:
    """Return how several answers become one table, each with its column."""
    names = {f"Value #{_letter(at)}": query.legend for at, query in enumerate(one.queries)}
    if len(one.queries) == 1:
        names["Value"] = one.queries[0].legend
    hidden = {"Time": True, "__name__": True}
    return [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": hidden, "renameByName": names, "indexByName": {}}},
    ]
