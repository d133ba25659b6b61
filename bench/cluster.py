"""A cluster of any size: for each host one Ingress of three paths, and one Service or three with their pods.

The same applications as objects (for the compiler alone) and as manifests (for the whole program).  A quarter
of the Ingresses have annotations and a quarter ask for TLS, about as clusters do.
"""

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import structs

from painless.features.own_server import OWN_SERVER
from painless.model.objects import (
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Ingress,
    IngressClass,
    IngressTls,
    Object,
    PathType,
    Rule,
    Service,
    ServiceBackend,
    ServicePort,
)
from painless.model.objects import (
    Path as IngressPath,
)

CLASS = "nginx"
CONTROLLER = "k8s.io/ingress-nginx"
PREFIX = "nginx.ingress.kubernetes.io/"
PATHS = ("/", "/api", "/static")
PORT = 8080
TEAMS = 50  # Namespaces.
ANNOTATIONS = {f"{PREFIX}proxy-body-size": "8m", f"{PREFIX}proxy-read-timeout": "120"}
EVERY = 4  # Each fourth Ingress has annotations, the one after it TLS.

Manifest = dict[str, Any]


class Layout(StrEnum):
    """How many Services an application has: NGINX pays for upstreams, and so does whoever resolves them."""

    HOST = "one Service for each host"
    PATH = "one Service for each path"


def host(number: int) -> str:
    return f"app-{number}.bench.example"


def team(number: int) -> str:
    """Return the namespace of an application."""
    return f"team-{number % TEAMS}"


def services(number: int, layout: Layout = Layout.HOST) -> tuple[str, ...]:
    """Return the Services of one application, each once."""
    name = f"app-{number}"
    return (name,) if layout is Layout.HOST else tuple(f"{name}-{at}" for at, _ in enumerate(PATHS))


def backends(number: int, layout: Layout = Layout.HOST) -> tuple[str, ...]:
    """Return the Service of each path."""
    found = services(number, layout)
    return found if len(found) == len(PATHS) else found * len(PATHS)


def objects(count: int, layout: Layout = Layout.HOST) -> Iterator[Object]:
    """Yield a class and ``count`` applications."""
    yield IngressClass(CLASS, CONTROLLER)
    for number in range(count):
        yield from application(number, layout)


def alone(some: Iterable[Object]) -> tuple[Object, ...]:
    """Return the objects with Ingresses that ask for server blocks of their own."""
    asked = ((OWN_SERVER.name, "true"),)
    return tuple(
        structs.replace(one, annotations=(*one.annotations, *asked)) if isinstance(one, Ingress) else one
        for one in some
    )


def application(number: int, layout: Layout = Layout.HOST) -> tuple[Object, ...]:
    namespace, name = team(number), f"app-{number}"
    paths = tuple(
        IngressPath(path, PathType.PREFIX, ServiceBackend(service, 80))
        for path, service in zip(PATHS, backends(number, layout), strict=True)
    )
    address = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    pods = tuple(endpoint_slice(namespace, service, address) for service in services(number, layout))
    return (
        *(Service(one.namespace, one.service, ports=(ServicePort(80, "http", PORT),)) for one in pods),
        *pods,
        Ingress(
            namespace,
            name,
            created=float(number),
            class_name=CLASS,
            annotations=tuple(ANNOTATIONS.items()) if number % EVERY == 0 else (),
            rules=(Rule(host(number), paths),),
            tls=(IngressTls((host(number),), ""),) if number % EVERY == 1 else (),
        ),
    )


def endpoint_slice(namespace: str, service: str, *addresses: str) -> EndpointSlice:
    ports = (EndpointPort("http", PORT),)
    ready = tuple(Endpoint((one,)) for one in addresses)
    return EndpointSlice(namespace, f"{service}-1", service, ports=ports, endpoints=ready)


def ingress_class() -> Manifest:
    return _manifest("networking.k8s.io/v1", "IngressClass", "", CLASS, spec={"controller": CONTROLLER})


def manifests(
    number: int, addresses: Iterable[str], port: int = PORT, layout: Layout = Layout.HOST
) -> list[Manifest]:
    """Return the manifests of one application, with pods at these addresses."""
    namespace, name = team(number), f"app-{number}"
    pods, each = tuple(addresses), services(number, layout)
    return [
        *(service(namespace, one, port) for one in each),
        *(endpoints(namespace, one, pods, port) for one in each),
        ingress(namespace, name, number, backends(number, layout)),
    ]


def ingress(namespace: str, name: str, number: int, of: tuple[str, ...]) -> Manifest:
    """Return the Ingress of host ``number``; ``of`` are the Services of its paths."""
    paths = [
        {"path": path, "pathType": "Prefix", "backend": {"service": {"name": one, "port": {"number": 80}}}}
        for path, one in zip(PATHS, of, strict=True)
    ]
    spec: Manifest = {"ingressClassName": CLASS, "rules": [{"host": host(number), "http": {"paths": paths}}]}
    if number % EVERY == 1:
        spec["tls"] = [{"hosts": [host(number)]}]
    made = _manifest("networking.k8s.io/v1", "Ingress", namespace, name, spec=spec)
    if number % EVERY == 0:
        made["metadata"]["annotations"] = ANNOTATIONS
    return made


def service(namespace: str, name: str, port: int) -> Manifest:
    ports = [{"name": "http", "port": 80, "targetPort": port}]
    return _manifest("v1", "Service", namespace, name, spec={"clusterIP": "None", "ports": ports})


def endpoints(namespace: str, service_name: str, addresses: Iterable[str], port: int) -> Manifest:
    made = _manifest(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        namespace,
        f"{service_name}-1",
        addressType="IPv4",
        ports=[{"name": "http", "port": port, "protocol": "TCP"}],
        endpoints=[{"addresses": [one], "conditions": {"ready": True}} for one in addresses],
    )
    made["metadata"]["labels"] = {"kubernetes.io/service-name": service_name}
    return made


def put(folder: Path, name: str, some: Iterable[Manifest]) -> None:
    """Write one file in one move: readers see the one before or all of this one."""
    half = folder / f".{name}.json"
    half.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": list(some)}))
    half.replace(folder / f"{name}.json")


def _manifest(version: str, kind: str, namespace: str, name: str, **rest: object) -> Manifest:
    meta = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **rest}
