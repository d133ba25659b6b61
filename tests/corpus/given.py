"""What a case's manifests mean: objects, the pods behind them, and what is wrong with them as written.

Manifests stay short: every Service gets one ready pod of its name, unless the case says otherwise.

- ``test/pods: "3"`` on a Service: pods ``web-1`` to ``web-3``; ``"0"``: none.
- ``test/protocol: https`` (or ``grpc``, ``grpcs``, ``fastcgi``) on a Service: what its pods speak.
  Those with ``records`` speak HTTP and remember; those with
  ``mtls`` and ``mtls-grpc`` show a certificate that ``pods`` has signed for pod.internal, and ask for one
  of ``ours``.  Those with ``raw`` and ``udp`` answer with the first bytes they get, as an HTTP answer.
- ``test/certificate: a.example, *.b.example`` on a Secret: it holds a certificate for these names.
- ``test/authority: ours`` on a Secret: it holds that authority; ``test/revoked: ann``: which revoked ann's;
  ``test/client: ann``: it holds a certificate that ``ours`` has signed for ann.
- EndpointSlices of the case's own replace invented ones; each address below 127.0.0.0/24 has a pod, named
  by its ``targetRef`` or else by the address.
"""

import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct
from tests.corpus.authority import Shown, authority, revoked, signed
from tests.corpus.case import Case

from painless.demo.certificate import Pair, self_made
from painless.model.diagnostics import Diagnostic
from painless.model.objects import Endpoint, EndpointPort, EndpointSlice, Object, Service, ServicePort
from painless.syntax.yaml import parse_yaml
from painless.wire import decode_all

NEAR = "127.0.0."
"""Where pods are as far as a case can see; ``stage`` gives each test process addresses of its own."""

PROTOCOLS = ("http", "https", "grpc", "grpcs", "mtls", "mtls-grpc", "raw", "udp", "fastcgi", "records")

_COUNTS = tuple("1234567890")
_FIRST_POD = 101  # Last byte of the first invented pod's address; below are those that a case writes itself.
_NAMED_PORT = 8080  # What a target port that is a name stands for in invented pods.


class Pod(Struct, frozen=True, order=True):
    """Something that listens: where, what it is called and what it speaks."""

    address: str
    port: int
    name: str
    protocol: str


class Given(Struct, frozen=True):
    """The objects of a case in the order they were written, the pods, and what decoding said.

    ``outside`` are the addresses of the names that Services of type ExternalName point to.
    """

    objects: tuple[Object, ...]
    slices: tuple[EndpointSlice, ...]
    pods: tuple[Pod, ...]
    outside: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]


def read_given(case: Case) -> Given:
    """Decode the manifests and invent what they leave out."""
    raws = documents(case)
    decoded = [one for raw in raws for one in decode_all(raw)]
    objects = [one.object for one in decoded if one.object is not None]
    by_hand = [one for one in objects if isinstance(one, EndpointSlice)]
    services = [one for one in objects if isinstance(one, Service)]
    marks = {_name(raw): _marks(raw) for raw in raws if raw.get("kind") == "Service"}
    pods = set(_pods_by_hand(raws, by_hand, marks))
    slices = list(by_hand)
    outside: dict[str, str] = {}
    free = _FIRST_POD
    for service in services:
        mark = marks[service.namespace, service.name]
        pods |= _at_cluster_ip(service, mark)
        if not any((one.namespace, one.service) == (service.namespace, service.name) for one in by_hand):
            found, more = _invented(service, mark, free, int(_checked(case, mark, "pods", _COUNTS)))
            slices += found
            pods |= set(more)
            free += len({pod.address for pod in more})
            if service.external_name and more:
                outside[service.external_name.rstrip(".").lower()] = more[0].address
        _checked(case, mark, "protocol", PROTOCOLS)
    diagnostics = tuple(one for each in decoded for one in each.diagnostics)
    return Given((*_others(objects), *slices), tuple(slices), tuple(sorted(pods)), outside, diagnostics)


def _others(objects: Iterable[Object]) -> tuple[Object, ...]:
    return tuple(one for one in objects if not isinstance(one, EndpointSlice))


def documents(case: Case) -> list[dict[str, Any]]:
    section = case.sections["manifests"]
    parsed = parse_yaml(section.text.encode())
    for fault in parsed.faults:
        case.bad(section.line + fault.line - 1, fault.says)
    found: list[dict[str, Any]] = []
    for document in parsed.documents:
        if not isinstance(document.value, dict):
            case.bad(
                section.line + document.line - 1, f"found {document.value!r}, expected a Kubernetes object"
            )
        found.append(_with_certificate(document.value))
    return found


def _with_certificate(raw: dict[str, Any]) -> dict[str, Any]:
    marks = _marks(raw) if raw.get("kind") == "Secret" else {}
    made: dict[str, str] = {}
    if names := marks.get("certificate"):
        pair = certificate_for(names)
        made |= {"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()}
    if name := marks.get("client"):
        certificate, key = signed(Shown(name, "ours"))
        made |= {"tls.crt": certificate.decode(), "tls.key": key.decode()}
    if names := marks.get("authority"):
        made["ca.crt"] = "".join(authority(name.strip()).pem for name in names.split(","))
    if name := marks.get("revoked"):
        made["ca.crl"] = revoked(Shown(name, marks.get("authority", "")))
    return {**raw, "stringData": {**made, **raw.get("stringData", {})}} if made else raw


@lru_cache(maxsize=256)  # Keys cost time, and equal names may share one.
def certificate_for(names: str) -> Pair:
    """Return a certificate for comma separated names, the same one for the whole session."""
    now = datetime.fromtimestamp(time.time(), UTC)
    return self_made([name.strip() for name in names.split(",")], now)


def _name(raw: Mapping[str, Any]) -> tuple[str, str]:
    metadata = raw.get("metadata") or {}
    return metadata.get("namespace") or "default", metadata.get("name") or ""


def _marks(raw: Mapping[str, Any]) -> dict[str, str]:
    annotations = (raw.get("metadata") or {}).get("annotations") or {}
    return {key.removeprefix("test/"): str(value) for key, value in annotations.items() if "test/" in key}


def _checked(case: Case, mark: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    found = mark.get(name, allowed[0])
    if found not in allowed:
        line = case.sections["manifests"].line
        case.bad(line, f'found test/{name}: "{found}", expected one of {", ".join(allowed)}')
    return found


def _protocol(mark: Mapping[str, str]) -> str:
    return mark.get("protocol", PROTOCOLS[0])


def _pods_by_hand(
    raws: Iterable[Mapping[str, Any]],
    slices: Iterable[EndpointSlice],
    marks: Mapping[tuple[str, str], Mapping[str, str]],
) -> Iterable[Pod]:
    called = {
        address: (endpoint.get("targetRef") or {}).get("name")
        for raw in raws
        if raw.get("kind") == "EndpointSlice"
        for endpoint in raw.get("endpoints") or ()
        for address in endpoint.get("addresses") or ()
    }
    for one in slices:
        protocol = _protocol(marks.get((one.namespace, one.service), {}))
        for address in (address for endpoint in one.endpoints for address in endpoint.addresses):
            if address.startswith(NEAR):
                yield from (
                    Pod(address, port.port, called.get(address) or address, protocol) for port in one.ports
                )


def _at_cluster_ip(service: Service, mark: Mapping[str, str]) -> set[Pod]:
    """Return what listens at the Service's own address, as kube-proxy would have it."""
    if not service.cluster_ip.startswith(NEAR):
        return set()
    name = f"{service.name}-cluster-ip"
    return {Pod(service.cluster_ip, one.port, name, _protocol(mark)) for one in service.ports}


def _invented(
    service: Service, mark: Mapping[str, str], free: int, count: int
) -> tuple[list[EndpointSlice], list[Pod]]:
    if not count or not service.ports:
        return [], []
    names = [service.name] if count == 1 else [f"{service.name}-{at}" for at in range(1, count + 1)]
    places = {name: f"{NEAR}{free + at}" for at, name in enumerate(names)}
    ports = tuple(EndpointPort(one.name, _number(one)) for one in service.ports)
    pods = [
        Pod(address, number, name, _protocol(mark))
        for name, address in places.items()
        for number in {port.port for port in ports}
    ]
    if service.type == "ExternalName":
        return [], pods
    endpoints = tuple(Endpoint((address,)) for address in places.values())
    name = f"{service.name}-invented"
    return [EndpointSlice(service.namespace, name, service.name, "IPv4", ports, endpoints)], pods


def _number(port: ServicePort) -> int:
    return port.target_or_port if isinstance(port.target_or_port, int) else _NAMED_PORT
