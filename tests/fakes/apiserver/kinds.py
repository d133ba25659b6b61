"""The kinds that the fake API server has, and how each differs from the others.  Names, no behaviour."""

from typing import Any

from msgspec import Struct

Json = dict[str, Any]


class Kind(Struct, frozen=True):
    """One resource: ``fields`` are those that a field selector may name besides name and namespace."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool = True
    status: bool = False
    """Whether it has the subresource ``status``."""
    generation: bool = False
    """Whether a change beyond metadata and status counts."""
    upserts: bool = False
    """Whether PUT creates what is not there."""
    conditional: bool = False
    """Whether PUT has to name the version that it replaces."""
    short: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    shown_as: str = ""
    """The plural of group ``""`` that this resource is only another view of."""

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """Return the name that messages use, such as ``ingresses.networking.k8s.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_NETWORK, _DISCOVERY, _RBAC = "networking.k8s.io", "discovery.k8s.io", "rbac.authorization.k8s.io"
_ADMISSION, _MONITORING = "admissionregistration.k8s.io", "monitoring.coreos.com"
_ABOUT = ("involvedObject.kind", "involvedObject.name", "involvedObject.namespace", "involvedObject.uid")
_EVENT = (*_ABOUT, "reason", "reportingComponent", "type")
_POD = ("spec.nodeName", "status.phase", "status.podIP")

KINDS = (
    Kind("", "v1", "Namespace", "namespaces", False, True, short=("ns",), fields=("status.phase",)),
    Kind("", "v1", "Node", "nodes", False, True, short=("no",)),
    Kind(
        "", "v1", "Service", "services", status=True, short=("svc",), fields=("spec.clusterIP", "spec.type")
    ),
    Kind("", "v1", "Secret", "secrets", fields=("type",)),
    Kind("", "v1", "ConfigMap", "configmaps", short=("cm",)),
    Kind("", "v1", "Pod", "pods", status=True, short=("po",), fields=_POD),
    Kind("", "v1", "ServiceAccount", "serviceaccounts", short=("sa",)),
    Kind("", "v1", "Event", "events", upserts=True, short=("ev",), fields=_EVENT),
    Kind("events.k8s.io", "v1", "Event", "events", upserts=True, shown_as="events"),
    Kind(_NETWORK, "v1", "Ingress", "ingresses", True, True, True, short=("ing",)),
    Kind(_NETWORK, "v1", "IngressClass", "ingressclasses", False, generation=True),
    Kind(_NETWORK, "v1", "NetworkPolicy", "networkpolicies", generation=True, short=("netpol",)),
    Kind(_DISCOVERY, "v1", "EndpointSlice", "endpointslices", generation=True),
    Kind("coordination.k8s.io", "v1", "Lease", "leases", upserts=True, conditional=True),
    Kind("apps", "v1", "Deployment", "deployments", True, True, True, short=("deploy",)),
    Kind("apps", "v1", "DaemonSet", "daemonsets", True, True, True, short=("ds",)),
    Kind("apps", "v1", "StatefulSet", "statefulsets", True, True, True, short=("sts",)),
    Kind("batch", "v1", "Job", "jobs", True, True, True),
    Kind(
        "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", True, True, short=("hpa",)
    ),
    Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", True, True, True, short=("pdb",)),
    Kind(_RBAC, "v1", "ClusterRole", "clusterroles", False),
    Kind(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", False),
    Kind(_RBAC, "v1", "Role", "roles"),
    Kind(_RBAC, "v1", "RoleBinding", "rolebindings"),
    Kind(
        _ADMISSION,
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        False,
        generation=True,
    ),
    Kind(_MONITORING, "v1", "ServiceMonitor", "servicemonitors", generation=True),
    Kind(_MONITORING, "v1", "PodMonitor", "podmonitors", generation=True),
)

BY_PLURAL = {(one.group, one.version, one.plural): one for one in KINDS}
BY_KIND = {(one.api_version, one.kind): one for one in KINDS}
NAMESPACE, SERVICE, INGRESS = (
    BY_KIND[one] for one in (("v1", "Namespace"), ("v1", "Service"), (f"{_NETWORK}/v1", "Ingress"))
)
CLASS = BY_KIND[f"{_NETWORK}/v1", "IngressClass"]
WEBHOOKS = BY_KIND[f"{_ADMISSION}/v1", "ValidatingWebhookConfiguration"]


def kind_of(found: str | Json) -> Kind:
    """Return the kind of an object, or the first one called so."""
    if isinstance(found, str):
        return next(one for one in KINDS if one.kind == found)
    return BY_KIND[found["apiVersion"], found["kind"]]


def storage_of(kind: Kind) -> Kind:
    """Return the kind as which objects of this one are kept."""
    return BY_PLURAL["", "v1", kind.shown_as] if kind.shown_as else kind
