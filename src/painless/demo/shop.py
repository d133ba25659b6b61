"""The manifests of a small shop of three hosts, and the pods behind them as the cluster would tell it.

``shop.localhost`` has TLS and redirects to it, ``api.localhost`` has a canary, ``chat.localhost`` is for
WebSockets.  The manifests are what a user of ingress-nginx would write; only the addresses are unusual,
since the pods are processes on loopback.
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from painless.demo.certificate import Pair, self_made

NAMESPACE = "shop"
CONFIGMAP = f"{NAMESPACE}/painless"
CLASS = "nginx"  # ingress-nginx's default, so that the manifests serve under either controller
CONTROLLER = "k8s.io/ingress-nginx"
PREFIX = "nginx.ingress.kubernetes.io/"

SHOP, API, CHAT = "shop.localhost", "api.localhost", "chat.localhost"
WEB, API_STABLE, API_CANARY, CHATTER = "web", "api", "api-canary", "chat"
SERVICES = (WEB, API_STABLE, API_CANARY, CHATTER)
CANARY_WEIGHT = 20  # percent: far enough from 0 and from 50 that a few hundred requests tell it from both

Manifest = dict[str, Any]


class Pod(Struct, frozen=True, order=True):
    """One pod of a Service."""

    name: str
    address: str


class Shop:
    """The shop's folder of manifests; its pods all listen on ``port``, each at an address of its own."""

    def __init__(self, folder: Path, port: int, now: datetime) -> None:
        self.folder = folder
        self.services = SERVICES
        self.port = port
        self.pair: Pair = self_made([SHOP], now)
        self._pods: dict[str, dict[str, Pod]] = {service: {} for service in SERVICES}

    def write(self) -> None:
        """Write every manifest; the Services have the pods added so far."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, manifests in self._files().items():
            self._put(name, manifests)
        for service in SERVICES:
            self._put_slice(service)

    def pods(self, service: str) -> tuple[Pod, ...]:
        return tuple(self._pods[service].values())

    def add(self, service: str, pod: Pod) -> None:
        """Have a pod join its Service: one file is written, as the cluster would change one slice."""
        self._pods[service][pod.name] = pod
        self._put_slice(service)

    def remove(self, service: str, name: str) -> None:
        """Have a pod leave its Service; it must go on answering until NGINX has heard of it."""
        del self._pods[service][name]
        self._put_slice(service)

    def _files(self) -> Mapping[str, tuple[Manifest, ...]]:
        return {
            "cluster": (_class(), _configmap()),
            "services": tuple(_service(name, self.port) for name in SERVICES),
            "shop": (_shop_ingress(), _secret("shop-tls", self.pair)),
            "api": (_ingress("api", {}, API, API_STABLE),),
            "api-canary": (_ingress("api-canary", _canary(), API, API_CANARY),),
            "chat": (_ingress("chat", {"proxy-read-timeout": "3600"}, CHAT, CHATTER),),
        }

    def _put_slice(self, service: str) -> None:
        if self.folder.is_dir():
            self._put(f"pods-{service}", (_slice(service, self.port, self.pods(service)),))

    def _put(self, name: str, manifests: tuple[Manifest, ...]) -> None:
        # Readers see the old file or the whole new one: the half-written one is hidden from them.
        half = self.folder / f".{name}.yaml"
        half.write_text(yaml.safe_dump_all(manifests, sort_keys=False), encoding="utf-8")
        half.replace(self.folder / f"{name}.yaml")


def _object(version: str, kind: str, name: str, **rest: object) -> Manifest:
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": meta, **rest}


def _class() -> Manifest:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "IngressClass",
        "metadata": {"name": CLASS},
        "spec": {"controller": CONTROLLER},
    }


def _configmap() -> Manifest:
    # The demo's ports are not 80 and 443, so redirects have to name them.
    _, name = CONFIGMAP.split("/")
    return _object("v1", "ConfigMap", name, data={"use-port-in-redirects": "true"})


def _service(name: str, port: int) -> Manifest:
    ports = [{"name": "http", "port": 80, "targetPort": port}]
    return _object("v1", "Service", name, spec={"clusterIP": "None", "ports": ports})


def _ingress(name: str, annotations: Mapping[str, str], host: str, service: str) -> Manifest:
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec: Manifest = {"ingressClassName": CLASS, "rules": [{"host": host, "http": {"paths": paths}}]}
    made = _object("networking.k8s.io/v1", "Ingress", name, spec=spec)
    if annotations:
        made["metadata"]["annotations"] = {PREFIX + key: value for key, value in annotations.items()}
    return made


def _shop_ingress() -> Manifest:
    # TLS alone brings the redirect, as it does in ingress-nginx.
    made = _ingress("shop", {}, SHOP, WEB)
    made["spec"]["tls"] = [{"hosts": [SHOP], "secretName": "shop-tls"}]
    return made


def _canary() -> Mapping[str, str]:
    return {"canary": "true", "canary-weight": str(CANARY_WEIGHT)}


def _secret(name: str, pair: Pair) -> Manifest:
    data = {"tls.crt": _base64(pair.certificate), "tls.key": _base64(pair.key)}
    return _object("v1", "Secret", name, type="kubernetes.io/tls", data=data)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _slice(service: str, port: int, pods: Iterable[Pod]) -> Manifest:
    made = _object(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{service}-1",
        addressType="IPv4",
        ports=[{"name": "http", "port": port, "protocol": "TCP"}],
        endpoints=[{"addresses": [pod.address], "conditions": {"ready": True}} for pod in sorted(pods)],
    )
    made["metadata"]["labels"] = {"kubernetes.io/service-name": service}
    return made
