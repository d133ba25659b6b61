"""What a server adds to objects that do not say it, kind by kind.  In place: callers own the object."""

from collections.abc import Callable, Iterable
from itertools import count

from tests.fakes.apiserver.kinds import Json

DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
CLASS_BEFORE = "kubernetes.io/ingress.class"
"""The annotation that named the class before there was a field."""


class Defaults:
    """The defaults of one server; it hands out addresses and node ports one after another."""

    def __init__(self) -> None:
        self._addresses = (f"10.96.{at // 250}.{1 + at % 250}" for at in count(10))
        self._ports = count(30000)
        self._by_kind: dict[str, Callable[[Json, Json | None], None]] = {
            "ConfigMap": _nothing,
            "EndpointSlice": _endpoint_slice,
            "Event": _nothing,
            "Ingress": _ingress,
            "Namespace": _namespace,
            "Pod": _pod,
            "Secret": _secret,
            "Service": self._service,
            "ValidatingWebhookConfiguration": _webhooks,
        }

    def fill(self, found: Json, before: Json | None) -> None:
        """Add what is missing; ``before`` is the object that this one replaces."""
        self._by_kind.get(found["kind"], _nothing)(found, before)

    def _service(self, found: Json, before: Json | None) -> None:
        spec = found.setdefault("spec", {})
        spec.setdefault("type", "ClusterIP")
        spec.setdefault("sessionAffinity", "None")
        for port in spec.get("ports") or ():
            port.setdefault("protocol", "TCP")
            if not port.get("targetPort"):
                port["targetPort"] = port.get("port")
        if spec["type"] != "ExternalName":
            self._addressed(spec, (before or {}).get("spec") or {})
        found.setdefault("status", {"loadBalancer": {}})

    def _addressed(self, spec: Json, before: Json) -> None:
        spec.setdefault("internalTrafficPolicy", "Cluster")
        if not spec.get("clusterIP"):
            spec["clusterIP"] = before.get("clusterIP") or next(self._addresses)
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("ipFamilies", ["IPv6" if ":" in spec["clusterIP"] else "IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if spec["type"] in ("NodePort", "LoadBalancer"):
            spec.setdefault("externalTrafficPolicy", "Cluster")
            had = {one.get("port"): one.get("nodePort") for one in before.get("ports") or ()}
            for port in spec.get("ports") or ():
                port.setdefault("nodePort", had.get(port.get("port")) or next(self._ports))
        if spec["type"] == "LoadBalancer":
            spec.setdefault("allocateLoadBalancerNodePorts", True)


def default_class(found: Json, classes: Iterable[Json]) -> None:
    """Give a new Ingress without a class the default one: the newest, then the first by name."""
    spec, metadata = found.setdefault("spec", {}), found["metadata"]
    if spec.get("ingressClassName") is not None or CLASS_BEFORE in (metadata.get("annotations") or {}):
        return
    marked = [one for one in classes if _annotation(one, DEFAULT_CLASS) == "true"]
    marked.sort(key=lambda one: one["metadata"]["name"])
    marked.sort(key=lambda one: one["metadata"]["creationTimestamp"], reverse=True)
    if marked:
        spec["ingressClassName"] = marked[0]["metadata"]["name"]


def _annotation(found: Json, key: str) -> str | None:
    value: str | None = (found["metadata"].get("annotations") or {}).get(key)
    return value


def _nothing(_found: Json, _before: Json | None) -> None:
    pass


def _ingress(found: Json, _before: Json | None) -> None:
    found.setdefault("status", {"loadBalancer": {}})


def _endpoint_slice(found: Json, _before: Json | None) -> None:
    # These two are never left out of what the server sends; null is how Go writes an empty list.
    found.setdefault("endpoints", None)
    found.setdefault("ports", None)
    for port in found["ports"] or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


def _secret(found: Json, _before: Json | None) -> None:
    found.setdefault("type", "Opaque")


def _namespace(found: Json, _before: Json | None) -> None:
    found["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = found["metadata"]["name"]
    found.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    found.setdefault("status", {"phase": "Active"})


def _pod(found: Json, _before: Json | None) -> None:
    found.setdefault("status", {"phase": "Pending"})


def _webhooks(found: Json, _before: Json | None) -> None:
    for one in found.get("webhooks") or ():
        one.setdefault("failurePolicy", "Fail")
        one.setdefault("matchPolicy", "Equivalent")
        one.setdefault("namespaceSelector", {})
        one.setdefault("objectSelector", {})
        one.setdefault("timeoutSeconds", 10)
        for rule in one.get("rules") or ():
            rule.setdefault("scope", "*")
