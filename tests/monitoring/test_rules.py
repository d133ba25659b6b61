"""Each alert, as the real promtool sees it: it fires when it should and only then."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.monitoring.cases import CASES, EVERY, Case
from tests.monitoring.prometheus import ROOT, RULES, WITHOUT, program

from painless.docs.alerts import alerts, rules

PROMTOOL = program("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason=WITHOUT)
FOREIGN = re.compile(r"(?:node_|kube_|up\b)")
"""Metrics of other exporters."""
_METRIC = re.compile(r"\b(?:painless|nginx_ingress_controller|node|kube)_\w+")
SEVERITIES = {one.name: one.severity for one in alerts()}


def promtool(*words: str) -> str:
    """Return what it says against something, nothing when all is well."""
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *words], capture_output=True, text=True, timeout=50, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@needs_promtool
def test_promtool_takes_the_rules() -> None:
    assert "" == promtool("check", "rules", "--lint-fatal", str(RULES))


def test_each_alert_has_its_case() -> None:
    """With a world in which it does not fire, too."""
    assert {one.name for one in alerts()} == {name for name, case in CASES.items() if case.quiet}


@needs_promtool
def test_alerts_fire_when_they_should_and_only_then(tmp_path: Path) -> None:
    file = tmp_path / "tests.yaml"
    worlds = [world for name, case in CASES.items() for world in _worlds(name, case)]
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": worlds}, sort_keys=False))
    assert "" == promtool("test", "rules", str(file))


def test_rules_that_wait_for_less_are_the_same_otherwise() -> None:
    """Those that tests fire for real; an hour is 6 s then."""
    whole, short = _all(rules()), _all(rules(600))
    waits = {(one.get("for", ""), other.get("for", "")) for one, other in zip(whole, short, strict=True)}
    assert {("", ""), ("5m", "500ms"), ("1h", "6000ms")} <= waits
    assert [one | {"for": ""} for one in whole] == [one | {"for": ""} for one in short]


def _all(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for group in found["groups"] for one in group["rules"]]


def test_rules_name_only_metrics_that_there_are() -> None:
    """Those of ours are on the page of all metrics, histograms without the ending of their series."""
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    there = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    texts = [text for one in alerts() for text in (one.expr, *(look.ask for look in one.look))]
    named = {name for text in texts for name in _METRIC.findall(text)}
    known = {*there, *(f"{one}_{end}" for one in there for end in ("bucket", "sum", "count"))}
    assert set() == {one for one in named - known if not FOREIGN.match(one)}


def _worlds(name: str, case: Case) -> Iterator[dict[str, Any]]:
    labels = {**case.labels, "severity": SEVERITIES[name]}
    annotations = {"summary": case.says, "runbook": f"docs/runbooks/{name}.md"}
    fires = {"exp_labels": labels, "exp_annotations": annotations}
    for at, (series, expected) in enumerate([(case.fires, [fires]), *((one, []) for one in case.quiet)]):
        yield {
            "name": f"{name} {at}",
            "interval": EVERY,
            "input_series": [{"series": key, "values": values} for key, values in series.items()],
            "alert_rule_test": [{"eval_time": case.at, "alertname": name, "exp_alerts": expected}],
        }
