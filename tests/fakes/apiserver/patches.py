"""The four ways to change a part of an object: merge, JSON and strategic merge patch, and apply.

Apply is a strategic merge that may create; it records its manager but takes nothing away from others and
removes no field that the manager stopped to name.
"""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tests.fakes.apiserver.kinds import Json
from tests.fakes.apiserver.refusals import Refusal, bad_request

MERGE, JSON_PATCH = "application/merge-patch+json", "application/json-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"

# Lists whose items have a name that says which of them is meant; all others are replaced as a whole.
_NAMED = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "volumeMounts": "mountPath",
    "volumes": "name",
    "webhooks": "name",
}
_PORTS = {
    "Service": "port",
    "Pod": "containerPort",
    "Deployment": "containerPort",
    "DaemonSet": "containerPort",
}
_ADDED = ("finalizers",)


def patched(content_type: str, before: Json, patch: Any) -> Json:
    """Return the object after a patch; raise ``Refusal`` for one that does not fit."""
    if content_type == JSON_PATCH:
        return _in_steps(before, patch)
    if not isinstance(patch, dict):
        raise bad_request("the patch is not an object")
    if content_type == MERGE:
        return dict(_merged(before, patch))
    return dict(_Strategic(str(before.get("kind") or patch.get("kind"))).merged(before, patch))


def _merged(before: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    after = dict(before) if isinstance(before, dict) else {}
    for key, value in patch.items():
        if value is None:
            after.pop(key, None)
        else:
            after[key] = _merged(after.get(key), value)
    return after


class _Strategic:
    """Strategic merge for one kind."""

    def __init__(self, kind: str) -> None:
        self._names = dict(_NAMED)
        if kind in _PORTS:
            self._names["ports"] = _PORTS[kind]

    def merged(self, before: Any, patch: Any, key: str = "") -> Any:
        if isinstance(patch, list):
            return self._list(before if isinstance(before, list) else [], patch, key)
        if not isinstance(patch, dict):
            return patch
        if patch.get("$patch") == "replace":
            return {one: value for one, value in patch.items() if one != "$patch"}
        after = dict(before) if isinstance(before, dict) else {}
        for one, value in patch.items():
            if one.startswith("$deleteFromPrimitiveList/"):
                of = one.partition("/")[2]
                after[of] = [item for item in after.get(of) or [] if item not in value]
            elif value is None:
                after.pop(one, None)
            elif not one.startswith("$"):
                after[one] = self.merged(after.get(one), value, one)
        return after

    def _list(self, before: list[Any], patch: list[Any], key: str) -> list[Any]:
        if key in _ADDED:
            return [*before, *(one for one in patch if one not in before)]
        if {"$patch": "replace"} in patch:
            return [one for one in patch if one != {"$patch": "replace"}]
        name = self._names.get(key)
        if name is None or not all(isinstance(one, dict) and name in one for one in [*before, *patch]):
            return patch
        after = {one[name]: one for one in before}
        for one in patch:
            if one.get("$patch") == "delete":
                after.pop(one[name], None)
            else:
                after[one[name]] = self.merged(after.get(one[name]), one)
        return list(after.values())


def _in_steps(before: Json, patch: Any) -> Json:
    after = {"": deepcopy(before)}
    for step in patch if isinstance(patch, list) else [patch]:
        try:
            _OPERATIONS[step["op"]](after, step)
        except (KeyError, IndexError, ValueError, TypeError, AttributeError) as error:
            says = f"the server rejected our request due to an error in our request: {step}: {error}"
            raise Refusal(422, "Invalid", says) from None
    return after[""]


def _place(root: Any, pointer: str) -> tuple[Any, Any]:
    """Return the container that a JSON pointer ends in, and the key or index there."""
    *way, last = [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")]
    here = root
    for part in way:
        here = here[int(part)] if isinstance(here, list) else here[part]
    if isinstance(here, list):
        return here, len(here) if last == "-" else int(last)
    return here, last


def _value(root: Any, pointer: str) -> Any:
    here, key = _place(root, pointer)
    return here[key]


def _add(root: Any, pointer: str, value: Any) -> None:
    here, key = _place(root, pointer)
    if isinstance(here, list):
        here.insert(key, value)
    else:
        here[key] = value


def _remove(root: Any, pointer: str) -> Any:
    here, key = _place(root, pointer)
    return here.pop(key)


def _replace(root: Any, pointer: str, value: Any) -> None:
    here, key = _place(root, pointer)
    here[key]  # It has to be there.
    here[key] = value


def _test(root: Any, step: Json) -> None:
    if _value(root, step["path"]) != step["value"]:
        raise ValueError("testing value failed")


_OPERATIONS: dict[str, Callable[[Any, Json], Any]] = {
    "add": lambda root, step: _add(root, step["path"], step["value"]),
    "remove": lambda root, step: _remove(root, step["path"]),
    "replace": lambda root, step: _replace(root, step["path"], step["value"]),
    "copy": lambda root, step: _add(root, step["path"], deepcopy(_value(root, step["from"]))),
    "move": lambda root, step: _add(root, step["path"], _remove(root, step["from"])),
    "test": _test,
}
