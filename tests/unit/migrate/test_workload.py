"""The old controller is found by what it runs, and its flags are read as Go reads them."""

import pytest

from painless.migrate.workload import find


def deployment(*args, image="registry/ingress-nginx/controller:v1", kind="Deployment", labels=None):
    container = {"image": image, "args": list(args)}
    about = {"namespace": "edge", "name": "ingress", "labels": labels or {}}
    pod = {"spec": {"containers": [{"image": "sidecar"}, container]}}
    return {"kind": kind, "metadata": about, "spec": {"template": pod}}


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["/nginx-ingress-controller", "--a=b"], {"a": "b"}),
        (["--a", "b", "--c"], {"a": "b", "c": "true"}),
        (["--a", "--c=d=e"], {"a": "true", "c": "d=e"}),
        (["-v=2"], {"v": "2"}),
        (["--configmap=$(POD_NAMESPACE)/x"], {"configmap": "edge/x"}),
        ([], {}),
    ],
)
def test_flags_are_read_as_go_reads_them(args, expected):
    """With a value, with one after them, or alone; variables of the Pod are put in."""
    (found,) = find([deployment(*args)])
    assert expected == found.flags


def test_only_ingress_nginx_is_found():
    """By its image, its program, or flags that nobody else has; in lists, too."""
    others = [deployment("--port=80", image="web"), {"kind": "Service"}, None, []]
    ours = deployment("--controller-class=x", "--election-id=y", image="mirror/anything")
    found = find([*others, {"kind": "DeploymentList", "items": [{**ours, "kind": "Deployment"}]}])
    assert ["Deployment edge/ingress"] == [str(one) for one in found]


def test_a_release_is_helm_s_only():
    """Other tools write the same label for names of their own."""
    labels = {"app.kubernetes.io/instance": "public"}
    helm = {**labels, "app.kubernetes.io/managed-by": "Helm"}
    assert ["", "public"] == [find([deployment(labels=one)])[0].release for one in (labels, helm)]


KEYS = [
    ("kind",),
    ("metadata",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "labels"),
    ("spec",),
    ("spec", "template"),
    ("spec", "template", "spec"),
    ("spec", "template", "spec", "containers"),
]


@pytest.mark.parametrize(
    "junk", [None, True, 7, "x", [], [None, 7, {"args": 7, "command": [None]}], {}, {"items": 7}]
)
@pytest.mark.parametrize("keys", KEYS)
def test_nothing_raises_whatever_a_manifest_holds(keys, junk):
    """Whatever part of it is something else, it is a controller with what is left, or it is none."""
    tree = deployment("--a=b", labels={"app.kubernetes.io/managed-by": "Helm"})
    *above, last = keys
    place = tree
    for key in above:
        place = place[key]
    place[last] = junk
    assert len(find([tree])) <= 1
