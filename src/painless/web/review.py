"""AdmissionReview, version 1: from the API server's bytes to versions of an Ingress, and from a verdict back.

Nothing raises for what the bytes hold, and only the fields that we read become objects of Python.
"""

from typing import Any

import msgspec
from msgspec import Raw, Struct

from painless.compiler.admission import Verdict, Version
from painless.model.objects import Ingress
from painless.wire import decode_object

VERSION = "admission.k8s.io/v1"
REFUSED = 400  # The status in an answer that refuses, as ingress-nginx has it.


class Asked(Struct, frozen=True):
    """A change of an Ingress; ``after`` is ``None`` where there is nothing to judge, and ``why`` says so."""

    uid: str
    before: Version | None = None
    after: Version | None = None
    why: str = ""


class NotUnderstood(Struct, frozen=True):
    """What is wrong with the bytes, as a sentence."""

    says: str


class _Kind(Struct, frozen=True):
    group: str = ""
    kind: str = ""


class _Request(Struct, frozen=True, rename="camel"):
    uid: str
    operation: str
    kind: _Kind
    sub_resource: str | None = None
    object: Raw = Raw(b"null")
    old_object: Raw = Raw(b"null")


class _Review(Struct, frozen=True, rename="camel"):
    api_version: str
    kind: str
    request: _Request


class _Object(Struct, frozen=True, rename="camel"):
    """The parts of an object that say what it is; its status is not read."""

    api_version: Any = None
    kind: Any = None
    metadata: Any = None
    spec: Any = None


def asked(body: bytes) -> Asked | NotUnderstood:
    """Read what the API server asks."""
    try:
        found = msgspec.json.decode(body, type=_Review)
        if (found.api_version, found.kind) != (VERSION, "AdmissionReview"):
            return NotUnderstood(f"expected an AdmissionReview of {VERSION}")
        return _judged(found.request)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as wrong:
        return NotUnderstood(f"expected an AdmissionReview of {VERSION}: {wrong}")


def _judged(request: _Request) -> Asked:
    about = f"{request.kind.kind}.{request.kind.group}"
    if about != "Ingress.networking.k8s.io":
        says = f"found {about[:100]}, expected the webhook to be called for Ingresses only"
        return Asked(request.uid, why=says)
    if request.operation not in {"CREATE", "UPDATE"} or request.sub_resource:
        return Asked(request.uid)
    new = msgspec.json.decode(request.object, type=_Object)
    if isinstance(new.metadata, dict) and new.metadata.get("deletionTimestamp"):
        # Whoever lets it go must be able to.
        return Asked(request.uid)
    after = _version(new)
    if request.operation == "CREATE":
        return Asked(request.uid, after=after)
    old = msgspec.json.decode(request.old_object, type=_Object)
    return Asked(request.uid, _version(old), after)


def _version(raw: _Object) -> Version:
    decoded = decode_object(
        {"apiVersion": raw.api_version, "kind": raw.kind, "metadata": raw.metadata, "spec": raw.spec}
    )
    found = decoded.object if isinstance(decoded.object, Ingress) else None
    # What could not be decoded was told with a reference.
    about = found.ref if found else decoded.diagnostics[0].about
    return Version(about, found, decoded.diagnostics)


def answered(uid: str, verdict: Verdict) -> bytes:
    """Return the bytes that tell the verdict."""
    response: dict[str, object] = {"uid": uid, "allowed": not verdict.refusals}
    if verdict.refusals:
        response["status"] = {"code": REFUSED, "reason": "BadRequest", "message": verdict.message}
    if verdict.warnings:
        response["warnings"] = verdict.warnings
    return msgspec.json.encode({"apiVersion": VERSION, "kind": "AdmissionReview", "response": response})


def failed(code: int, says: str) -> bytes:
    """Return the bytes that say why there is no verdict, in the shape of Kubernetes' own failures."""
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": says, "code": code}
    return msgspec.json.encode(status)
