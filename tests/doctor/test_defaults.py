"""What we ship has nothing wrong with it that is worth a line, once its Pods have what they need."""

from typing import Any

import pytest
from tests.deploy import chart
from tests.doctor.objectcases import config, some, theirs
from tests.doctor.test_objects import facts

from painless.doctor.check import Severity
from painless.doctor.checks import CHECKS
from painless.doctor.facts import Fact, Facts
from painless.doctor.objects import CONFIGMAPS, WORKLOADS
from painless.doctor.run import run

SIZED = {
    "controller": {
        "resources": {
            "requests": {"cpu": "500m", "memory": "512Mi"},
            "limits": {"memory": "512Mi"},
        }
    }
}
QUIET = {Severity.LOW, Severity.INFO}


@pytest.mark.skipif(chart.helm is None, reason=chart.WITHOUT_HELM)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"autoscaling": {"enabled": True}},
        {"kind": "DaemonSet"},
        {"hostNetwork": True},
        {"service": {"externalTrafficPolicy": "Local"}},
    ],
    ids=str,
)
def test_our_chart(more: dict[str, Any]) -> None:
    """With a size nothing above low is found, whichever way it is installed."""
    values = {"controller": {**SIZED["controller"], **more}}
    report = run(CHECKS, facts(*chart.render(values).objects))
    assert [(one.id, one.about) for one in report.findings if one.severity not in QUIET] == []
    assert {"D001", "D006", "D009", "S005", "K026"} - {one.id for one in report.unknown}


def test_an_ingress_nginx_as_it_was_installed() -> None:
    """Of its manifest of 2022 each finding is true: I read them.

    It took snippets from everybody (CVE-2021-25742), its webhook ran code (CVE-2025-1974), and annotations
    became configuration; it had no limit of memory, let rights grow, and asked for answers within a second.
    """
    container = {
        "image": "registry.k8s.io/ingress-nginx/controller:v1.5.2",
        "args": [
            "/nginx-ingress-controller",
            "--configmap=$(POD_NAMESPACE)/config",
            "--validating-webhook=:8443",
        ],
        "livenessProbe": {"timeoutSeconds": 1},
        "resources": {"requests": {"cpu": "100m", "memory": "90Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": True,
            "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
            "runAsUser": 101,
        },
        "lifecycle": {"preStop": {"exec": {"command": ["/wait-shutdown"]}}},
    }
    pod = {"priorityClassName": None, "topologySpreadConstraints": None}
    tree = theirs(container, pod)
    del tree["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]
    known = {
        WORKLOADS: Fact(some(tree), "a manifest"),
        CONFIGMAPS: Fact(some(config(allow_snippet_annotations="true")), "a manifest"),
    }
    report = run(CHECKS, Facts(known))
    assert sorted({f"{one.id} {one.severity}" for one in report.findings}) == [
        "D002 medium",
        "D012 low",
        "D018 medium",
        "L010 medium",
        "S002 critical",
        "S003 critical",
        "S014 medium",
        "S015 high",
    ]
