"""Looks into trees of builtin values, as YAML and JSON have them; what is of another kind is absent."""

from collections.abc import Iterator, Mapping
from typing import Any

from painless.tune.measured import Ref

_NOTHING: Mapping[str, Any] = {}


def at(tree: object, *path: str) -> object:
    """Return what is at a path of keys; ``None`` when a part of it is missing."""
    for key in path:
        tree = mapping(tree).get(key)
    return tree


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _NOTHING


def listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return text; numbers and booleans as they would have been written."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""


def number(value: object, otherwise: float) -> float:
    """Return a number that is none less than zero."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return float(value) if usable and isinstance(value, int | float) else otherwise


def ref(tree: Mapping[str, Any]) -> Ref:
    """Return namespace and name; without a namespace it is ``default``."""
    return text(at(tree, "metadata", "namespace")) or "default", text(at(tree, "metadata", "name"))


def labels_of(tree: Mapping[str, Any]) -> dict[str, str]:
    return {key: text(value) for key, value in mapping(at(tree, "metadata", "labels")).items()}


def items(tree: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a tree, which is one of them or a list."""
    if not isinstance(tree, Mapping):
        return
    inner = tree.get("items")
    if not isinstance(inner, list):
        yield tree
        return
    # The API server leaves the kind out of the items of a list.
    kind = text(tree.get("kind")).removesuffix("List")
    for one in inner:
        if isinstance(one, Mapping):
            yield {**({"kind": kind} if kind else {}), **one}
