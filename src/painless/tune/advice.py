"""Advice as values: what is now, what was measured, what should be, why, and what to paste.

What was not measured is said, with how to; nothing is advised in its place.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from painless.tune.measured import Measured, Ref
from painless.tune.objects import Objects


class Setting(Struct, frozen=True, tag="ConfigMap"):
    """A key of the global ConfigMap."""

    key: str
    value: str


class Annotation(Struct, frozen=True, tag="Ingress"):
    """An annotation of an Ingress, with its prefix."""

    ref: Ref
    key: str
    value: str


class Sysctl(Struct, frozen=True, tag="sysctl"):
    """A sysctl of the Pod, or of the node; a Pod may set a ``safe`` one without the kubelet's leave."""

    name: str
    value: str
    node: bool = False
    safe: bool = False


class Patch(Struct, frozen=True, tag="patch"):
    """A merge patch of an object; patches of the same object are put together."""

    kind: str
    ref: Ref
    tree: Mapping[str, Any]


Paste = Setting | Annotation | Sysctl | Patch


class Advice(Struct, frozen=True, kw_only=True):
    """One setting.  Without a ``paste`` it is good as it is, or ``advised`` is for people to do."""

    id: str
    about: str
    now: str
    measured: str
    advised: str
    why: str
    effect: str = ""
    risk: str = ""
    change: bool = True
    paste: tuple[Paste, ...] = ()


class Missing(Struct, frozen=True, order=True):
    """What nothing can be said of, and how to measure it."""

    id: str
    about: str
    how: str


class Report(Struct, frozen=True, kw_only=True):
    """All advice: what should change, what is good, and what was not measured."""

    source: str
    seconds: float | None
    changes: tuple[Advice, ...] = ()
    good: tuple[Advice, ...] = ()
    missing: tuple[Missing, ...] = ()


class Told(Struct, frozen=True, kw_only=True):
    """What nothing can measure, and people know; all times are seconds.

    ``client`` is how long clients wait in all, ``balancer`` how long the load balancer in front leaves a
    connection idle, ``application`` how long applications do.  With ``flows`` it forwards packets and takes
    no connection out of a pool.
    """

    client: float | None = None
    balancer: float | None = None
    flows: bool = False
    application: float | None = None
    configmap: Ref | None = None
    prefix: str = "nginx.ingress.kubernetes.io"


class Now(Struct, frozen=True):
    """A setting as it is: its seconds, if it is a time, and the same for people."""

    seconds: float | None
    says: str


class World(Struct, frozen=True):
    """All that advice is made of."""

    measured: Measured
    objects: Objects
    told: Told = Told()

    def setting(self, key: str, default: float) -> Now:
        """Return a key of the ConfigMap that is a time."""
        where = self.told.configmap
        data = self.objects.configmaps.get(where) if where else None
        if data is None:
            return Now(default, f"{default:g} s (the default; --configmap names none that was read)")
        if key not in data:
            return Now(default, f"{default:g} s (the default)")
        return _now(data[key], f"ConfigMap {where[0]}/{where[1]}" if where else "")

    def annotation(self, of: Ref, key: str, default: float) -> Now:
        """Return a time of an Ingress: its annotation, or what is so for all."""
        for one in self.objects.ingresses:
            if one.ref == of and (found := one.annotations.get(f"{self.told.prefix}/{key}")) is not None:
                return _now(found, "its annotation")
        return self.setting(key, default)


_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _now(text: str, where: str) -> Now:
    number = text.strip()
    unit = next((one for one in ("ms", "s", "m", "h", "d") if number.endswith(one)), "")
    digits = number.removesuffix(unit)
    seconds = int(digits) * _UNITS[unit or "s"] if digits.isascii() and digits.isdecimal() else None
    return Now(seconds, f'"{text}" ({where})')


def span(seconds: float) -> str:
    """Return a time for people: milliseconds below a second."""
    return f"{seconds * 1000:.0f} ms" if 0 < seconds < 1 else f"{seconds:g} s"
