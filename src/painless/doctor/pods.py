"""What runs Pods, as checks ask it: containers, probes, quantities, and which of it is an ingress controller.

Has Kubernetes' defaults for what a manifest leaves out.
"""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from painless.doctor.parts import Part
from painless.migrate.workload import find
from painless.model.objects import ObjectRef

GRACE = 30  # Seconds: terminationGracePeriodSeconds, where nobody says.
INGRESS_NGINX = "ingress-nginx/controller"
"""In the image of every ingress-nginx."""

_QUANTITY = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)(m|k|Ki|M|Mi|G|Gi|T|Ti|)")
_UNITS = {
    "m": 0.001,
    "": 1,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 1 << 10,
    "Mi": 1 << 20,
    "Gi": 1 << 30,
    "Ti": 1 << 40,
}


class Probe(Struct, frozen=True, eq=False):
    """A probe: where it goes, and its times in seconds."""

    part: Part
    failures: int
    period: int
    timeout: int
    delay: int

    @property
    def patience(self) -> int:
        """How long it has to fail before something happens."""
        return self.failures * self.period


class Controller(Struct, frozen=True, eq=False):
    """An ingress controller: its workload, its container, the one that has NGINX, and its flags."""

    workload: Part
    container: Part
    proxy: Part
    flags: Mapping[str, str]
    image: str

    @property
    def theirs(self) -> bool:
        """Whether it is ingress-nginx."""
        return INGRESS_NGINX in self.image


def pod(workload: Part) -> Part:
    return workload.at("spec.template.spec")


def containers(workload: Part) -> list[Part]:
    return list(pod(workload)["containers"].each())


def labels(workload: Part) -> dict[str, str]:
    """Return the labels of its Pods."""
    return workload.at("spec.template").labels


def controllers(workloads: Iterable[Part]) -> Iterator[Controller]:
    """Yield the ingress controllers among workloads: ours, and ingress-nginx."""
    for one in workloads:
        for found in find([{**one.value, "kind": one.ref.kind}]):
            its = containers(one)
            container = next((each for each in its if each["image"].text == found.image), None)
            if container is not None:
                yield Controller(one, container, _proxy(its, container), found.flags, found.image)


def _proxy(its: list[Part], container: Part) -> Part:
    """Return the container that has the ports of clients."""
    serving = [one for one in its if any(port["name"].text == "http" for port in one["ports"].each())]
    return serving[0] if serving else container


def behind(service: Part, workloads: Iterable[Part]) -> list[Part]:
    """Return the workloads whose Pods a Service selects."""
    wanted = {key: one.text for key, one in service.at("spec.selector").items()}
    same = (one for one in workloads if one.ref.namespace == service.ref.namespace)
    return [one for one in same if wanted and labels(one).items() >= wanted.items()]


def probe(container: Part, name: str) -> Probe | None:
    """Return a probe of a container, such as ``livenessProbe``, with the defaults of what it leaves out."""
    part = container[name]
    if not part.there:
        return None
    failures, period, timeout = (
        part[field].number or default
        for field, default in (("failureThreshold", 3), ("periodSeconds", 10), ("timeoutSeconds", 1))
    )
    return Probe(part, failures, period, timeout, part["initialDelaySeconds"].number or 0)


def target(container: Part, probe: Probe) -> int | None:
    """Return the port that a probe asks, by number."""
    for how in ("httpGet", "tcpSocket", "grpc"):
        port = probe.part[how]["port"]
        if port.number is not None:
            return port.number
        if port.text:
            return next(
                (
                    one["containerPort"].number
                    for one in container["ports"].each()
                    if one["name"].text == port.text
                ),
                None,
            )
    return None


def data_ports(one: Controller) -> frozenset[int]:
    """Return the ports on which clients are served."""
    flags = [one.flags.get(name, default) for name, default in (("http-port", "80"), ("https-port", "443"))]
    return frozenset(int(port) for port in flags if port.isdecimal() and len(port) <= 5)


def pause(container: Part) -> int:
    """Return the seconds that its preStop hook sleeps, as far as it says so."""
    hook = container.at("lifecycle.preStop")
    if (seconds := hook.at("sleep.seconds").number) is not None:
        return seconds
    found = re.search(r"\bsleep[ =](\d{1,5})\b", " ".join(hook.at("exec.command").words))
    return int(found[1]) if found else 0


def quantity(part: Part) -> float | None:
    """Return a quantity such as ``100m`` or ``90Mi`` as a number."""
    if isinstance(part.value, (int, float)) and not isinstance(part.value, bool):
        return float(part.value)
    found = _QUANTITY.fullmatch(part.text)
    return float(found[1]) * _UNITS[found[2]] if found else None


def replicas(workload: Part) -> int | None:
    """Return how many Pods are wanted; ``None`` for a DaemonSet, or where nobody says."""
    return None if workload.ref.kind == "DaemonSet" else workload.at("spec.replicas").number


def patch(ref: ObjectRef, change: Mapping[str, Any]) -> str:
    """Return the command that changes an object."""
    return command(ref, "patch", "-p", json.dumps(change, separators=(",", ":")))


def command(ref: ObjectRef, verb: str, *words: str) -> str:
    """Return a command of kubectl on an object, fit for a shell whatever the object's name is."""
    within = ("-n", ref.namespace) if ref.namespace else ()
    return shlex.join(("kubectl", *within, *verb.split(), f"{ref.kind.lower()}/{ref.name}", *words))


def in_pod(change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch of a workload that changes its Pods."""
    return {"spec": {"template": {"spec": change}}}


def in_container(container: Part, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return the patch of a workload that changes one container."""
    return in_pod({"containers": [{"name": container["name"].text, **change}]})


def annotate(ref: ObjectRef, key: str, value: str | None) -> str:
    """Return the command that sets an annotation, or removes it."""
    return command(ref, "annotate", "--overwrite", f"{key}-" if value is None else f"{key}={value}")
