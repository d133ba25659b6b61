"""A plan to split is taken by Helm, kubectl and Painless itself, and serves every host throughout."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.deploy.chart import WITHOUT_HELM, helm, render
from tests.unit.tune.worlds import DAY, measured, meta, traffic

from painless.advice.split import MAIN
from painless.cli.main import main
from painless.tune.classes import Plan, Target, planned
from painless.tune.environments import environment
from painless.tune.objects import objects
from painless.tune.plans import lines

KUBECTL = Path(sys.executable).with_name("kubectl")
TARGET = Target()


def ingress(namespace: str, name: str, host: str, **annotations: str) -> dict[str, Any]:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    http = {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {**meta((namespace, name)), "uid": "1", "annotations": annotations},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": host, "http": http}]},
        "status": {"loadBalancer": {}},
    }


SHOP = ingress("shop", "web", "shop.test")
STAGING = ingress(
    "shop-staging", "web", "staging.shop.test", **{"cert-manager.io/issuer": "x", "example.com/own": "1"}
)
CHAT = ingress("chat", "web", "chat.test")
TRAFFIC = (
    traffic(ref=("shop", "web"), requests=1e6),
    traffic(ref=("shop-staging", "web"), requests=100),
    # A day in which 50 were open at a time.
    traffic(ref=("chat", "web"), upgraded=500, upgraded_seconds=50 * DAY),
)


def plan(*trees: dict[str, Any]) -> Plan:
    return planned(measured(*TRAFFIC, churn={"shop": 48, "shop-staging": 100}), objects(trees), TARGET)


def test_who_moves_and_what_it_gains():
    found = plan(SHOP, STAGING, CHAT)
    assert [("staging", (("shop-staging", "web"),)), ("long-lived", (("chat", "web"),))] == [
        (one.pool, one.refs) for one in found.moves
    ]
    text = list(lines(found, written=True))
    shown = " ".join(" ".join(text).split())
    assert "100 of 148 loads (68%) no longer touch the others" in shown
    assert "50.0 connections that stay are no longer met by the other 48 loads" in shown
    assert "2 of 3 Ingresses should move, to 2 classes" == text[-1]


def test_copies_are_what_they_are_copies_of():
    """In the new class, under a name of their own, and nobody makes certificates for them again."""
    (copy,) = yaml.safe_load_all(plan(SHOP, STAGING, CHAT).files["copies-staging.yaml"])
    assert {
        "name": "web-staging",
        "namespace": "shop-staging",
        "annotations": {"example.com/own": "1"},
    } == copy["metadata"]
    assert {**STAGING["spec"], "ingressClassName": "nginx-staging"} == copy["spec"]
    assert "status" not in copy


def test_hosts_are_not_torn_apart():
    """What shares a host with production stays with it, and a copy of the host goes where it goes."""
    canary = ingress("shop-staging", "canary", "shop.test")
    assert () == plan(SHOP, canary).moves
    second = ingress("shop-dev", "more", "staging.shop.test")
    labelled = {"kind": "Namespace", "metadata": {"name": "shop-dev", "labels": {"environment": "stage"}}}
    (move,) = plan(SHOP, STAGING, second, labelled).moves
    assert (("shop-dev", "more"), ("shop-staging", "web")) == move.refs


def test_another_class_is_not_looked_at():
    other = ingress("shop-staging", "other", "other.test")
    other["spec"]["ingressClassName"] = "traefik"
    assert (1, ()) == ((found := plan(SHOP, other)).ingresses, found.moves)


@pytest.mark.parametrize(
    ("namespace", "labels", "hosts", "expected"),
    [
        ("shop", {}, (), MAIN),
        ("shop", {"environment": "Staging"}, (), "staging"),
        ("shop-staging", {"env": "prod"}, (), MAIN),
        ("dev-shop", {}, (), "dev"),
        ("qa", {}, (), "test"),
        ("developers", {}, (), MAIN),
        ("shop", {}, ("dev.shop.test", "api.dev.shop.test"), "dev"),
        ("shop", {}, ("dev.shop.test", "shop.test"), MAIN),
    ],
)
def test_environments(namespace, labels, hosts, expected):
    assert expected == environment(namespace, labels, hosts)


@pytest.mark.skipif(helm is None, reason=WITHOUT_HELM)
def test_helm_makes_the_classes_of_the_copies():
    """Each pool of the values is a controller of the class that its copies name."""
    found = plan(SHOP, STAGING, CHAT)
    made = render(yaml.safe_load(found.files["pools.yaml"]))
    classes = {one["metadata"]["name"]: one["spec"]["controller"] for one in made.all("IngressClass")}
    copies = [
        one for name, text in found.files.items() if "copies" in name for one in yaml.safe_load_all(text)
    ]
    assert {"nginx-staging", "nginx-long-lived"} == {one["spec"]["ingressClassName"] for one in copies}
    assert {one["spec"]["ingressClassName"] for one in copies} <= classes.keys()
    assert len(classes) == len(set(classes.values()))
    components = {one["metadata"]["labels"]["app.kubernetes.io/component"] for one in made.all("Service")}
    steps = [each for some in found.steps.values() for step in some for each in step.commands]
    asked = {one.partition("component=")[2].split()[0] for one in steps if "component=" in one}
    assert {"controller-staging", "controller-long-lived"} == asked & components


def test_the_commands_are_the_shell_s(tmp_path):
    """The shell reads them, and the copy gets what was left out when what it is a copy of is gone."""
    found = plan(SHOP, STAGING, CHAT)
    commands = [each for step in found.steps["staging"] for each in step.commands]
    script = found.files["take-over-staging.sh"]
    for text in ("\n".join(commands), script):
        subprocess.run(["sh", "-n"], input=text, text=True, check=True, timeout=50)
    assert "sh take-over-staging.sh" == commands[-1]
    *_, deletes, annotates = script.splitlines()
    assert "kubectl -n shop-staging delete ingress web" == deletes
    (tmp_path / "copies.yaml").write_text(found.files["copies-staging.yaml"])
    asked = annotates.replace("kubectl -n shop-staging", str(KUBECTL))
    asked = asked.replace("ingress web-staging", "--local -f copies.yaml -o yaml")
    done = subprocess.run(
        ["sh", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=50
    )
    assert STAGING["metadata"]["annotations"] == yaml.safe_load(done.stdout)["metadata"]["annotations"]


def test_painless_serves_the_copies(tmp_path):
    """In their class, as it served what they are copies of."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(("shop-staging", "web")),
        "spec": {"ports": [{"port": 80}]},
    }
    text = plan(SHOP, STAGING, CHAT).files["copies-staging.yaml"]
    pool = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": "nginx-staging"},
        "spec": {"controller": "k8s.io/ingress-nginx-staging"},
    }
    folder = tmp_path / "objects"
    folder.mkdir()
    (folder / "copies.yaml").write_text(text)
    (folder / "more.yaml").write_text(yaml.safe_dump_all([service, pool]))
    words = ("--source", str(folder), "--controller-class", "k8s.io/ingress-nginx-staging")
    done = CliRunner().invoke(main, ["render", *words, "-o", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "server_name staging.shop.test" in (tmp_path / "out" / "nginx.conf").read_text()
