"""The old controller's Deployment or DaemonSet: its flags, its names, and how it was installed.

Takes trees as manifests and the API have them; whatever they hold, nothing is raised.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

KINDS = ("DaemonSet", "Deployment")
"""What ingress-nginx's controller runs as."""

_PROGRAMS = ("nginx-ingress-controller",)
_IMAGE = "ingress-nginx/controller"
_FLAGS = ("--controller-class", "--election-id", "--ingress-class", "--publish-service")


class Workload(Struct, frozen=True):
    """Where the controller runs: ``flags`` by name without dashes; ``release`` is Helm's, if it is Helm's."""

    kind: str
    namespace: str
    name: str
    flags: Mapping[str, str] = {}
    release: str = ""
    image: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class Asked(Struct, frozen=True):
    """What the old controller's flags say about which objects count, its defaults where they say nothing."""

    prefix: str = "nginx.ingress.kubernetes.io"
    ingress_class: str = "nginx"
    controller_class: str = "k8s.io/ingress-nginx"
    configmap: tuple[str, str] | None = None


def find(trees: Iterable[Any]) -> tuple[Workload, ...]:
    """Return the controllers among these objects, lists looked into."""
    found = (one for tree in trees for each in _items(tree) if (one := _workload(each)))
    return tuple(sorted(found, key=lambda one: (one.namespace, one.name)))


def _items(tree: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(tree, Mapping):
        return
    items = tree.get("items")
    if isinstance(items, list):
        # The API server leaves the kind out of the items of a list.
        kind = str(tree.get("kind", "")).removesuffix("List")
        for one in items:
            if isinstance(one, Mapping):
                yield {**({"kind": kind} if kind else {}), **one}
    else:
        yield tree


def _workload(tree: Mapping[str, Any]) -> Workload | None:
    if tree.get("kind") not in KINDS:
        return None
    pod = _map(_map(_map(tree, "spec"), "template"), "spec")
    containers = pod.get("containers")
    for one in containers if isinstance(containers, list) else ():
        if isinstance(one, Mapping) and _is_controller(one):
            return _made(tree, one)
    return None


def _is_controller(container: Mapping[str, Any]) -> bool:
    words = _words(container)
    return (
        _IMAGE in str(container.get("image", ""))
        or any(word.endswith(_PROGRAMS) for word in words)
        or sum(word.startswith(_FLAGS) for word in words) > 1
    )


def _made(tree: Mapping[str, Any], container: Mapping[str, Any]) -> Workload:
    about = _map(tree, "metadata")
    labels = _map(about, "labels")
    namespace = str(about.get("namespace") or "default")
    name = str(about.get("name", ""))
    environment = {"POD_NAMESPACE": namespace, "POD_NAME": name}
    helm = labels.get("app.kubernetes.io/managed-by") == "Helm"
    return Workload(
        str(tree["kind"]),
        namespace,
        name,
        dict(_flags(_words(container), environment)),
        str(labels.get("app.kubernetes.io/instance", "")) if helm else "",
        str(container.get("image", "")),
    )


def _flags(words: list[str], environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield flags as Go reads them: ``--name=value``, ``--name value``, ``--name`` alone is true."""
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if not word.startswith("-") or word.strip("-") == "":
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not equals:
            following = words[at] if at < len(words) else ""
            value = "true" if not following or following.startswith("-") else following
        for variable, known in environment.items():
            value = value.replace(f"$({variable})", known)
        yield name, value


def _words(container: Mapping[str, Any]) -> list[str]:
    parts = (container.get(key) for key in ("command", "args"))
    return [str(word) for part in parts if isinstance(part, list) for word in part]


def _map(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = tree.get(key)
    return found if isinstance(found, Mapping) else {}
