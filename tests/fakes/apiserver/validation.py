"""What a server refuses of well-shaped objects: the grossest errors of names, Ingresses, Services and slices.

A real server also refuses endpoints on loopback; this one takes them, since the pods of tests are there.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping

from tests.fakes.apiserver.kinds import Json, Kind
from tests.fakes.apiserver.refusals import invalid

Fault = tuple[str, str, str]

ANNOTATIONS = 256 * 1024
"""Bytes that all annotations of an object may have together."""

_REQUIRED, _INVALID, _UNSUPPORTED = "FieldValueRequired", "FieldValueInvalid", "FieldValueNotSupported"
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SERVICE_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_PATH_NAME = re.compile(r"(?!\.\.?$)[^/%]+")
_LABEL_KEY = re.compile(r"([a-z0-9]([-.a-z0-9]*[a-z0-9])?/)?[A-Za-z0-9]([-_.A-Za-z0-9]*[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?")
_NAMED_BY = {"Namespace": (_LABEL, 63), "Service": (_SERVICE_LABEL, 63)}
_UNCLEAR = ("//", "/./", "/../", "%2f", "%2F")
_RFC_1123 = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character"
)


def validate(kind: Kind, found: Json) -> None:
    """Raise the refusal that names everything wrong with an object."""
    faults = [*_metadata(kind, found["metadata"]), *_BY_KIND.get(kind.kind, _nothing)(found)]
    if faults:
        raise invalid(kind, found["metadata"].get("name") or "", faults)


def _metadata(kind: Kind, metadata: Json) -> Iterator[Fault]:
    name = metadata.get("name") or ""
    pattern, length = _NAMED_BY.get(kind.kind, (_SUBDOMAIN, 253))
    if kind.group.startswith("rbac"):
        pattern = _PATH_NAME
    if not name:
        yield "metadata.name", _REQUIRED, "name or generateName is required"
    elif not pattern.fullmatch(name) or len(name) > length:
        yield "metadata.name", _INVALID, f'"{name}": {_RFC_1123}'
    for key, value in (metadata.get("labels") or {}).items():
        if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
            yield "metadata.labels", _INVALID, f'"{key}={value}": a valid label must consist of alphanumerics'
    yield from _annotations(metadata.get("annotations") or {})


def _annotations(found: Mapping[str, str]) -> Iterator[Fault]:
    at = "metadata.annotations"
    for key in found:
        if not _LABEL_KEY.fullmatch(key.lower()):
            yield at, _INVALID, f'"{key}": name part must consist of alphanumeric characters'
    if sum(len(key) + len(value.encode()) for key, value in found.items()) > ANNOTATIONS:
        yield at, _INVALID, f"Too long: may not be more than {ANNOTATIONS} bytes"


def _ingress(found: Json) -> Iterator[Fault]:
    spec = found.get("spec") or {}
    if not spec.get("rules") and spec.get("defaultBackend") is None:
        yield "spec", _INVALID, "null: either `defaultBackend` or `rules` must be specified"
    if spec.get("defaultBackend") is not None:
        yield from _backend(spec["defaultBackend"], "spec.defaultBackend")
    for at, rule in enumerate(spec.get("rules") or ()):
        yield from _rule(rule, f"spec.rules[{at}]")
    for at, entry in enumerate(spec.get("tls") or ()):
        for which, host in enumerate(entry.get("hosts") or ()):
            yield from _host(host, f"spec.tls[{at}].hosts[{which}]")


def _rule(rule: Json, at: str) -> Iterator[Fault]:
    if rule.get("host"):
        yield from _host(rule["host"], f"{at}.host")
    http = rule.get("http")
    if http is None:
        return
    if not http.get("paths"):
        yield f"{at}.http.paths", _REQUIRED, ""
    for number, path in enumerate(http.get("paths") or ()):
        yield from _path(path, f"{at}.http.paths[{number}]")


def _host(host: str, at: str) -> Iterator[Fault]:
    if re.fullmatch(r"[0-9.]+", host):
        yield at, _INVALID, f'"{host}": must be a DNS name, not an IP address'
    elif not _SUBDOMAIN.fullmatch(host.removeprefix("*.")) or len(host) > 253:
        yield at, _INVALID, f'"{host}": {_RFC_1123}'


def _path(path: Json, at: str) -> Iterator[Fault]:
    kind, text = path.get("pathType"), path.get("path") or ""
    if kind is None:
        yield f"{at}.pathType", _REQUIRED, "pathType must be specified"
    elif kind not in ("Exact", "Prefix", "ImplementationSpecific"):
        allowed = 'supported values: "Exact", "ImplementationSpecific", "Prefix"'
        yield f"{at}.pathType", _UNSUPPORTED, f'"{kind}": {allowed}'
    elif (kind != "ImplementationSpecific" or text) and not text.startswith("/"):
        yield f"{at}.path", _INVALID, f'"{text}": must be an absolute path'
    elif kind != "ImplementationSpecific":
        for bad in _UNCLEAR:
            if bad in text:
                yield f"{at}.path", _INVALID, f"\"{text}\": must not contain '{bad}'"
        if text.endswith(("/..", "/.")):
            yield f"{at}.path", _INVALID, f"\"{text}\": cannot end with '{text[text.rindex('/') :]}'"
    yield from _backend(path.get("backend") or {}, f"{at}.backend")


def _backend(backend: Json, at: str) -> Iterator[Fault]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        yield at, _INVALID, '"": cannot set both resource and service backends'
    elif service is None and resource is None:
        yield at, _INVALID, '"": resource or service backend is required'
    elif service is not None:
        yield from _service_backend(service, f"{at}.service")
    elif not (resource or {}).get("name") or not (resource or {}).get("kind"):
        yield f"{at}.resource", _REQUIRED, "kind and name must be specified"


def _service_backend(service: Json, at: str) -> Iterator[Fault]:
    name, port = service.get("name") or "", service.get("port") or {}
    if not name:
        yield f"{at}.name", _REQUIRED, ""
    elif not _SERVICE_LABEL.fullmatch(name):
        yield f"{at}.name", _INVALID, f'"{name}": a DNS-1035 label must start with an alphabetic character'
    if port.get("name") and port.get("number"):
        yield f"{at}.port", _INVALID, '"": cannot set both port name & port number'
    elif not port.get("name") and not port.get("number"):
        yield f"{at}.port", _REQUIRED, "port name or number is required"
    elif port.get("number") and not _is_port(port["number"]):
        yield f"{at}.port.number", _INVALID, f"{port['number']}: must be between 1 and 65535, inclusive"


def _service(found: Json) -> Iterator[Fault]:
    spec = found.get("spec") or {}
    external, headless = spec.get("type") == "ExternalName", spec.get("clusterIP") == "None"
    if external and not spec.get("externalName"):
        yield "spec.externalName", _REQUIRED, ""
    if not external and not headless and not spec.get("ports"):
        yield "spec.ports", _REQUIRED, ""
    names = [port.get("name") for port in spec.get("ports") or ()]
    for at, port in enumerate(spec.get("ports") or ()):
        if not _is_port(port.get("port") or 0):
            yield f"spec.ports[{at}].port", _INVALID, "must be between 1 and 65535, inclusive"
        if len(names) > 1 and not port.get("name"):
            yield f"spec.ports[{at}].name", _REQUIRED, ""


def _endpoint_slice(found: Json) -> Iterator[Fault]:
    if found.get("addressType") not in ("IPv4", "IPv6", "FQDN"):
        yield (
            "addressType",
            _UNSUPPORTED,
            f'"{found.get("addressType") or ""}": supported values: "FQDN", "IPv4", "IPv6"',
        )
    for at, endpoint in enumerate(found.get("endpoints") or ()):
        if not endpoint.get("addresses"):
            yield f"endpoints[{at}].addresses", _REQUIRED, "must contain at least 1 address"


def _secret(found: Json) -> Iterator[Fault]:
    data = found.get("data") or {}
    for key, value in data.items():
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            yield f"data[{key}]", _INVALID, "illegal base64 data"
    if found.get("type") == "kubernetes.io/tls":
        for key in ("tls.crt", "tls.key"):
            if key not in data:
                yield f"data[{key}]", _REQUIRED, ""


def _ingress_class(found: Json) -> Iterator[Fault]:
    controller = (found.get("spec") or {}).get("controller") or ""
    if not controller or "/" not in controller:
        yield "spec.controller", _REQUIRED if not controller else _INVALID, "must be a domain-prefixed path"


def _nothing(_found: Json) -> Iterator[Fault]:
    yield from ()


def _is_port(number: int) -> bool:
    return 1 <= number <= 65535


_BY_KIND: dict[str, Callable[[Json], Iterator[Fault]]] = {
    "EndpointSlice": _endpoint_slice,
    "Ingress": _ingress,
    "IngressClass": _ingress_class,
    "Secret": _secret,
    "Service": _service,
}
