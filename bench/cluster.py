"""A cluster of any size: for each host one Ingress of three paths, one Service and its one pod.

The same applications as objects (for the compiler alone) and as manifests (for the whole program).  A quarter
of the Ingresses have annotations and a quarter ask for TLS, about as clusters do.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

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


def host(number: int) -> str:
    return f"app-{number}.bench.example"


def objects(count: int) -> Iterator[Object]:
    """Yield a class and ``count`` applications."""
    yield IngressClass(CLASS, CONTROLLER)
    for number in range(count):
        yield from application(number)


def application(number: int) -> tuple[Object, ...]:
    namespace, name = f"team-{number % TEAMS}", f"app-{number}"
    backend = ServiceBackend(name, 80)
    paths = tuple(IngressPath(path, PathType.PREFIX, backend) for path in PATHS)
    return (
        Service(namespace, name, ports=(ServicePort(80, "http", PORT),)),
        EndpointSlice(
            namespace,
            f"{name}-1",
            name,
            ports=(EndpointPort("http", PORT),),
            endpoints=(Endpoint((f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",)),),
        ),
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


def ingress_class() -> Manifest:
    return _manifest("networking.k8s.io/v1", "IngressClass", "", CLASS, spec={"controller": CONTROLLER})


def manifests(number: int, addresses: Iterable[str], port: int = PORT) -> list[Manifest]:
    """Return the manifests of one application, with pods at these addresses."""
    namespace, name = f"team-{number % TEAMS}", f"app-{number}"
    return [
        service(namespace, name, port),
        endpoints(namespace, name, addresses, port),
        ingress(namespace, name, number),
    ]


def ingress(namespace: str, name: str, number: int, suffix: str = "") -> Manifest:
    """Return the Ingress of host ``number`` that Service ``name`` answers."""
    backend = {"service": {"name": name, "port": {"number": 80}}}
    paths = [{"path": path, "pathType": "Prefix", "backend": backend} for path in PATHS]
    spec: Manifest = {"ingressClassName": CLASS, "rules": [{"host": host(number), "http": {"paths": paths}}]}
    if number % EVERY == 1:
        spec["tls"] = [{"hosts": [host(number)]}]
    made = _manifest("networking.k8s.io/v1", "Ingress", namespace, name + suffix, spec=spec)
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
