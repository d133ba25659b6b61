"""Objects become facts: of a folder with file and line, of a cluster page by page, and what may be read."""

import re
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.doctor.objectcases import EVERYTHING, controller, ingress, some
from tests.fakes.apiserver import FakeApiServer
from tests.unit.kube.given import Fleet

from painless.doctor import cluster, manifests
from painless.doctor.checks import CHECKS
from painless.doctor.facts import Facts
from painless.doctor.gather import Asked, gather
from painless.doctor.objects import SERVICES, SOURCES, WORKLOADS, Listed, facts_of
from painless.doctor.parts import part_of
from painless.doctor.run import run
from painless.doctor.secrets import pair_of
from painless.kube.find import Cluster

LONELY = """
# a comment
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress, namespace: shop}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - {name: c, image: registry.k8s.io/ingress-nginx/controller:v1.15.1}
"""


ROOT = Path(__file__).resolve().parents[2]


def facts(*trees: dict[str, Any]) -> Facts:
    listed: dict[str, list[Any]] = {}
    for one in trees:
        listed.setdefault(one["kind"], []).append(part_of(one))
    known, missing = facts_of(Listed(listed, {}, "a test", whole=False), lambda one: pair_of(one, 0.0), 0.0)
    return Facts(known, missing)


def test_a_folder(tmp_path: Path) -> None:
    """Where an object stands is evidence, and kinds that are not there are unknown."""
    (tmp_path / "some.yaml").write_text(LONELY)
    gathered = gather(Asked(objects=partial(manifests.read, tmp_path), machine=False), apart=0.0)
    report = run(CHECKS, gathered.facts)
    (found,) = (one for one in report.findings if one.id == "D008")
    unknown = {one.id: one.why for one in report.unknown}
    assert found.evidence[0].where == "Deployment shop/ingress (some.yaml:4)"
    assert unknown["D009"] == f"{tmp_path} has no PodDisruptionBudgets"


def test_a_list_in_one_file(tmp_path: Path) -> None:
    """``kubectl get -o yaml`` writes lists, of one kind or of many."""
    (tmp_path / "some.yaml").write_text(
        "kind: List\nitems:\n- {kind: Namespace, metadata: {name: a}}\n---\n"
        "kind: NamespaceList\nitems:\n- {metadata: {name: b}}\n"
    )
    found = manifests.read(tmp_path).objects
    assert [str(one.ref) for one in found["Namespace"]] == ["Namespace a", "Namespace b"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.yaml", "kind: [", "a.yaml:1"),
        ("a.json", "{", "a.json:1"),
        ("a.txt", "kind: Ingress", "has no manifests"),
    ],
)
def test_a_folder_that_is_not_understood(tmp_path: Path, name: str, content: str, says: str) -> None:
    """It is said with its place."""
    (tmp_path / name).write_text(content)
    (problem,) = gather(Asked(objects=partial(manifests.read, tmp_path), machine=False), apart=0.0).problems
    assert says in problem


async def test_a_cluster_of_many_pages() -> None:
    """All objects of a kind are one fact, however many answers they take."""
    services = [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"s{n}"},
            "spec": {"ports": [{"port": 80}]},
        }
        for n in range(501)
    ]
    async with FakeApiServer() as api, Fleet(api) as fleet:
        api.push(*services)
        known, missing = facts_of(await cluster.list_all(fleet.client()), lambda one: pair_of(one, 0.0), 0.0)
    assert len({one.ref.name for one in known[SERVICES].value}) == len(services)
    assert known[SERVICES].source == f"the API server {api.url}"
    assert missing == {}


async def test_a_kind_that_may_not_be_listed() -> None:
    """It is unknown, with the rule that is missing, and the others are read."""
    async with FakeApiServer() as api, Fleet(api) as fleet:
        api.allows = lambda asked: asked.resource not in {"services", "statefulsets"}
        known, missing = facts_of(await cluster.list_all(fleet.client()), lambda one: pair_of(one, 0.0), 0.0)
    assert SERVICES not in known
    assert 'resources: ["services"], verbs: ["list"]' in missing[SERVICES]
    # Deployments alone are not all that runs Pods.
    assert "statefulsets" in missing[WORKLOADS]
    assert len(known) + len(missing) == len({one.fact for one in SOURCES})


def test_the_role_of_the_guide() -> None:
    """What it allows is what is asked, and no more."""
    guide = (ROOT / "docs/how-to/run-the-doctor.md").read_text()
    (role,) = (one for one in re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL) if "ClusterRole" in one)
    rules = part_of(yaml.safe_load(role))["rules"].each()
    allowed = {
        (group, resource)
        for rule in rules
        for group in rule["apiGroups"].value
        for resource in rule["resources"].words
    }
    asked = [one.kind for one in SOURCES]
    assert allowed == {(one.version.rpartition("/")[0], one.plural) for one in asked}


def test_no_cluster() -> None:
    """A kubeconfig that is not there is one problem, and no traceback."""
    gathered = gather(Asked(objects=partial(cluster.read, Cluster("/nowhere")), machine=False), apart=0.0)
    assert len(gathered.problems) == 1
    assert "/nowhere" in gathered.problems[0]


_values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.sampled_from(["", "0", "-1", "1e9", "\x1b[2J", "a/b", "100%", "$(X)", "*", "{", "é" * 300]),
    st.just([]),
    st.just({}),
    st.just([None, 1, {"name": 2}]),
)


def _holes(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all parts of a tree."""
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    return [path, *(hole for key, one in parts for hole in _holes(one, (*path, key)))]


@st.composite
def _broken(draw: st.DrawFn) -> list[dict[str, Any]]:
    """All objects of the cases, some with a part that is something else."""
    trees = deepcopy(list(EVERYTHING))
    for _ in range(draw(st.integers(1, 6))):
        tree = draw(st.sampled_from(trees))
        path = draw(st.sampled_from([one for one in _holes(tree) if one and one != ("kind",)]))
        holder: Any = tree
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = deepcopy(draw(_values))
    return trees


@settings(max_examples=60, deadline=None)
@given(_broken())
def test_no_object_ends_the_doctor(trees: list[dict[str, Any]]) -> None:
    """Whatever a part of an object is, checks are made of the rest."""
    report = run(CHECKS, facts(*trees))
    assert len(report.passed) + len(report.unknown) + len({one.id for one in report.findings}) == len(CHECKS)


def test_a_name_ends_no_command() -> None:
    """What is to be pasted is one command, whatever a manifest calls its object."""
    tree = controller(replicas=1)
    tree["metadata"]["name"] = "x; rm -rf /"
    (found,) = (one for one in run(CHECKS, facts(tree)).findings if one.id == "D008")
    assert "'deployment/x; rm -rf /'" in found.fix


def test_what_a_folder_leaves_out() -> None:
    """Nothing is missing in a namespace of which a folder has no object of that kind."""
    services = some({"kind": "Service", "metadata": {"name": "a", "namespace": "shop"}}, whole=False)
    assert (services.tells("shop"), services.tells("other")) == (True, False)


def test_annotations_by_whose_they_are() -> None:
    """What is misspelled is told with what it may have been; another controller's is not ours to judge."""
    own = {"painless.dev/max-upgrade": "5", "nginx.org/rewrites": "x"}
    nginx = {
        "kind": "IngressClass",
        "metadata": {"name": "nginx"},
        "spec": {"controller": "nginx.org/ingress"},
    }
    report = run(CHECKS, facts(ingress(metadata={"annotations": own}), nginx))
    told = [(one.says, one.expected) for one in report.findings if one.id == "S011"]
    assert told == [("nobody reads painless.dev/max-upgrade", "painless.dev/max-upgraded")]
