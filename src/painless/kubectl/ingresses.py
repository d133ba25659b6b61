"""The paths of Ingresses as rows: what is served where, from which Service, and by how many endpoints."""

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from painless.kubectl.calls import Object, at, some
from painless.kubectl.pods import name_of

EVERYBODY = "*"


class Row(Struct, frozen=True):
    """One path of one Ingress."""

    namespace: str
    ingress: str
    where: str
    addresses: str
    tls: str
    service: str
    port: str
    endpoints: str


HEAD = Row(
    "NAMESPACE", "INGRESS NAME", "HOST+PATH", "ADDRESSES", "TLS", "SERVICE", "SERVICE PORT", "ENDPOINTS"
)


def rows(ingresses: Iterable[Object], slices: Iterable[Object], host: str = "") -> tuple[Row, ...]:
    """Return a row for each path, of one host if it is named."""
    ready = _ready(slices)
    found = [row for one in ingresses for row in _of_ingress(one, ready, host)]
    return tuple(sorted(found, key=lambda row: (row.namespace, row.ingress)))


def table(shown: Iterable[Row], *, namespaces: bool) -> Iterator[str]:
    """Yield the lines of a table, its columns as wide as they have to be."""
    lines = [
        tuple(getattr(row, name) for name in Row.__struct_fields__[not namespaces :])
        for row in (HEAD, *shown)
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _ready(slices: Iterable[Object]) -> Counter[tuple[str, str]]:
    """Count the addresses that are ready, by namespace and name of the Service."""
    seen = {
        (_namespace(one), str(at(one, "metadata", "labels", "kubernetes.io/service-name") or ""), address)
        for one in slices
        for endpoint in some(one, "endpoints")
        if at(endpoint, "conditions", "ready") is not False
        for address in some(endpoint, "addresses")
    }
    return Counter((namespace, service) for namespace, service, _ in seen)


def _of_ingress(one: Object, ready: Counter[tuple[str, str]], host: str) -> Iterator[Row]:
    addresses = ",".join(
        str(at(each, "ip") or at(each, "hostname")) for each in some(one, "status", "loadBalancer", "ingress")
    )
    tls = {str(name) for each in some(one, "spec", "tls") for name in some(each, "hosts")}
    for name, path, backend in _paths(one):
        if host and name != host:
            continue
        service = str(at(backend, "service", "name") or "")
        port = at(backend, "service", "port", "number") or at(backend, "service", "port", "name") or ""
        yield Row(
            _namespace(one),
            name_of(one),
            f"{name or EVERYBODY}{path}",
            addresses,
            "YES" if name in tls else "NO",
            service,
            str(port),
            str(ready[_namespace(one), service]),
        )


def _paths(one: Object) -> Iterator[tuple[str, str, object]]:
    default = at(one, "spec", "defaultBackend")
    if default is not None:
        yield "", "", default
    for rule in some(one, "spec", "rules"):
        for path in some(rule, "http", "paths"):
            yield str(at(rule, "host") or ""), str(at(path, "path") or "/"), at(path, "backend")


def _namespace(one: Object) -> str:
    return str(at(one, "metadata", "namespace") or "")
