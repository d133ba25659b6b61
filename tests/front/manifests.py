"""A folder of manifests that tests rewrite, one object a file, the way a cluster would change them."""

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from painless.demo.certificate import Pair

NAMESPACE = "shop"
CLASS = "nginx"
PREFIX = "nginx.ingress.kubernetes.io/"

Manifest = dict[str, Any]


class Folder:
    """The source of a controller; each object is in a file of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        spec = {"controller": "k8s.io/ingress-nginx"}
        self._put({**_object("networking.k8s.io/v1", "IngressClass", CLASS), "spec": spec})

    def ingress(
        self,
        name: str,
        host: str,
        service: str,
        *,
        annotations: Mapping[str, str] = {},
        tls: str = "",
        path: str = "/",
    ) -> None:
        """Have ``host`` served by port 80 of a Service; ``tls`` names a Secret."""
        backend = {"service": {"name": service, "port": {"number": 80}}}
        kind = "Prefix" if path == "/" else "ImplementationSpecific"
        paths = [{"path": path, "pathType": kind, "backend": backend}]
        spec: Manifest = {"ingressClassName": CLASS, "rules": [{"host": host, "http": {"paths": paths}}]}
        if tls:
            spec["tls"] = [{"hosts": [host], "secretName": tls}]
        made = _object("networking.k8s.io/v1", "Ingress", name, spec=spec)
        made["metadata"]["annotations"] = {
            key if "/" in key else PREFIX + key: value for key, value in annotations.items()
        }
        self._put(made)

    def service(self, name: str, target: int) -> None:
        ports = [{"name": "main", "port": 80, "targetPort": target}]
        self._put(_object("v1", "Service", name, spec={"clusterIP": "None", "ports": ports}))

    def endpoints(self, service: str, port: int, addresses: Iterable[str]) -> None:
        some = tuple(addresses)
        made = _object(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            service,
            addressType="IPv6" if any(":" in one for one in some) else "IPv4",
            ports=[{"name": "main", "port": port, "protocol": "TCP"}],
            endpoints=[{"addresses": [one], "conditions": {"ready": True}} for one in some],
        )
        made["metadata"]["labels"] = {"kubernetes.io/service-name": service}
        self._put(made)

    def certificate(self, name: str, pair: Pair) -> None:
        data = {"tls.crt": _base64(pair.certificate), "tls.key": _base64(pair.key)}
        self._put(_object("v1", "Secret", name, type="kubernetes.io/tls", data=data))

    def passwords(self, name: str, lines: str) -> None:
        self._put(_object("v1", "Secret", name, type="Opaque", data={"auth": _base64(lines.encode())}))

    def configmap(self, name: str, data: Mapping[str, str]) -> None:
        self._put(_object("v1", "ConfigMap", name, data=dict(data)))

    def file(self, kind: str, name: str) -> Path:
        """Return where an object's manifest is."""
        return self.path / f"{kind}-{name}.yaml".lower()

    def _put(self, made: Manifest) -> None:
        path = self.file(made["kind"], made["metadata"]["name"])
        # Readers see the old file or the whole new one: the half-written one is hidden from them.
        half = path.with_name(f".{path.name}")
        half.write_text(yaml.dump(made, Dumper=yaml.CSafeDumper, sort_keys=False))
        half.replace(path)


def _object(version: str, kind: str, name: str, **rest: object) -> Manifest:
    metadata = {"name": name} if kind == "IngressClass" else {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
