"""Values that the guides write out do what the guides say of them."""

import re
from typing import Any

import pytest
import yaml
from tests.deploy.chart import ROOT, WITHOUT_HELM, helm, render
from tests.deploy.conftest import HERE

pytestmark = pytest.mark.skipif(helm is None, reason=WITHOUT_HELM)
NAME = "painless-controller"


def written(page: str) -> list[dict[str, Any]]:
    """The YAML blocks of a page."""
    text = (ROOT / page).read_text()
    return [
        yaml.safe_load(one) for one in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def over(below: Any, above: Any) -> Any:
    """What Helm makes of two values files."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: over(below.get(key), one) for key, one in above.items()}}
    return above


def test_beside_ingress_nginx_nothing_is_there_twice():
    """No class, no webhook, no status, no address or port of a node; what is served stays the same."""
    beside, leave = written("docs/how-to/beside-ingress-nginx.md")
    values = over(yaml.safe_load((HERE / "ingress-nginx-values.yaml").read_text()), beside)
    made = render(values)
    kinds = {one["kind"] for one in made.objects}
    assert set() == kinds & {"IngressClass", "ValidatingWebhookConfiguration"}
    flags = made.flags(NAME)
    assert ("false", "k8s.io/external") == (flags["update-status"], flags["controller-class"])
    assert f"{NAME}-leader" == flags["election-id"]
    (service,) = (one for one in made.all("Service") if one["metadata"]["name"] == NAME)
    assert "loadBalancerIP" not in service["spec"]
    assert [] == [one for one in service["spec"]["ports"] if "nodePort" in one]
    assert [] == [one for one in made.container("nginx", NAME)["ports"] if "hostPort" in one]
    assert leave["controller"]["extraArgs"] == beside["controller"]["extraArgs"]


def test_afterwards_there_is_one_of_each():
    """Status and the webhook are ours once two settings are taken out; the class is whose it was."""
    beside, _ = written("docs/how-to/beside-ingress-nginx.md")
    after = {
        "controller": {
            key: one
            for key, one in beside["controller"].items()
            if key not in {"extraArgs", "admissionWebhooks"}
        }
    }
    made = render(over(yaml.safe_load((HERE / "ingress-nginx-values.yaml").read_text()), after))
    assert "true" == made.flags(NAME)["update-status"]
    assert 1 == len(made.all("ValidatingWebhookConfiguration"))
    assert [] == made.all("IngressClass")


def test_the_pools_of_the_readme_are_two_more_controllers():
    """A few lines of values, as the chart's README has them."""
    (values,) = (one for one in written("deploy/chart/README.md") if "pools" in one)
    made = render(values)
    assert {NAME, f"{NAME}-chat", f"{NAME}-staging"} == {
        one["metadata"]["name"] for one in made.all("Deployment")
    }
    assert made.pod("-chat")["terminationGracePeriodSeconds"] == 3600
    assert made.one("HorizontalPodAutoscaler")["spec"]["maxReplicas"] == 20
    assert "no effect" not in made.notes
