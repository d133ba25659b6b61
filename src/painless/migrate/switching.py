"""The commands that run Painless beside the old controller, move traffic, and go back, with its own names.

docs/how-to/beside-ingress-nginx.md is the same for any cluster, and says why.
"""

import shlex
from collections.abc import Iterator

from msgspec import Struct

from painless.migrate.report import Step, many
from painless.migrate.workload import Workload

_UNKNOWN = Workload("Deployment", "ingress-nginx", "ingress-nginx-controller", release="ingress-nginx")
"""What ingress-nginx's own guide calls it."""

_OURS = "painless"

_VALUES = {
    "controller-class": "controller.ingressClassResource.controllerValue",
    "ingress-class": "controller.ingressClass",
}
"""Flags of the old controller, and the values that are them in our chart."""

_BESIDE = """\
controller:
  # The class is the old release's until it is gone.
  ingressClassResource: {enabled: false}
  # One writer of status, one judge of new Ingresses.
  extraArgs: {update-status: "false"}
  admissionWebhooks: {enabled: false}
  # Names and addresses of its own.
  electionID: ""
  publishService: {pathOverride: ""}
  service: {loadBalancerIP: "", clusterIP: "", externalIPs: [], nodePorts: {http: "", https: ""}}
  hostPort: {enabled: false}
  image: {registry: registry.example.com}
fullnameOverride: ""
"""
_AFTER = "".join(
    line
    for line in _BESIDE.splitlines(keepends=True)
    if not line.startswith(("  extraArgs", "  admissionWebhooks", "  # One writer"))
)
_LEAVE = """\
controller:
  admissionWebhooks: {enabled: false}
  extraArgs: {update-status: "false"}
  # Without its IngressClass no Ingress of the class is served: the uninstallation must leave it.
  ingressClassResource: {annotations: {helm.sh/resource-policy: keep}}
"""


_ADDRESS = (
    f"ADDRESS=$(kubectl -n {_OURS} get service {_OURS}-controller -o "
    "'jsonpath={.status.loadBalancer.ingress[0].ip}{.status.loadBalancer.ingress[0].hostname}')"
)


class Names(Struct, frozen=True):
    """What the commands are filled in with: the classes, a host to try, and how many hosts there are."""

    workload: Workload | None = None
    classes: tuple[str, ...] = ()
    host: str = ""
    tls: bool = False
    hosts: int = 0
    configmap: str = ""


def steps(names: Names) -> tuple[Step, ...]:
    """Return what to do, in order; the way back is the last."""
    old = names.workload or _UNKNOWN
    return (*_beside(names, old), *(_helm(old) if old.release else _by_hand(old)))


def _beside(names: Names, old: Workload) -> Iterator[Step]:
    n, release = shlex.quote(old.namespace), shlex.quote(old.release)
    if old.release:
        yield Step(
            "Take the values of the old release",
            (f"helm -n {n} get values {release} -o yaml > values.yaml",),
            "Then look at them, too: painless migrate --values values.yaml",
        )
    config = f" Put the keys of {names.configmap or 'its ConfigMap'} under controller.config."
    install = f"helm install {_OURS} deploy/chart -n {_OURS} --create-namespace"
    yield Step(
        "Install Painless beside it",
        (f"{install}{_settings(old)} -f beside.yaml --wait",),
        f"Both serve {_classes(names)}; only the old one writes status. No Ingress is changed."
        f"{'' if old.release else config}",
        ("beside.yaml", _BESIDE),
    )
    url = f"{'https' if names.tls else 'http'}://{names.host or 'shop.example.com'}/"
    port = 443 if names.tls else 80
    yield Step(
        "Compare",
        (
            f"kubectl {_OURS} -n {_OURS} ingresses -A",
            _ADDRESS,
            f"curl -sSi --connect-to ::$ADDRESS:{port} {shlex.quote(url)}",
        ),
        "The answer is the one that the old controller gives; try one host of each kind you have.",
    )
    records = many(names.hosts, "host", "hosts")
    yield Step(
        "Move traffic",
        (f"kubectl -n {n} get services", f"kubectl -n {_OURS} get service {_OURS}-controller"),
        f"Change the DNS records of {records}, or the weights of a load balancer in "
        "front, from the first address to the second, as slowly as you like. Until the next step, going back "
        "is the same change the other way round.",
    )


def _classes(names: Names) -> str:
    return f"the class {', '.join(names.classes)}" if names.classes else "the same Ingresses"


def _settings(old: Workload) -> str:
    """Return what gives our chart the old controller's classes; Helm's values have them already."""
    if old.release:
        return " -f values.yaml"
    given = ((value, old.flags.get(flag)) for flag, value in _VALUES.items())
    return "".join(f" --set {shlex.quote(f'{value}={text}')}" for value, text in given if text)


def _helm(old: Workload) -> Iterator[Step]:
    n, release = shlex.quote(old.namespace), shlex.quote(old.release)
    chart = "ingress-nginx/ingress-nginx"
    yield Step(
        "Have the old release leave status and class",
        (f"helm -n {n} upgrade {release} {chart} --reuse-values -f leave.yaml",),
        "When nothing has come to it for longer than your TTLs. It stays reachable.",
        ("leave.yaml", _LEAVE),
    )
    yield Step(
        "Have Painless write status and judge new Ingresses",
        (
            f"helm -n {_OURS} upgrade {_OURS} deploy/chart -f values.yaml -f after.yaml --wait",
            "kubectl get ingresses -A",
        ),
        "The addresses are those of Painless.",
        ("after.yaml", _AFTER),
    )
    yield Step(
        "Remove the old release",
        (
            f"helm -n {n} get manifest {release} | grep -B9 resource-policy",
            f"helm -n {n} uninstall {release}",
        ),
        "The first command has to show the IngressClass with the annotation; else scale it to zero instead.",
    )
    yield Step(
        "The way back",
        (
            f"helm -n {_OURS} upgrade {_OURS} deploy/chart -f values.yaml -f beside.yaml --wait",
            f"helm -n {n} rollback {release}",
            f"helm -n {_OURS} uninstall {_OURS}",
        ),
        "Until the old release is removed: it takes status and webhook back, then move DNS back, then the "
        "last command. After a removal, install the old chart with values.yaml first.",
    )


def _by_hand(old: Workload) -> Iterator[Step]:
    where = f"-n {shlex.quote(old.namespace)}"
    what = shlex.quote(f"{old.kind.lower()}/{old.name}")
    patch = '[{"op":"add","path":"/spec/template/spec/containers/0/args/-","value":"--update-status=false"}]'
    yield Step(
        "Have the old controller leave the status",
        (
            f"kubectl {where} patch {what} --type=json -p '{patch}'",
            "kubectl get validatingwebhookconfigurations",
        ),
        "When nothing has come to it for longer than your TTLs. Delete the webhook that names its Service.",
    )
    yield Step(
        "Have Painless write status",
        (
            f"helm -n {_OURS} upgrade {_OURS} deploy/chart{_settings(old)} -f after.yaml --wait",
            "kubectl get ingresses -A",
        ),
        "The addresses are those of Painless. Leave the IngressClass where it is.",
        ("after.yaml", _AFTER),
    )
    stop = f"kubectl {where} scale {what} --replicas=0"
    if old.kind == "DaemonSet":
        stop = f"kubectl {where} patch {what} -p " + shlex.quote(
            '{"spec":{"template":{"spec":{"nodeSelector":{"painless.dev/nowhere":"true"}}}}}'
        )
    yield Step("Stop the old controller", (stop,))
    yield Step(
        "The way back",
        (
            f"kubectl {where} rollout undo {what}",
            f"helm -n {_OURS} uninstall {_OURS}",
        ),
        "Give the old controller its replicas and its status back, move DNS back, then the last command.",
    )
