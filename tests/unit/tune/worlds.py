"""Measurements and objects that tests of advice begin with."""

from math import inf
from typing import Any

from msgspec import structs

from painless.advice.histogram import Histogram
from painless.tune import numbers
from painless.tune.advice import Report, Told, World
from painless.tune.advise import advise
from painless.tune.measured import Measured, Number, Traffic
from painless.tune.objects import objects

DAY = 86400.0
ENDS = (0.01, 0.1, 1.0, 5.0, 10.0, inf)
CONFIGMAP = ("ingress", "painless")
REF = ("shop", "web")


def fast(count: float = 10_000) -> Histogram:
    """Times of which all are below a hundredth of a second."""
    return Histogram(ENDS, (count,) * len(ENDS))


def slow(seconds: float, count: float = 10_000) -> Histogram:
    """Times that all fall into the bucket which ends there."""
    return Histogram(ENDS, tuple(count if end >= seconds else 0 for end in ENDS))


def traffic(**more: Any) -> Traffic:
    usual = {
        "ref": REF,
        "requests": 10_000,
        "rate": 10.0,
        "connect": fast(),
        "header": fast(),
        "whole": fast(),
    }
    return Traffic(**{**usual, **more})


USUAL = {
    numbers.NEW: 100.0,
    numbers.OPENED: 50.0,
    numbers.LIMIT: 4096,
    numbers.LONGEST: 3,
    numbers.DROPS: 0,
    numbers.SLOTS: 8000,
    numbers.LOW: 32768,
    numbers.HIGH: 60999,
    numbers.PORTS: 0.1,
    numbers.TRACKED: 5000,
    numbers.TRACKABLE: 262_144,
    numbers.FILES: 200,
    numbers.MOST_FILES: 65_536,
    numbers.WORKERS: 2,
    numbers.RELOADS: 4,
    numbers.MEMORY: 200 << 20,
    numbers.MOST_MEMORY: 1 << 30,
    numbers.GENERATION: 40 << 20,
    numbers.PERIODS: 10_000,
    numbers.THROTTLED: 10,
}


def measured(*some: Traffic, numbers_: dict[str, float] = USUAL, **more: Any) -> Measured:
    found = {name: Number(value, "a metric") for name, value in numbers_.items()}
    return Measured(source="a test", seconds=DAY, traffic=some, numbers=found, **more)


def reported(measured: Measured, *trees: object, config: dict[str, str] | None = None, **told: Any) -> Report:
    """Return the report on a world, whose ConfigMap says this."""
    configmap = {"kind": "ConfigMap", "metadata": meta(CONFIGMAP), "data": config or {}}
    return advise(
        World(measured, objects([*trees, configmap]), structs.replace(Told(configmap=CONFIGMAP), **told))
    )


def meta(ref: tuple[str, str]) -> dict[str, Any]:
    return {"namespace": ref[0], "name": ref[1]}


def deployment(
    ref: tuple[str, str] = CONFIGMAP, image: str = "painless-controller:1", **pod: Any
) -> dict[str, Any]:
    containers = [{"name": "main", "image": image, **pod.pop("container", {})}]
    spec = {"template": {"spec": {"containers": containers, **pod}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(ref), "spec": spec}


def autoscaler(**spec: Any) -> dict[str, Any]:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    usual = {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 20}
    status = spec.pop("status", {})
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(REF),
        "spec": {**usual, **spec},
        "status": status,
    }
