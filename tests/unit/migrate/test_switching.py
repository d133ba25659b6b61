"""The commands of the report: the guide's, with the cluster's own names."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from painless.migrate.switching import Names, steps
from painless.migrate.workload import Workload

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "beside-ingress-nginx.md"
HELM = Workload("Deployment", "edge", "public-controller", release="public")
BY_HAND = Workload("DaemonSet", "edge", "ingress", {"controller-class": "example.com/edge"})


def files(workload):
    return {one.file[0]: yaml.safe_load(one.file[1]) for one in steps(Names(workload)) if one.file[0]}


def commands(workload, **names):
    return [command for one in steps(Names(workload, **names)) for command in one.commands]


def test_values_are_those_of_the_guide():
    """Whoever reads the one may use the other."""
    blocks = re.findall(r"^```yaml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    beside, leave = map(yaml.safe_load, blocks)
    after = {
        **beside,
        "controller": {
            key: value
            for key, value in beside["controller"].items()
            if key not in {"extraArgs", "admissionWebhooks"}
        },
    }
    assert {"beside.yaml": beside, "leave.yaml": leave, "after.yaml": after} == files(HELM)


@pytest.mark.parametrize("workload", [None, HELM, BY_HAND])
def test_every_command_is_one_that_a_shell_reads(workload):
    """Whatever the names are."""
    found = commands(workload, host="a'b.example", classes=("x",))
    assert [] == [one for one in found if not shlex.split(one)]


def test_a_release_of_helm_is_left_by_helm():
    """Its name and namespace are in the commands, and so is the way back."""
    found = commands(HELM, host="shop.example", tls=True)
    assert ["helm -n edge get values public -o yaml > values.yaml", "helm -n edge rollback public"] == [
        found[0],
        found[-2],
    ]
    assert "curl -sSi --connect-to ::$ADDRESS:443 https://shop.example/" in found


def test_what_is_not_helm_s_is_left_by_kubectl():
    """No command asks Helm for a release that there is not."""
    found = commands(BY_HAND)
    assert [] == [one for one in found if one.startswith("helm -n edge") or "values.yaml" in one]
    assert any(
        "--set controller.ingressClassResource.controllerValue=example.com/edge" in one for one in found
    )
    assert "kubectl -n edge rollout undo daemonset/ingress" in found
