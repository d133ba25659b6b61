"""Which addresses a status gets: those of a Service, those that the operator names, or those of our nodes.

The rules are ingress-nginx's.  Asks the API server; what is written to whom is ``status``' business.
"""

import ipaddress
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from painless.kube.bodies import decoded
from painless.kube.client import Client
from painless.kube.errors import NotFound
from painless.kube.standing import Address, Addresses
from painless.model.snapshot import Name

_OF_ONE_ROLLOUT = frozenset({"pod-template-hash", "controller-revision-hash", "pod-template-generation"})
"""Labels that differ between a Pod and the one that replaces it."""


_ZONE = "topology.kubernetes.io/zone"


class Published(Struct, frozen=True):
    """What the operator wants in statuses; without either of the first two, the nodes."""

    service: Name | None = None
    addresses: tuple[str, ...] = ()
    internal: bool = False


class _LoadBalancer(Struct):
    ingress: tuple[Address, ...] | None = None


class _Condition(Struct):
    type: str = ""
    status: str = ""


class _NodeAddress(Struct):
    type: str = ""
    address: str = ""


class _Status(Struct, rename="camel"):
    phase: str = ""
    conditions: tuple[_Condition, ...] | None = None
    addresses: tuple[_NodeAddress, ...] | None = None
    load_balancer: _LoadBalancer | None = None


class _Metadata(Struct, rename="camel"):
    name: str = ""
    uid: str = ""
    labels: Mapping[str, str] | None = None
    deletion_timestamp: str | None = None


class _Spec(Struct, rename="camel"):
    type: str = ""
    cluster_ip: str = field(name="clusterIP", default="")
    external_name: str = ""
    external_ips: tuple[str, ...] | None = field(name="externalIPs", default=None)
    node_name: str = ""


class _Object(Struct):
    """What a Service, a Pod and a Node have that matters here."""

    metadata: _Metadata = field(default_factory=_Metadata)
    spec: _Spec = field(default_factory=_Spec)
    status: _Status = field(default_factory=_Status)


class _List(Struct):
    items: tuple[_Object, ...] | None = None


def named(text: str) -> Address:
    """Return an address or name as the status has it."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return Address(hostname=text)
    return Address(ip=text)


def of_service(one: _Object) -> Addresses:
    """Return where a Service is found, as ingress-nginx reads it."""
    spec = one.spec
    external = tuple(Address(ip=ip) for ip in spec.external_ips or ())
    own = () if spec.cluster_ip in {"", "None"} else (Address(ip=spec.cluster_ip),)
    match spec.type:
        case "ExternalName":
            return frozenset({Address(hostname=spec.external_name)})
        case "NodePort":
            return frozenset(external or own)
        case "LoadBalancer":
            balancer = one.status.load_balancer
            given = (balancer.ingress if balancer else None) or ()
            # A name beside an address is left out: clients need only one of them.
            return frozenset(
                {Address(ip=at.ip) if at.ip else Address(hostname=at.hostname) for at in given}
                | set(external)
            )
        case _:
            return frozenset(own)


def of_node(one: _Object, *, internal: bool) -> Address | None:
    """Return a node's external address, else its internal one; only the internal one if asked."""
    by_type: dict[str, str] = {}
    for at in one.status.addresses or ():
        if at.address:
            by_type.setdefault(at.type, at.address)
    inside = by_type.get("InternalIP")
    found = inside if internal else by_type.get("ExternalIP", inside)
    return named(found) if found else None


class Surroundings:
    """Our Service, our Pods and their nodes; ``pod`` is the Pod that we run in."""

    def __init__(self, client: Client, pod: Name, published: Published) -> None:
        self._client = client
        self._pod = pod
        self._published = published

    async def addresses(self) -> Addresses:
        """Return what statuses should say; raises ``KubeError``."""
        published = self._published
        if published.addresses:
            return frozenset(named(one) for one in published.addresses)
        if published.service is not None:
            namespace, name = published.service
            return of_service(await self._get(f"/api/v1/namespaces/{namespace}/services/{name}"))
        nodes = {one.spec.node_name for one in await self._pods() if _serves(one)}
        found = [await self._node(name) for name in sorted(nodes)]
        return frozenset(one for one in found if one is not None)

    async def alone(self) -> bool:
        """Whether no other Pod of ours will go on serving when we end."""
        return not [one for one in await self._pods() if one.metadata.name != self._pod[1] and _stays(one)]

    async def zone(self) -> str:
        """Return the zone of our Pod's node, empty when it has none; raises ``KubeError``."""
        node = await self._get(f"/api/v1/nodes/{(await self._me()).spec.node_name}")
        return (node.metadata.labels or {}).get(_ZONE, "")

    async def uid(self) -> str:
        """Return the uid of our Pod, as which Events are told about it."""
        return (await self._me()).metadata.uid

    async def _me(self) -> _Object:
        namespace, name = self._pod
        return await self._get(f"/api/v1/namespaces/{namespace}/pods/{name}")

    async def _pods(self) -> tuple[_Object, ...]:
        """Return the Pods with our labels, also those of an earlier or later rollout."""
        me = await self._me()
        query = {"labelSelector": selector(me.metadata.labels or {})}
        if not query["labelSelector"]:
            return (me,)  # Without labels no Deployment has made it, and everybody would be selected.
        body = await self._client.call("GET", f"/api/v1/namespaces/{self._pod[0]}/pods", query=query)
        return decoded(body, _List).items or ()

    async def _node(self, name: str) -> Address | None:
        try:
            return of_node(await self._get(f"/api/v1/nodes/{name}"), internal=self._published.internal)
        except NotFound:
            return None

    async def _get(self, path: str) -> _Object:
        return decoded(await self._client.call("GET", path), _Object)


def selector(labels: Mapping[str, str]) -> str:
    """Return what selects the Pods of all rollouts of a Pod's Deployment or DaemonSet."""
    kept: Iterable[tuple[str, str]] = (
        (key, value) for key, value in labels.items() if key not in _OF_ONE_ROLLOUT
    )
    return ",".join(f"{key}={value}" for key, value in sorted(kept))


def _serves(one: _Object) -> bool:
    ready = any(it.type == "Ready" and it.status == "True" for it in one.status.conditions or ())
    return one.status.phase == "Running" and ready and bool(one.spec.node_name)


def _stays(one: _Object) -> bool:
    ended = one.status.phase in {"Succeeded", "Failed"}
    return not ended and one.metadata.deletion_timestamp is None
