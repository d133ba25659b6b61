"""Label and field selectors: text in, a test of objects out."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fakes.apiserver.kinds import Json, Kind
from tests.fakes.apiserver.refusals import bad_request

Test = Callable[[Json], bool]

_SETS = re.compile(r"^(\S+)\s+(in|notin)\s+\(([^)]*)\)$")
_EQUAL = re.compile(r"^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$")
_THERE = re.compile(r"^(!?)\s*([^=!\s,()]+)$")


def everything(_found: Json) -> bool:
    return True


def selected(kind: Kind, query: Mapping[str, str]) -> Test:
    """Return the test that a request's selectors mean."""
    tests = [*_labels(query.get("labelSelector", "")), *_fields(kind, query.get("fieldSelector", ""))]
    if not tests:
        return everything
    return lambda found: all(test(found) for test in tests)


def matches(selector: Json | None, labels: Mapping[str, str]) -> bool:
    """Return whether labels fulfil a selector that is an object, as webhooks have them."""
    selector = selector or {}
    if not (selector.get("matchLabels") or {}).items() <= labels.items():
        return False
    return all(
        _holds(labels, one["key"], one["operator"].lower(), set(one.get("values") or ()))
        for one in selector.get("matchExpressions") or ()
    )


def value_at(found: Json, path: str) -> Any:
    """Return what is at a dotted path, ``""`` for nothing."""
    here: Any = found
    for part in path.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return "" if here is None else here


def _labels(text: str) -> list[Test]:
    return [_label(one.strip()) for one in re.split(r",(?![^(]*\))", text) if one.strip()]


def _label(text: str) -> Test:
    key, operator, values = _requirement(text)
    return lambda found: _holds((found.get("metadata") or {}).get("labels") or {}, key, operator, values)


def _requirement(text: str) -> tuple[str, str, set[str]]:
    if hit := _SETS.match(text):
        return hit[1], hit[2], {one.strip() for one in hit[3].split(",")}
    if hit := _EQUAL.match(text):
        return hit[1], "notin" if hit[2] == "!=" else "in", {hit[3]}
    if hit := _THERE.match(text):
        return hit[2], "doesnotexist" if hit[1] else "exists", set()
    raise bad_request(f'unable to parse requirement: found "{text}", expected: label selector')


def _holds(labels: Mapping[str, str], key: str, operator: str, values: set[str]) -> bool:
    match operator:
        case "in":
            return key in labels and labels[key] in values
        case "notin":
            return labels.get(key) not in values
        case "exists":
            return key in labels
        case _:
            return key not in labels


def _fields(kind: Kind, text: str) -> list[Test]:
    return [_field(kind, one.strip()) for one in text.split(",") if one.strip()]


def _field(kind: Kind, text: str) -> Test:
    hit = _EQUAL.match(text)
    if hit is None:
        raise bad_request(f"invalid selector: '{text}'; can't understand '{text}'")
    path, operator, value = hit[1], hit[2], hit[3]
    if path not in ("metadata.name", "metadata.namespace", *kind.fields):
        raise bad_request(f"field label not supported: {path}")
    return lambda found: (str(value_at(found, path)) == value) != (operator == "!=")
