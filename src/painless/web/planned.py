"""A change that is only asked about, as JSON: objects as kubectl would apply them, and those it would delete.

Never raises for what somebody sent: what is no object is a finding, what is no request a sentence.
"""

from typing import Any

import msgspec
from msgspec import Struct

from painless.controller.pricing import Asked
from painless.model.diagnostics import Diagnostic, Reason
from painless.model.objects import Object
from painless.wire import decode_all

_FAULTS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Body(Struct, frozen=True, forbid_unknown_fields=True):
    """``apply`` and ``delete`` are objects as the API has them; ``diff`` asks for the lines that differ."""

    apply: list[dict[str, Any]] = []
    delete: list[dict[str, Any]] = []
    diff: bool = False


class NotUnderstood(Struct, frozen=True):
    """A request that is none, and why in a sentence."""

    says: str


def asked(raw: bytes) -> Asked | NotUnderstood:
    """Decode a request's body."""
    try:
        body = msgspec.json.decode(raw, type=Body)
    except _FAULTS as problem:
        return NotUnderstood(f"found no request, expected objects as JSON in apply and delete: {problem}")
    new, about_new = _objects(body.apply)
    old, about_old = _objects(body.delete)
    # Of what is to go, nothing is wrong that matters, as long as it is known what it is.
    about_old = tuple(one for one in about_old if one.about not in {each.ref for each in old})
    return Asked(new, tuple(one.ref for one in old), (*about_new, *about_old), body.diff)


def _objects(trees: list[dict[str, Any]]) -> tuple[tuple[Object, ...], tuple[Diagnostic, ...]]:
    objects: dict[object, Object] = {}
    found: list[Diagnostic] = []
    for decoded in (one for tree in trees for one in decode_all(tree)):
        # Deployments beside their Ingresses are what manifests are like, and nothing to be told of.
        found += (one for one in decoded.diagnostics if one.reason is not Reason.IGNORED_KIND)
        if decoded.object is not None:
            objects[decoded.object.ref] = decoded.object
    return tuple(objects.values()), tuple(found)
