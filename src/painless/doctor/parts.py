"""Objects of Kubernetes as checks ask them: a tree, walked by names, each part knowing where it stands.

Any tree: what is not there, or is of another shape than the API has, is an empty part, never an error.
Where the trees come from is ``manifests``' and ``cluster``'s business, what they mean that of the checks.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from painless.doctor.check import Evidence
from painless.model.objects import ObjectRef
from painless.wire.meta import ref_of
from painless.wire.names import printable

CLUSTER_WIDE = frozenset(
    (
        *("Namespace", "Node", "IngressClass", "ClusterRole", "ClusterRoleBinding"),
        "ValidatingWebhookConfiguration",
    )
)
"""The kinds without a namespace, of those that are looked at."""


class Part(Struct, frozen=True, eq=False):
    """A part of an object: its value, whose it is, its field, and the file it was read from, if it was."""

    value: Any
    ref: ObjectRef
    field: str = ""
    file: str = ""

    def __getitem__(self, key: str) -> "Part":
        """Return the part of this name, which may be empty."""
        found = self.value.get(key) if isinstance(self.value, Mapping) else None
        name = f"[{printable(key)}]" if "." in key or "/" in key else f".{key}"
        return Part(found, self.ref, (self.field + name).removeprefix("."), self.file)

    def at(self, path: str) -> "Part":
        """Return the part at a path such as ``spec.template.spec``."""
        part = self
        for key in path.split("."):
            part = part[key]
        return part

    def each(self) -> Iterator["Part"]:
        """Yield the items of a list."""
        for place, one in enumerate(self.value if isinstance(self.value, list) else ()):
            yield Part(one, self.ref, f"{self.field}[{place}]", self.file)

    def items(self) -> Iterator[tuple[str, "Part"]]:
        """Yield the entries of a map."""
        for key in self.value if isinstance(self.value, Mapping) else ():
            yield str(key), self[key]

    @property
    def there(self) -> bool:
        return self.value is not None

    @property
    def true(self) -> bool:
        return self.value is True

    @property
    def text(self) -> str:
        """The value if it is text, else nothing."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int | None:
        """The value if it is a whole number, as such or in quotes."""
        if isinstance(self.value, int) and not isinstance(self.value, bool):
            return self.value
        text = self.text
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None

    @property
    def words(self) -> tuple[str, ...]:
        """The texts of a list."""
        return tuple(one.text for one in self.each() if one.text)

    @property
    def where(self) -> str:
        return f"{self.ref} ({self.file})" if self.file else str(self.ref)

    @property
    def seen(self) -> Evidence:
        """The value as evidence."""
        return Evidence(f"{self.field}: {_shown(self.value)}", self.where)

    @property
    def labels(self) -> dict[str, str]:
        """The labels of an object or of a template."""
        return {key: one.text for key, one in self.at("metadata.labels").items()}

    def annotation(self, key: str) -> "Part":
        return self.at("metadata.annotations")[key]


def part_of(tree: Mapping[str, Any], file: str = "") -> Part:
    """Return an object as a part; of a kind nobody names it is an ``Object``."""
    kind = tree.get("kind")
    kind = kind if isinstance(kind, str) and kind else "Object"
    return Part(tree, ref_of(kind, tree, namespaced=kind not in CLUSTER_WIDE), "", file)


def selects(selector: Part, labels: Mapping[str, str]) -> bool:
    """Whether a selector of a workload or a budget matches; an empty one matches everything."""
    wanted = {key: one.text for key, one in selector["matchLabels"].items()}
    return labels.items() >= wanted.items() and all(
        _expression(one, labels) for one in selector["matchExpressions"].each()
    )


def _expression(one: Part, labels: Mapping[str, str]) -> bool:
    found = labels.get(one["key"].text)
    match one["operator"].text:
        case "In":
            return found in one["values"].words
        case "NotIn":
            return found not in one["values"].words
        case "Exists":
            return found is not None
        case "DoesNotExist":
            return found is None
        case _:
            return False


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return printable(value)
        case Mapping() | list():
            return printable(repr(value))
        case _:
            return printable(str(value)[:60])
