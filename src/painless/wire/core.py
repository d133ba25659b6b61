"""Service, EndpointSlice, Secret and ConfigMap: what backends, certificates and settings are read from."""

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from painless.model.diagnostics import Reason
from painless.model.objects import (
    ConfigMap,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Secret,
    Service,
    ServicePort,
)
from painless.sensitive import Sensitive
from painless.wire import names
from painless.wire.meta import Metadata, not_text, part, quote
from painless.wire.report import Report
from painless.wire.shared import shared

SERVICE_LABEL = "kubernetes.io/service-name"
"""The label of an EndpointSlice that names its Service."""

_TYPES = ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName")
_PROTOCOLS = ("TCP", "UDP", "SCTP")
_VERSIONS = {"IPv4": 4, "IPv6": 6}


class _ServicePort(Struct, frozen=True, rename="camel"):
    port: int | None = None
    name: str | None = None
    target_port: int | str | None = None
    protocol: str | None = None


class _ServiceSpec(Struct, frozen=True, rename="camel"):
    type: str | None = None
    cluster_ip: str | None = field(name="clusterIP", default=None)
    external_name: str | None = None
    ports: list[Any] | None = None


class _Conditions(Struct, frozen=True):
    ready: bool | None = None


class _Zone(Struct, frozen=True):
    name: str = ""


class _Hints(Struct, frozen=True, rename="camel"):
    for_zones: tuple[_Zone, ...] | None = None


class _Endpoint(Struct, frozen=True):
    addresses: list[Any] | None = None
    conditions: _Conditions | None = None
    hints: _Hints | None = None


class _EndpointPort(Struct, frozen=True):
    name: str | None = None
    port: int | None = None
    protocol: str | None = None


class _Slice(Struct, frozen=True, rename="camel"):
    address_type: str | None = None
    endpoints: list[Any] | None = None
    ports: list[Any] | None = None


class _Secret(Struct, frozen=True, rename="camel"):
    type: str | None = None
    data: dict[str, Any] | None = None
    string_data: dict[str, Any] | None = None


class _ConfigMap(Struct, frozen=True):
    data: dict[str, Any] | None = None


def service(raw: Mapping[str, Any], _metadata: Metadata, report: Report) -> Service | None:
    """Decode a Service, without the ports and addresses that are wrong."""
    spec = report.shaped(part(raw, "spec"), _ServiceSpec, "spec", needed=True)
    if spec is None:
        return None
    if spec.type and spec.type not in _TYPES:
        report.rejected("spec.type", f"found {report.found(spec.type)}, expected {', '.join(_TYPES)}")
        return None
    return Service(
        namespace=report.ref.namespace,
        name=report.ref.name,
        type=shared(spec.type or "ClusterIP"),
        cluster_ip=shared(_cluster_ip(spec.cluster_ip or "", report)),
        external_name=_external_name(spec.external_name or "", report),
        ports=shared(tuple(_service_ports(spec.ports, report))),
    )


def _cluster_ip(text: str, report: Report) -> str:
    if text in ("", "None"):
        return text
    address = names.ip_of(text, 4) or names.ip_of(text, 6)
    if address is None:
        report.error("spec.clusterIP", f"found {report.found(text)}, expected an IP address or None")
    return address or ""


def _external_name(text: str, report: Report) -> str:
    if text and not names.is_subdomain(text.removesuffix(".")):
        report.error("spec.externalName", f"found {report.found(text)}, expected {names.SUBDOMAIN}")
        return ""
    return text


def _service_ports(raws: list[Any] | None, report: Report) -> Iterator[ServicePort]:
    for at, one in report.each(raws, _ServicePort, "spec.ports"):
        name, target = one.name or "", one.target_port or 0
        if (
            _port_is_fine(one.port, f"{at}.port", report)
            and _port_label_is_fine(name, f"{at}.name", report)
            and _target_is_fine(target, f"{at}.targetPort", report)
            and _protocol_is_fine(one.protocol, f"{at}.protocol", report)
        ):
            yield ServicePort(one.port or 0, name, target, one.protocol or "TCP")


def _port_is_fine(port: int | None, at: str, report: Report) -> bool:
    fine = names.is_port(port)
    if not fine:
        report.error(at, f"found {report.found(port)}, expected {names.PORT}")
    return fine


def _port_label_is_fine(name: str, at: str, report: Report) -> bool:
    fine = not name or names.is_label(name)
    if not fine:
        report.error(at, f"found {report.found(name)}, expected {names.LABEL}")
    return fine


def _target_is_fine(target: int | str, at: str, report: Report) -> bool:
    if isinstance(target, int):
        return not target or _port_is_fine(target, at, report)
    fine = names.is_port_name(target)
    if not fine:
        hint = "a number goes without quotes" if target.isdecimal() else ""
        report.error(at, f"found {report.found(target)}, expected a number, or {names.PORT_NAME}", hint=hint)
    return fine


def _protocol_is_fine(protocol: str | None, at: str, report: Report) -> bool:
    fine = not protocol or protocol in _PROTOCOLS
    if not fine:
        report.error(at, f"found {report.found(protocol)}, expected {', '.join(_PROTOCOLS)}")
    return fine


def endpoint_slice(raw: Mapping[str, Any], metadata: Metadata, report: Report) -> EndpointSlice | None:
    """Decode an EndpointSlice, without the addresses that are none."""
    shape = report.shaped(raw, _Slice, "", needed=True)
    if shape is None:
        return None
    version = _VERSIONS.get(shape.address_type or "")
    if version is None:
        found = report.found(shape.address_type)
        report.rejected("addressType", f"found {found}, expected {' or '.join(_VERSIONS)}")
        return None
    return EndpointSlice(
        namespace=report.ref.namespace,
        name=report.ref.name,
        service=shared(_service_of(metadata, report)),
        address_type=shared(shape.address_type or ""),
        ports=shared(tuple(_endpoint_ports(shape.ports, report))),
        endpoints=tuple(_endpoints(shape.endpoints, version, report)),
    )


def _service_of(metadata: Metadata, report: Report) -> str:
    """Return whose endpoints these are; a slice may belong to no Service."""
    name = (metadata.labels or {}).get(SERVICE_LABEL)
    if name is None or (isinstance(name, str) and names.is_label(name)):
        return name or ""
    report.error(f"metadata.labels[{SERVICE_LABEL}]", f"found {report.found(name)}, expected {names.LABEL}")
    return ""


def _endpoint_ports(raws: list[Any] | None, report: Report) -> Iterator[EndpointPort]:
    for at, one in report.each(raws, _EndpointPort, "ports"):
        name = one.name or ""
        if (
            _port_is_fine(one.port, f"{at}.port", report)
            and _port_label_is_fine(name, f"{at}.name", report)
            and _protocol_is_fine(one.protocol, f"{at}.protocol", report)
        ):
            yield EndpointPort(name, one.port or 0, one.protocol or "TCP")


def _endpoints(raws: list[Any] | None, version: int, report: Report) -> Iterator[Endpoint]:
    for at, one in report.each(raws, _Endpoint, "endpoints"):
        addresses = tuple(_addresses(one.addresses, version, f"{at}.addresses", report))
        # A condition that nobody has set means ready, as the API says.
        ready = one.conditions is None or one.conditions.ready is not False
        zones = (one.hints and one.hints.for_zones) or ()
        if addresses:
            yield Endpoint(addresses, ready, tuple(zone.name for zone in zones))


def _addresses(raws: list[Any] | None, version: int, under: str, report: Report) -> Iterator[str]:
    for at, text in report.each(raws, str, under):
        address = names.ip_of(text, version)
        if address is None:
            report.error(at, f"found {report.found(text)}, expected an IPv{version} address")
        else:
            yield address


def secret(raw: Mapping[str, Any], _metadata: Metadata, report: Report) -> Secret | None:
    """Decode a Secret, without the values that are wrong; ``stringData`` wins, as on the API server."""
    shape = report.shaped(raw, _Secret, "", needed=True)
    if shape is None:
        return None
    values: dict[str, Sensitive] = {}
    for at, key, text in _texts(shape.data, "data", report):
        try:
            values[key] = Sensitive(base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True))
        except (binascii.Error, ValueError):
            hint = "stringData takes text as it is"
            report.error(at, "found text that is not base64, expected base64", hint=hint)
    for at, key, text in _texts(shape.string_data, "stringData", report):
        try:
            values[key] = Sensitive(text.encode())
        except UnicodeEncodeError:
            report.error(at, "found half of a character, expected Unicode text")
    kind = shape.type or "Opaque"
    return Secret(report.ref.namespace, report.ref.name, kind, tuple(sorted(values.items(), key=_by_key)))


def _by_key(item: tuple[str, Sensitive]) -> str:
    return item[0]


def configmap(raw: Mapping[str, Any], _metadata: Metadata, report: Report) -> ConfigMap | None:
    """Decode a ConfigMap, without the values that are not text."""
    shape = report.shaped(raw, _ConfigMap, "", needed=True)
    if shape is None:
        return None
    texts = _texts(shape.data, "data", report, Reason.INVALID_CONFIG_VALUE)
    return ConfigMap(
        report.ref.namespace, report.ref.name, tuple(sorted((key, text) for _, key, text in texts))
    )


def _texts(
    raw: dict[str, Any] | None, under: str, report: Report, reason: Reason = Reason.INVALID_OBJECT
) -> Iterator[tuple[str, str, str]]:
    """Yield path, key and text of each value; ``null`` is the empty text, as on the API server."""
    for key, value in (raw or {}).items():
        at = f"{under}[{names.printable(key, names.SUBDOMAIN_LIMIT)}]"
        if not names.is_data_key(key):
            report.error(at, f"the key is not allowed, expected {names.DATA_KEY}", reason)
        elif value is not None and not isinstance(value, str):
            report.error(at, not_text(value, report), reason, quote(value))
        else:
            yield at, key, value or ""
