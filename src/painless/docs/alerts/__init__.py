"""Alerts as data, and what is made of them: rules for Prometheus, a page for each, a page with all.

Rules, runbooks and the list say the same, since each alert is declared once, in the module of its group.
"""

from collections.abc import Mapping
from typing import Any

import yaml

from painless.docs.alerts import accept, cluster, config, machine, traffic
from painless.docs.alerts.rule import Alert, Group
from painless.docs.markdown import code, page, table

GROUPS: tuple[Group, ...] = (accept.GROUP, machine.GROUP, config.GROUP, traffic.GROUP, cluster.GROUP)
RULES = "deploy/monitoring/painless-rules.yaml"
CHART = "deploy/chart/files/alerts.yaml"
RUNBOOKS = "docs/runbooks"
_SECONDS = {"m": 60, "h": 3600}


def alerts() -> tuple[Alert, ...]:
    return tuple(one for group in GROUPS for one in group.alerts)


def files() -> Mapping[str, str]:
    """Return everything that is made of alerts, by its path in the repository."""
    return {
        RULES: _rules("rule_files of Prometheus"),
        CHART: _rules("controller.metrics.prometheusRule"),
        "docs/reference/alerts.md": _list(),
        **{f"{RUNBOOKS}/{one.name}.md": _runbook(one) for one in alerts()},
    }


def rules(shorter: int = 1) -> dict[str, Any]:
    """Return all rules; they wait for so many times ``shorter`` than they should, for tests."""
    return {
        "groups": [
            {"name": one.name, "rules": [_rule(each, shorter) for each in one.alerts]} for one in GROUPS
        ]
    }


def _rules(for_what: str) -> str:
    head = f"# Alerts for {for_what}. Written by `make docs` from src/painless/docs/alerts.\n"
    text: str = yaml.safe_dump(rules(), sort_keys=False, width=1000)
    return head + text


def _rule(one: Alert, shorter: int) -> dict[str, Any]:
    return {
        "alert": one.name,
        "expr": one.expr,
        **({"for": _waits(one.after, shorter)} if one.after else {}),
        "labels": {"severity": one.severity},
        "annotations": {"summary": one.summary, "runbook": f"{RUNBOOKS}/{one.name}.md"},
    }


def _waits(after: str, shorter: int) -> str:
    return after if shorter == 1 else f"{int(after[:-1]) * _SECONDS[after[-1]] * 1000 // shorter}ms"


def _list() -> str:
    parts = [
        (
            "Rules for Prometheus, in [painless-rules.yaml](../../deploy/monitoring/painless-rules.yaml) "
            "and, with `controller.metrics.prometheusRule.enabled`, in the chart. Each has a runbook: what "
            "it means, what to look at, what to do. [How to use them](../how-to/monitor.md). A rule that "
            "needs another exporter is silent without it."
        )
    ]
    for group in GROUPS:
        rows = (
            (
                f"[{one.name}](../runbooks/{one.name}.md)",
                one.severity,
                code(one.expr),
                one.after or "at once",
                one.needs,
            )
            for one in group.alerts
        )
        parts += [f"## {group.about}", table(("alert", "severity", "when", "for", "needs"), rows)]
    return page("Alerts", *parts)


def _runbook(one: Alert) -> str:
    lasts = f", for {one.after}" if one.after else ""
    needs = f" Needs: {one.needs}." if one.needs else ""
    return page(
        one.name,
        f"Severity {one.severity}. It fires when {code(one.expr)}{lasts}.{needs}",
        "## What it means",
        one.means,
        "## What to look at",
        table(("ask", "it tells"), ((code(each.ask), each.tells) for each in one.look)),
        "## What to do",
        "\n".join(f"- {each}" for each in one.do),
        "[All alerts](../reference/alerts.md)",
    )
