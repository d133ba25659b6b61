"""Ingresses as checks ask them: classes, rules, backends, annotations, and the environment they are for."""

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from painless.doctor.parts import Part

PREFIX = "nginx.ingress.kubernetes.io/"
CLASS = "kubernetes.io/ingress.class"
DEFAULT_CLASS = "ingressclass.kubernetes.io/is-default-class"
SERVICE = "kubernetes.io/service-name"
"""The label of an EndpointSlice that names its Service."""

_PRODUCTION = frozenset({"prod", "production", "prd", "live"})
_OTHERS = frozenset(
    {
        *("staging", "stage", "stg", "dev", "develop", "development", "test", "testing", "qa", "uat"),
        *("sandbox", "preprod", "preview", "demo"),
    }
)
_LABELS = ("environment", "env", "stage", "app.kubernetes.io/environment")


class Route(Struct, frozen=True, eq=False):
    """One path of a rule."""

    ingress: Part
    host: str
    path: Part
    """The item of ``paths``."""

    @property
    def text(self) -> str:
        return self.path["path"].text or "/"

    @property
    def type(self) -> str:
        return self.path["pathType"].text or "ImplementationSpecific"

    @property
    def service(self) -> Part:
        return self.path["backend"]["service"]

    @property
    def name(self) -> str:
        return f"{self.host or '*'}{self.text}"


def routes(ingress: Part) -> Iterator[Route]:
    """Yield every path of an Ingress."""
    for rule in ingress.at("spec.rules").each():
        for path in rule.at("http.paths").each():
            yield Route(ingress, rule["host"].text, path)


def services(ingress: Part) -> Iterator[Part]:
    """Yield every backend that is a Service."""
    for one in (ingress.at("spec.defaultBackend.service"), *(each.service for each in routes(ingress))):
        if one["name"].text:
            yield one


def class_of(ingress: Part) -> Part:
    """Return where an Ingress names its class; an empty part when it names none."""
    field = ingress.at("spec.ingressClassName")
    return field if field.text or not ingress.annotation(CLASS).text else ingress.annotation(CLASS)


def setting(ingress: Part, name: str) -> Part:
    """Return an annotation by its name without prefix."""
    return ingress.annotation(PREFIX + name)


def settings(ingress: Part) -> Iterator[tuple[str, Part]]:
    """Yield the annotations with our prefix, by name."""
    for key, part in ingress.at("metadata.annotations").items():
        if key.startswith(PREFIX):
            yield key.removeprefix(PREFIX), part


def by_class(ingresses: Iterable[Part]) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for one in ingresses:
        found.setdefault(class_of(one).text, []).append(one)
    return found


def is_canary(ingress: Part) -> bool:
    return setting(ingress, "canary").text == "true"


def is_regex(ingress: Part) -> bool:
    """Whether ingress-nginx reads its paths as expressions."""
    return setting(ingress, "use-regex").text == "true" or bool(setting(ingress, "rewrite-target").text)


def production(namespace: str, namespaces: Mapping[tuple[str, str], Part]) -> bool | None:
    """Return whether a namespace is for production, by its labels or its name; ``None`` if neither says."""
    found = namespaces.get(("", namespace))
    labels = found.labels if found else {}
    words = [labels[key] for key in _LABELS if key in labels] or re.split(r"[-_.]", namespace)
    said = {word.lower() for word in words}
    # A "prod-test" is a test.
    return False if said & _OTHERS else True if said & _PRODUCTION else None


def covered(host: str, names: Iterable[str]) -> bool:
    """Whether one of these names of a certificate stands for a host."""
    above = host.partition(".")[2]
    return any(one.lower() in {host, f"*.{above}"} for one in names)


def slices_of(slices: Iterable[Part]) -> dict[tuple[str, str], list[Part]]:
    """Return EndpointSlices by the namespace and name of their Service."""
    found: dict[tuple[str, str], list[Part]] = {}
    for one in slices:
        if name := one.labels.get(SERVICE):
            found.setdefault((one.ref.namespace, name), []).append(one)
    return found


def ready(slices: Iterable[Part]) -> int:
    """Return how many addresses take traffic: a condition that nobody has set means ready."""
    return len(
        {
            address
            for one in slices
            for endpoint in one["endpoints"].each()
            if endpoint.at("conditions.ready").value is not False
            for address in endpoint["addresses"].words
        }
    )
