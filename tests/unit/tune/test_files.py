"""What is to be pasted is taken by the tools that it is for."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.deploy.chart import WITHOUT_HELM, helm, render
from tests.front.network import own_network
from tests.unit.tune.worlds import (
    CONFIGMAP,
    REF,
    USUAL,
    autoscaler,
    deployment,
    measured,
    meta,
    slow,
    traffic,
)

from painless.tune import numbers
from painless.tune.advice import Told, World
from painless.tune.advise import advise
from painless.tune.files import NODE, Files, files
from painless.tune.objects import objects

KUBECTL = Path(sys.executable).with_name("kubectl")
BUSY = {**USUAL, numbers.NEW: 20_000.0, numbers.PORTS: 0.9}
FLAPS = {REF: tuple((at * 30.0, 6 if at % 20 < 10 else 2) for at in range(240))}
POD: dict[str, Any] = {"securityContext": {"sysctls": [{"name": "net.ipv4.tcp_fin_timeout", "value": "15"}]}}
INGRESS = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {**meta(REF), "annotations": {"example.com/own": "1"}},
    "spec": {"ingressClassName": "nginx"},
}


def made(*trees: dict[str, Any], configmap: tuple[str, str] | None = CONFIGMAP) -> Files:
    """Everything that there is to paste: a busy controller, a slow application, an autoscaler that flaps."""
    found = objects(trees)
    told = Told(configmap=configmap, balancer=600.0)
    world = World(measured(traffic(header=slow(5.0)), numbers_=BUSY, replicas=FLAPS), found, told)
    return files(advise(world), found, told)


def patched(tmp_path: Path, tree: dict[str, Any], patch: str) -> Any:
    """Return an object as kubectl patches it."""
    (tmp_path / "object.json").write_text(json.dumps(tree))
    (tmp_path / "patch.yaml").write_text(patch)
    command = [str(KUBECTL), "patch", "--local", "-f", str(tmp_path / "object.json"), "--type", "merge"]
    done = subprocess.run(
        [*command, "--patch-file", str(tmp_path / "patch.yaml"), "-o", "json"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_kubectl_takes_the_patches(tmp_path):
    """What was there stays: other annotations, other sysctls, the rest of the containers."""
    controller, scaler = deployment(**POD), autoscaler()
    configmap = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": meta(CONFIGMAP),
        "data": {"use-gzip": "true"},
    }
    found = made(controller, scaler, configmap, INGRESS)
    data = patched(tmp_path, configmap, found["configmap-ingress-painless.yaml"])["data"]
    assert {"use-gzip": "true", "keep-alive": "630", "proxy-connect-timeout": "2"} == data
    annotations = patched(tmp_path, INGRESS, found["ingress-shop-web.yaml"])["metadata"]["annotations"]
    assert {"example.com/own": "1", "nginx.ingress.kubernetes.io/proxy-read-timeout": "11"} == annotations
    pod = patched(tmp_path, controller, found["deployment-ingress-painless.yaml"])["spec"]["template"]["spec"]
    assert "painless-controller:1" == pod["containers"][0]["image"]
    assert 245 == pod["terminationGracePeriodSeconds"]
    assert {
        "net.ipv4.tcp_fin_timeout": "15",
        "net.core.somaxconn": "8192",
        "net.ipv4.ip_local_port_range": "1024 65535",
        "net.ipv4.ip_local_reserved_ports": "8080,8443,10254",
    } == {one["name"]: one["value"] for one in pod["securityContext"]["sysctls"]}
    down = patched(tmp_path, scaler, found["hpa-shop-web.yaml"])["spec"]["behavior"]["scaleDown"]
    assert 1200 == down["stabilizationWindowSeconds"]


def test_each_file_has_its_command():
    """The shell reads them, and each names a file that there is."""
    found = made(deployment(), autoscaler(), INGRESS)
    script = found.pop("apply.sh")
    subprocess.run(["sh", "-n"], input=script, text=True, check=True, timeout=50)
    assert set() == {name for name in found if name not in script}
    patches = [line.split()[-1] for line in script.splitlines() if line.startswith("kubectl")]
    assert found.keys() - {NODE} == set(patches)


def test_what_is_unsafe_is_said():
    """And what is safe is not."""
    text = made(deployment())["deployment-ingress-painless.yaml"]
    assert [
        "# Unsafe: the kubelet needs --allowed-unsafe-sysctls=net.core.somaxconn, or the Pod does not start."
    ] == [line for line in text.splitlines() if line.startswith("#")]


def test_without_objects_there_are_parts_to_paste():
    """Nobody knows their names, so they are no commands."""
    found = made(configmap=None)
    assert {
        NODE,
        "pod-sysctls.yaml",
        "configmap.yaml",
        "ingress-shop-web.yaml",
        "hpa-shop-web.yaml",
        "apply.sh",
    } == (found.keys())
    assert {"data": {"keep-alive": "630", "proxy-connect-timeout": "2"}} == yaml.safe_load(
        found["configmap.yaml"]
    )


def test_on_the_host_s_network_the_node_is_set():
    """A Pod there may not set the network's sysctls."""
    found = made(deployment(hostNetwork=True))
    assert "net.core.somaxconn = 8192" in found[NODE].splitlines()
    assert "sysctls" not in found["deployment-ingress-painless.yaml"]


def test_sysctl_takes_the_file(tmp_path):
    """In a network of our own; what is the whole machine's is left out."""
    text = made(deployment(hostNetwork=True))[NODE]
    own = [line for line in text.splitlines() if "nf_conntrack" not in line]
    assert len(text.splitlines()) - 2 == len(own)
    (tmp_path / NODE).write_text("\n".join(own) + "\n")
    try:
        with own_network():
            done = subprocess.run(
                ["sysctl", "-p", str(tmp_path / NODE)],
                capture_output=True,
                text=True,
                check=False,
                timeout=50,
            )
    except (PermissionError, FileNotFoundError) as why:
        pytest.skip(str(why))
    assert ("", 0) == (done.stderr, done.returncode)
    assert "net.core.somaxconn = 8192" in done.stdout


def test_nothing_to_change_is_no_file():
    assert {} == files(advise(World(measured(), objects([]))), objects([]), Told())


def test_a_name_that_is_none_makes_no_file():
    """What a page of metrics calls a namespace may lead anywhere."""
    odd = measured(traffic(ref=("../..", "web"), header=slow(5.0)), traffic(header=slow(5.0)))
    found = files(advise(World(odd, objects([]))), objects([]), Told())
    assert {"ingress-shop-web.yaml", "configmap.yaml", "apply.sh"} == found.keys()
    assert ".." not in found["apply.sh"]


@pytest.mark.skipif(helm is None, reason=WITHOUT_HELM)
def test_our_own_chart_ends_in_time():
    """The kubelet waits for as long as its controller says that it takes."""
    made = objects(render().objects)
    report = advise(World(measured(), made))
    assert ("painless-controller", True) == (made.controller and made.controller.ref[1], bool(report.good))
    assert "terminationGracePeriodSeconds" in {one.id for one in report.good}
