"""Short ways to say what a test is about: objects and options with sensible defaults."""

from typing import Any

from msgspec import structs

from painless.compiler.options import Options
from painless.model.objects import (
    Ingress,
    IngressClass,
    Object,
    Path,
    PathType,
    Rule,
    Service,
    ServiceBackend,
    ServicePort,
)
from painless.nginx.build import Build
from painless.sensitive import Sensitive

PREFIX = "nginx.ingress.kubernetes.io/"
CLASS = IngressClass("nginx", "k8s.io/ingress-nginx")
OPTIONS = Options(
    build=Build((1, 31, 3), frozenset(), "nginx", "a test"),
    state="/state",
    fallback_certificate=Sensitive(b"fallback"),
)


def options(**changed: Any) -> Options:
    return structs.replace(OPTIONS, **changed)


def service(name: str, namespace: str = "shop", **more: Any) -> Service:
    """A Service with the port 80 named http and pods at 8080."""
    return Service(namespace, name, **{"ports": (ServicePort(80, "http", 8080),), **more})


def path(at: str, to: str, kind: PathType = PathType.PREFIX, port: int | str = 80) -> Path:
    return Path(at, kind, ServiceBackend(to, port))


def ingress(name: str, *rules: Rule, namespace: str = "shop", **more: Any) -> Ingress:
    """An Ingress of our class; ``annotations`` are given without their prefix."""
    annotations = more.pop("annotations", {})
    return Ingress(
        namespace,
        name,
        class_name=more.pop("class_name", "nginx"),
        rules=rules,
        annotations=tuple((PREFIX + key, value) for key, value in sorted(annotations.items())),
        **more,
    )


def rule(host: str, *paths: Path) -> Rule:
    return Rule(host, paths)


def web(name: str = "web", host: str = "web.example", **more: Any) -> tuple[Object, ...]:
    """An Ingress with one host that sends everything to a Service of its name, and both around it."""
    return CLASS, ingress(name, rule(host, path("/", name)), **more), service(name)
