"""The chart, rendered by Helm's own engine, as objects."""

import base64
import importlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

helm: Any
try:
    helm = importlib.import_module("helm_python")
except ImportError:  # No wheel for this machine.
    helm = None

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "chart"
NAMESPACE = "ingress"
WITHOUT_HELM = "Helm's engine has no wheel for this machine"

Object = dict[str, Any]


class Rendered:
    """What Helm would send to the API server, and what it would say to the operator."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.notes = next(text for name, text in texts.items() if name.endswith("NOTES.txt"))
        self.objects = tuple(_objects(texts))

    def all(self, kind: str) -> list[Object]:
        return [one for one in self.objects if one["kind"] == kind]

    def one(self, kind: str, name: str = "") -> Object:
        """The object of a kind whose name ends so; there has to be exactly one."""
        (found,) = (one for one in self.all(kind) if one["metadata"]["name"].endswith(name))
        return found

    def pod(self, name: str = "") -> Object:
        """The spec of the controllers' Pods."""
        kinds = ("Deployment", "DaemonSet")
        (found,) = (one for kind in kinds for one in self.all(kind) if one["metadata"]["name"].endswith(name))
        spec: Object = found["spec"]["template"]["spec"]
        return spec

    def container(self, name: str, pod: str = "") -> Object:
        found: Object
        (found,) = (one for one in self.pod(pod)["containers"] if one["name"] == name)
        return found

    def flags(self, pod: str = "") -> dict[str, str]:
        """The arguments of ``painless serve``."""
        return flags_of(self.container("controller", pod)["args"])


def render(values: Mapping[str, Any] | None = None, *, name: str = "painless") -> Rendered:
    """Render the chart as ``helm install NAME`` would, without asking a cluster."""
    with helm.Chart.load(str(CHART)) as chart:
        chart.validate_schema(dict(values or {}))
        return Rendered(chart.render(dict(values or {}), name=name, namespace=NAMESPACE))


def flags_of(arguments: list[str]) -> dict[str, str]:
    assert arguments[0] == "serve"
    split = (one.removeprefix("--").partition("=") for one in arguments[1:])
    return {flag: value for flag, _, value in split}


def decoded(secret: Object, key: str) -> bytes:
    return base64.b64decode(secret["data"][key])


def _objects(texts: Mapping[str, str]) -> Iterator[Object]:
    for name, text in sorted(texts.items()):
        if name.endswith(".yaml"):
            yield from filter(None, yaml.safe_load_all(text))
