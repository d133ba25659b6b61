"""Ingress and IngressClass: hosts, paths and backends, under Kubernetes' own rules of validation."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from painless.model.diagnostics import Reason
from painless.model.objects import (
    Backend,
    Ingress,
    IngressClass,
    IngressTls,
    Path,
    PathType,
    ResourceBackend,
    Rule,
    ServiceBackend,
)
from painless.wire import names
from painless.wire.meta import Metadata, annotations_of, created_of, part
from painless.wire.report import Report
from painless.wire.shared import shared

# Kubernetes refuses these in Exact and Prefix paths, which are compared as text after normalisation.
_UNCLEAR = ("//", "/./", "/../", "%2f", "%2F")
_UNCLEAR_ENDS = ("/..", "/.")
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


class _Spec(Struct, frozen=True, rename="camel"):
    ingress_class_name: str | None = None
    default_backend: Any = None
    rules: list[Any] | None = None
    tls: list[Any] | None = None


class _Http(Struct, frozen=True):
    paths: list[Any] | None = None


class _Rule(Struct, frozen=True):
    host: str | None = None
    http: _Http | None = None


class _Path(Struct, frozen=True, rename="camel"):
    path: str | None = None
    path_type: str | None = None
    backend: Any = None


class _Port(Struct, frozen=True):
    name: str | None = None
    number: int | None = None


class _Service(Struct, frozen=True):
    name: str | None = None
    port: _Port | None = None


class _Resource(Struct, frozen=True):
    kind: str | None = None
    name: str | None = None


class _Backend(Struct, frozen=True, rename="camel"):
    service: _Service | None = None
    resource: _Resource | None = None
    service_name: Any = None


class _Tls(Struct, frozen=True, rename="camel"):
    hosts: list[Any] | None = None
    secret_name: str | None = None


class _ClassSpec(Struct, frozen=True):
    controller: str | None = None


def ingress(raw: Mapping[str, Any], metadata: Metadata, report: Report) -> Ingress | None:
    """Decode an Ingress, without the rules, paths and certificates that are wrong."""
    spec = report.shaped(part(raw, "spec"), _Spec, "spec", needed=True)
    if spec is None:
        return None
    if spec.ingress_class_name and not names.is_subdomain(spec.ingress_class_name):
        found = report.found(spec.ingress_class_name)
        report.rejected("spec.ingressClassName", f"found {found}, expected {names.SUBDOMAIN}")
        return None
    if spec.default_backend is None and not spec.rules:
        report.error("spec", "found neither rules nor defaultBackend, expected at least one of them")
    return Ingress(
        namespace=report.ref.namespace,
        name=report.ref.name,
        created=created_of(metadata, report),
        annotations=annotations_of(metadata, report),
        class_name=shared(spec.ingress_class_name),
        default_backend=_default(spec.default_backend, report),
        rules=tuple(_rules(spec.rules, report)),
        tls=tuple(_tls(spec.tls, report)),
    )


def ingress_class(raw: Mapping[str, Any], _metadata: Metadata, report: Report) -> IngressClass | None:
    """Decode an IngressClass; one without a controller serves nobody, as Kubernetes has it."""
    spec = report.shaped(part(raw, "spec"), _ClassSpec, "spec", needed=True)
    return None if spec is None else IngressClass(report.ref.name, spec.controller or "")


def _default(raw: object, report: Report) -> Backend | None:
    return None if raw is None else _backend(raw, "spec.defaultBackend", report)


def _rules(raws: list[Any] | None, report: Report) -> Iterator[Rule]:
    for at, rule in report.each(raws, _Rule, "spec.rules"):
        host = rule.host or ""
        if _host_is_fine(host, f"{at}.host", report):
            raw_paths = rule.http.paths if rule.http else None
            yield Rule(shared(host), tuple(_paths(raw_paths, f"{at}.http.paths", report)))


def _host_is_fine(host: str, at: str, report: Report) -> bool:
    fault = names.host_fault(host) if host else None
    if fault is not None:
        report.error(at, f"found {report.found(host)}, {fault}", Reason.INVALID_HOST)
    return fault is None


def _paths(raws: list[Any] | None, under: str, report: Report) -> Iterator[Path]:
    for at, path in report.each(raws, _Path, under):
        path_type = _path_type(path.path_type, f"{at}.pathType", report)
        if path_type is None or not _path_is_fine(path.path or "", path_type, f"{at}.path", report):
            continue
        backend = _backend(path.backend, f"{at}.backend", report)
        if backend is not None:
            yield Path(shared(path.path or ""), path_type, backend)


def _path_type(name: str | None, at: str, report: Report) -> PathType | None:
    """Return the path's type; one left out is left to us, as ingress-nginx has it."""
    if not name:
        return PathType.IMPLEMENTATION_SPECIFIC
    try:
        return PathType(name)
    except ValueError:
        report.error(at, f"found {report.found(name)}, expected {', '.join(PathType)}", Reason.INVALID_PATH)
        return None


def _path_is_fine(path: str, path_type: PathType, at: str, report: Report) -> bool:
    fault = _path_fault(path, path_type)
    if fault is not None:
        report.error(at, f"found {report.found(path)}, {fault}", Reason.INVALID_PATH)
    return fault is None


def _path_fault(path: str, path_type: PathType) -> str | None:
    if _CONTROL.search(path):
        return "expected no control characters"
    specific = path_type is PathType.IMPLEMENTATION_SPECIFIC
    if not path.startswith("/") and not (specific and not path):
        return "expected it to begin with a slash"
    if specific:
        return None
    unclear = next((one for one in _UNCLEAR if one in path), None)
    if unclear is not None:
        return f"expected a path of type {path_type} to be without {unclear}"
    ending = next((one for one in _UNCLEAR_ENDS if path.endswith(one)), None)
    return None if ending is None else f"expected a path of type {path_type} not to end with {ending}"


def _backend(raw: object, at: str, report: Report) -> Backend | None:
    """Return the one backend that is meant; the path or default falls with it."""
    backend = report.shaped(raw if raw is not None else {}, _Backend, at)
    if backend is None:
        return None
    if backend.service and not backend.resource:
        return _service(backend.service, f"{at}.service", report)
    if backend.resource and not backend.service:
        kind, name = backend.resource.kind or "", backend.resource.name or ""
        return ResourceBackend(names.printable(kind), names.printable(name))
    old = backend.service_name is not None
    hint = (
        "networking.k8s.io/v1 has service.name and service.port.number in place of serviceName" if old else ""
    )
    found = "both service and resource" if backend.service else "neither service nor resource"
    report.error(at, f"found {found}, expected one of them", hint=hint)
    return None


def _service(service: _Service, at: str, report: Report) -> ServiceBackend | None:
    if not service.name or not names.is_label(service.name):
        report.error(f"{at}.name", f"found {report.found(service.name)}, expected {names.LABEL}")
        return None
    port = _port(service.port or _Port(), f"{at}.port", report)
    return None if port is None else shared(ServiceBackend(shared(service.name), port))


def _port(port: _Port, at: str, report: Report) -> int | str | None:
    """Return the number or the name; zero and the empty name count as left out, as in Kubernetes."""
    match port.number or None, port.name or None:
        case (None, None):
            report.error(at, "found neither name nor number, expected one of them")
        case (int(number), None) if names.is_port(number):
            return number
        case (int(), None):
            says = f"found {report.found(port.number)}, expected {names.PORT}"
            report.error(f"{at}.number", says)
        case (None, str(name)) if names.is_port_name(name):
            return name
        case (None, _):
            report.error(f"{at}.name", f"found {report.found(port.name)}, expected {names.PORT_NAME}")
        case _:
            report.error(at, "found both name and number, expected one of them")
    return None


def _tls(raws: list[Any] | None, report: Report) -> Iterator[IngressTls]:
    for at, tls in report.each(raws, _Tls, "spec.tls"):
        if tls.secret_name and not names.is_subdomain(tls.secret_name):
            found = report.found(tls.secret_name)
            report.error(f"{at}.secretName", f"found {found}, expected {names.SUBDOMAIN}")
            continue
        hosts = tuple(
            shared(host)
            for where, host in report.each(tls.hosts, str, f"{at}.hosts")
            if _host_is_fine(host, where, report)
        )
        # An entry without hosts means others than its author named, so it goes with the last of them.
        if hosts or not tls.hosts:
            yield IngressTls(hosts, tls.secret_name or "")
