"""``kubectl painless``: what it asks kubectl for, and what it shows of the answers."""

import json
from collections.abc import Mapping, Sequence

import pytest
from click.testing import CliRunner, Result

from painless.kubectl.calls import Machine, Ran
from painless.kubectl.main import main


def pod(name, *, ready=True, container="controller", arguments=()):
    return {
        "metadata": {"name": name, "namespace": "edge"},
        "spec": {"containers": [{"name": container, "args": ["serve", *arguments]}, {"name": "nginx"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


class Kubectl:
    """A kubectl that knows some objects and notes what it is asked; the fake of the port ``Terminal``."""

    def __init__(self, objects: Mapping[str, Sequence[object]]) -> None:
        self.objects = objects
        self.seen: list[str] = []

    def kept(self, command: Sequence[str]) -> Ran:
        self.seen.append(" ".join(command))
        kind, *rest = [one for one in command[1:] if not one.startswith("--")][1:]
        found = self.objects.get(kind)
        if found is None:
            return Ran(1, errors=f'Error from server (Forbidden): {kind} is forbidden: User "u"'.encode())
        return Ran(0, json.dumps(found[0] if rest else {"items": found}).encode())

    def shown(self, command: Sequence[str]) -> int:
        self.seen.append(" ".join(command))
        return 3


PODS: dict[str, list[object]] = {
    "pods": [pod("a", ready=False), pod("b"), pod("c", container="defaultbackend")],
    "pod": [pod("a")],
}


def call(kubectl: Kubectl, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, obj=kubectl)


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("conf",), "painless inspect conf"),
        (("conf", "--host", "shop.test"), "painless inspect conf --host=shop.test"),
        (("certs", "--host", "shop.test"), "painless inspect certs --host=shop.test"),
        (("backends",), "painless inspect backends"),
        (("backends", "--list"), "painless inspect backends --list"),
        (("backends", "--backend", "shop.web.80"), "painless inspect backends --backend=shop.web.80"),
        (("general",), "painless inspect general"),
        (("status",), "painless status --output=text"),
        (("status", "--output", "json"), "painless status --output=json"),
        (("exec", "ls", "-l", "/tmp"), "ls -l /tmp"),
    ],
)
def test_a_command_runs_in_a_pod_that_is_ready(arguments, command):
    """In the controller's container of a Pod of the chart's; its exit status is the command's."""
    kubectl = Kubectl(PODS)
    ended = call(kubectl, "--namespace", "edge", "--context", "prod", *arguments)
    flags = "kubectl --context=prod --namespace=edge"
    assert 3 == ended.exit_code
    assert [
        f"{flags} get pods --selector=app.kubernetes.io/name=painless --output=json",
        f"{flags} exec b --container=controller -- {command}",
    ] == kubectl.seen


@pytest.mark.parametrize("command", [("conf",), ("logs",), ("exec", "-c", "nginx", "ls")])
def test_flags_of_kubectl_may_stand_after_the_command(command):
    """As in kubectl, where people give the namespace last; the nearer one counts."""
    kubectl = Kubectl(PODS)
    name, *more = command
    call(kubectl, "-n", "shop", name, "-n", "edge", "--context=prod", *more)
    flags = ["kubectl", "--context=prod", "--namespace=edge"]
    assert [flags, flags] == [one.split()[:3] for one in kubectl.seen]


def test_a_shell_has_the_terminal():
    """As ``kubectl exec`` with both of its flags."""
    kubectl = Kubectl(PODS)
    call(kubectl, "ssh", "--pod", "a", "--container", "nginx")
    assert "kubectl exec --stdin --tty a --container=nginx -- bash" == kubectl.seen[-1]


def test_logs_takes_kubectls_flags():
    """Those that people use."""
    kubectl = Kubectl(PODS)
    call(kubectl, "logs", "-f", "--tail", "10", "--since", "5m", "--timestamps")
    assert (
        "kubectl logs b --container=controller --follow --timestamps --tail=10 --since=5m" == kubectl.seen[-1]
    )


def test_the_pods_of_a_deployment_are_those_it_selects():
    """A pool's Pods are found by the name of its Deployment."""
    chosen = {"app.kubernetes.io/component": "controller-chat", "app.kubernetes.io/name": "painless"}
    kubectl = Kubectl({**PODS, "deployment": [{"spec": {"selector": {"matchLabels": chosen}}}]})
    call(kubectl, "conf", "--deployment", "painless-controller-chat")
    selector = "app.kubernetes.io/component=controller-chat,app.kubernetes.io/name=painless"
    assert f"kubectl get pods --selector={selector} --output=json" == kubectl.seen[1]


def test_where_there_is_no_controller_that_is_said():
    """One sentence with what was looked for, and exit status 2."""
    ended = call(Kubectl({"pods": []}), "conf")
    assert (2, True) == (
        ended.exit_code,
        ended.output.startswith("painless: found no Pod with the labels app.kubernetes.io/name=painless"),
    )


def test_what_kubectl_refuses_is_said_in_its_words():
    """A missing right is named by who refused it."""
    ended = call(Kubectl({}), "ingresses")
    assert (2, True) == (ended.exit_code, "is forbidden: User" in ended.output)


def test_a_kubectl_that_is_not_there_is_said(monkeypatch, tmp_path):
    """Not a traceback."""
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = CliRunner().invoke(main, ["ingresses"], obj=Machine())
    assert (2, "painless: kubectl is not on the PATH\n") == (ended.exit_code, ended.output)


INGRESS: dict[str, object] = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "tls": [{"hosts": ["shop.test"]}],
        "rules": [
            {
                "host": "shop.test",
                "http": {
                    "paths": [{"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]
                },
            },
            {
                "host": "plain.test",
                "http": {
                    "paths": [
                        {"path": "/a", "backend": {"service": {"name": "api", "port": {"name": "http"}}}}
                    ]
                },
            },
        ],
    },
    "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}, {"hostname": "lb.test"}]}},
}
SLICE: dict[str, object] = {
    "metadata": {"namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}},
    "endpoints": [
        {"addresses": ["10.0.0.1"]},
        {"addresses": ["10.0.0.2"], "conditions": {"ready": True}},
        {"addresses": ["10.0.0.3"], "conditions": {"ready": False}},
    ],
}
OBJECTS: dict[str, list[object]] = {
    "ingresses.networking.k8s.io": [INGRESS],
    "endpointslices.discovery.k8s.io": [SLICE, SLICE],
}


def test_ingresses_are_a_table_of_paths():
    """Each path with its Service and the endpoints that are ready; a slice twice counts once."""
    kubectl = Kubectl(OBJECTS)
    assert (
        """\
NAMESPACE   INGRESS NAME   HOST+PATH      ADDRESSES           TLS   SERVICE   SERVICE PORT   ENDPOINTS
shop        web            shop.test/     192.0.2.1,lb.test   YES   web       80             2
shop        web            plain.test/a   192.0.2.1,lb.test   NO    api       http           0
"""
        == call(kubectl, "ingresses", "-A").output
    )
    assert "kubectl get ingresses.networking.k8s.io --all-namespaces --output=json" == kubectl.seen[0]


@pytest.mark.parametrize("name", ["ingresses", "ingress", "ing"])
def test_ingresses_of_one_host(name):
    """ingress-nginx's short names work too, and there is no column for the one namespace."""
    lines = call(Kubectl(OBJECTS), name, "--host", "plain.test").output.splitlines()
    assert [["INGRESS", "NAME"], ["web", "plain.test/a"]] == [line.split()[:2] for line in lines]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"metadata": None},
        {"spec": []},
        {"spec": {"rules": [None, {"http": {"paths": "no"}}, {"host": 7}]}},
    ],
)
def test_an_object_of_another_shape_ends_nothing(broken):
    """What is missing is shown as missing."""
    found = Kubectl({"ingresses.networking.k8s.io": [broken], "endpointslices.discovery.k8s.io": [broken]})
    assert 0 == call(found, "ingresses").exit_code


def test_info_says_where_the_controller_is_reached():
    """The Service is the one that the controller publishes, its variables filled in."""
    service = {
        "metadata": {"name": "lb", "namespace": "edge"},
        "spec": {"clusterIP": "10.96.0.7"},
        "status": {"loadBalancer": {"ingress": [{"hostname": "lb.test"}]}},
    }
    running = pod("a", arguments=["--publish-service=$(POD_NAMESPACE)/lb"])
    kubectl = Kubectl({"pods": [running], "service": [service]})
    assert (
        "Service: edge/lb\nCluster address: 10.96.0.7\nLoad balancer: lb.test\n"
        == call(kubectl, "info").output
    )
    assert "kubectl get service lb --output=json" == kubectl.seen[-1]
