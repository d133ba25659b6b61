"""Files that are made of the chart: what its notes and ``painless migrate`` know, and the Kustomize base.

One source: whoever changes the chart gets the base with it, and a stale file fails a test.
"""

from pathlib import Path
from typing import Any

import yaml
from tests.deploy.chart import CHART, ROOT, Object, render

__all__ = ["ROOT", "stale"]

KNOWN = CHART / "files" / "known.yaml"
REPORT = ROOT / "src" / "painless" / "migrate"
BASE = ROOT / "deploy" / "kustomize" / "base" / "painless.yaml"

_KUBERNETES = {"nodeSelector", "resources"}
"""Values that go into an object as they are: what may be in them is for the API server to say."""

_OF_HELM = {"helm.sh/chart", "app.kubernetes.io/managed-by", "app.kubernetes.io/version"}
_PLAIN = {
    # Certificates need somebody who makes them, which Kustomize does not.
    "controller": {"admissionWebhooks": {"enabled": False}},
}


def stale() -> dict[Path, str]:
    """Return each file that is not what the chart makes, and what it should be."""
    elsewhere = (CHART / "files" / "elsewhere.yaml").read_text()
    # ``painless migrate`` says the same of values files, and a package has no chart.
    report = {REPORT / "known.yaml": known(), REPORT / "elsewhere.yaml": elsewhere}
    wanted = {KNOWN: known(), BASE: base(), **report}
    return {path: text for path, text in wanted.items() if not path.exists() or path.read_text() != text}


def known() -> str:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    return (
        "# Every value of the chart; all below a true is its owner's. Written by python -m tests.deploy.\n"
        + yaml.safe_dump(_names(values))
    )


def _names(value: Any) -> Any:
    if not isinstance(value, dict) or not value:
        return True
    return {key: key in _KUBERNETES or _names(one) for key, one in value.items()}


def base() -> str:
    head = (
        "# The chart with its default values and without the admission webhook, which needs a certificate.\n"
        "# Written by python -m tests.deploy from deploy/chart; change it there.\n"
    )
    objects = [_bare(one) for one in render(_PLAIN).objects]
    return head + yaml.safe_dump_all(objects, sort_keys=False, width=120)


def _bare(one: Object) -> Object:
    """Without a namespace and without Helm's labels: the overlay says where, and Helm is not there."""
    about = one["metadata"]
    about.pop("namespace", None)
    about["name"] = about["name"].removeprefix("ingress-")
    about["labels"] = {key: value for key, value in about["labels"].items() if key not in _OF_HELM}
    if "roleRef" in one:
        one["roleRef"]["name"] = one["roleRef"]["name"].removeprefix("ingress-")
        for subject in one["subjects"]:
            del subject["namespace"]
    return one
