"""Create, update, patch and delete as a real server does them: defaults, validation, admission, conflicts.

What a write waits for is admission only; what it then finds changed it does anew, or refuses.
"""

import asyncio
import base64
import random
import string
import time
import uuid
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from tests.fakes.apiserver.access import ADMIN, info_of
from tests.fakes.apiserver.admission import Admission, Asked
from tests.fakes.apiserver.defaults import CLASS_BEFORE, Defaults, default_class
from tests.fakes.apiserver.events import as_core_v1
from tests.fakes.apiserver.kinds import CLASS, INGRESS, NAMESPACE, WEBHOOKS, Json, Kind, kind_of
from tests.fakes.apiserver.patches import APPLY, patched
from tests.fakes.apiserver.refusals import (
    already_exists,
    bad_request,
    conflict,
    invalid,
    not_found,
    success,
    terminating,
)
from tests.fakes.apiserver.shapes import fitted
from tests.fakes.apiserver.store import Key, Store, Stored, key_of
from tests.fakes.apiserver.validation import validate

LINGERS = 0.3
"""Seconds that a deleted namespace is still there."""

RETRIES = 5
"""How often a patch is tried anew when somebody else was faster."""

_OWN = ("uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp", "managedFields")
"""Metadata that only the server writes."""


class Write(Struct, frozen=True):
    """One request to change something; ``place`` is a namespace and a name."""

    kind: Kind
    place: Key
    sub: str = ""
    user: str = ADMIN
    manager: str = "unknown"
    dry: bool = False
    strict: bool = False
    options: Json = {}


class Written(Struct, frozen=True):
    """What came of it; ``stored`` has the version that it had before for a dry run."""

    stored: Stored
    created: bool = False
    warnings: tuple[str, ...] = ()


class Writes:
    """Changes the objects of one store."""

    def __init__(self, store: Store, admission: Admission) -> None:
        self._store = store
        self._admission = admission
        self._defaults = Defaults()

    async def create(self, write: Write, found: Json) -> Written:
        found, unknown = _read(write, found)
        metadata = found["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            metadata["name"] = metadata["generateName"] + _suffix()
        self._placed(write, found)
        place = (write.place[0], metadata.get("name") or "")
        self._check_namespace(write, place)
        for key in _OWN:
            metadata.pop(key, None)
        if write.kind.status:
            found.pop("status", None)
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
        if write.kind.generation:
            metadata["generation"] = 1
        if write.kind is INGRESS:
            default_class(found, (one.object for one in self._store.all(CLASS)))
        self._complete(write, found, None)
        warnings = await self._admit(write, "CREATE", found, None)
        if self._store.get(write.kind, *place) is not None:
            raise already_exists(write.kind, place[1])
        return Written(self._keep(write, found), True, (*unknown, *_deprecated(found), *warnings))

    async def update(self, write: Write, found: Json) -> Written:
        found, unknown = _read(write, found)
        before = self._store.get(write.kind, *write.place)
        version = found["metadata"].get("resourceVersion") or ""
        if before is None:
            if write.kind.upserts and not version and not write.sub:
                return await self.create(write, found)
            raise not_found(write.kind, write.place[1])
        if write.kind.conditional and not version:
            fault = ("metadata.resourceVersion", "FieldValueInvalid", "0x0: must be specified for an update")
            raise invalid(write.kind, write.place[1], [fault])
        written = await self._replace(write, before, found, unknown)
        if written is None:
            raise conflict(write.kind, write.place[1])
        return written

    async def patch(self, write: Write, content_type: str, patch: Any) -> Written:
        for _ in range(RETRIES):
            before = self._store.get(write.kind, *write.place)
            if before is None:
                return await self._patch_nothing(write, content_type, patch)
            after = patched(content_type, before.as_kind(write.kind), patch)
            found, unknown = _read(write, deepcopy(after))
            found["metadata"].setdefault("resourceVersion", str(before.version))
            if found["metadata"]["resourceVersion"] != str(before.version):
                raise conflict(write.kind, write.place[1])
            written = await self._replace(write, before, found, unknown)
            if written is not None:
                return written
        raise conflict(write.kind, write.place[1])

    async def delete(self, write: Write, conditions: Json) -> tuple[Json, bool]:
        """Return the answer, and whether the object is gone."""
        before = self._store.get(write.kind, *write.place)
        if before is None:
            raise not_found(write.kind, write.place[1])
        metadata = before.object["metadata"]
        for field in ("uid", "resourceVersion"):
            wanted = conditions.get(field)
            if wanted and wanted != metadata[field]:
                why = f"{field} in precondition: {wanted}, {field} in object meta: {metadata[field]}"
                raise conflict(write.kind, write.place[1], f"Precondition failed: {why}")
        await self._admit(write, "DELETE", None, before.object)
        if metadata.get("finalizers"):
            marked = {**metadata, "deletionTimestamp": metadata.get("deletionTimestamp") or now()}
            return self._keep(write, {**before.object, "metadata": marked}).as_kind(write.kind), False
        if not write.dry and self._store.get(write.kind, *write.place) is not None:
            if write.kind is NAMESPACE:
                return self._end_namespace(before.object).object, False
            self._store.remove(write.kind, write.place)
        return success(write.kind, write.place[1], metadata["uid"]), True

    async def _patch_nothing(self, write: Write, content_type: str, patch: Any) -> Written:
        if content_type != APPLY:
            raise not_found(write.kind, write.place[1])
        return await self.create(write, patched(content_type, {}, patch))

    async def _replace(self, write: Write, before: Stored, found: Json, unknown: list[str]) -> Written | None:
        """Put an object in the place of one; ``None`` when somebody was faster."""
        self._placed(write, found)
        old, metadata = before.object, found["metadata"]
        for field in ("uid", "resourceVersion"):
            wanted = metadata.get(field)
            if wanted and wanted != old["metadata"][field]:
                raise conflict(write.kind, write.place[1])
        found = _merged(write, old, found)
        self._complete(write, found, old)
        warnings = await self._admit(write, "UPDATE", found, old)
        if self._store.get(write.kind, *write.place) is not before:
            return None
        said = (*unknown, *(_deprecated(found) if _deprecated(old) == () else ()), *warnings)
        if _without_managers(found) == _without_managers(old):
            return Written(before, warnings=said)  # A write that changes nothing makes no version.
        if found["metadata"].get("deletionTimestamp") and not found["metadata"].get("finalizers"):
            return Written(self._store.remove(write.kind, key_of(found)), warnings=said)
        return Written(self._keep(write, found), warnings=said)

    def _complete(self, write: Write, found: Json, before: Json | None) -> None:
        if write.kind.kind == "Secret" and found.get("stringData"):
            coded = {
                key: base64.b64encode(text.encode()).decode() for key, text in found["stringData"].items()
            }
            found["data"] = {**(found.get("data") or {}), **coded}
        found.pop("stringData", None)
        self._defaults.fill(found, before)
        validate(write.kind, found)
        entry = {
            "manager": write.manager,
            "operation": write.options.get("operation", "Update"),
            "apiVersion": write.kind.api_version,
            "time": now(),
            "fieldsType": "FieldsV1",
            "fieldsV1": _fields({key: found[key] for key in found if key not in ("apiVersion", "kind")}),
            **({"subresource": write.sub} if write.sub else {}),
        }
        kept = [
            one
            for one in found["metadata"].get("managedFields") or ()
            if (one["manager"], one["operation"], one.get("subresource", ""))
            != (entry["manager"], entry["operation"], write.sub)
        ]
        found["metadata"]["managedFields"] = [*kept, entry]

    def _placed(self, write: Write, found: Json) -> None:
        """Have the object name the place that the URL names."""
        metadata, (namespace, name) = found["metadata"], write.place
        if name and metadata.setdefault("name", name) != name:
            raise bad_request(
                f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
            )
        if write.kind.namespaced and metadata.setdefault("namespace", namespace) != namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )

    async def _admit(self, write: Write, operation: str, now_: Json | None, before: Json | None) -> list[str]:
        if write.sub:
            return []
        name = key_of(now_ or before or {})[1]
        asked = Asked(
            write.kind, operation, write.place[0], name, now_, before, info_of(write.user), write.dry, {}
        )
        registered = [one.object for one in self._store.all(WEBHOOKS)]
        if not registered:
            return []
        namespaces = {one.object["metadata"]["name"]: one.object for one in self._store.all(NAMESPACE)}
        return await self._admission.check(registered, namespaces, asked)

    def _keep(self, write: Write, found: Json) -> Stored:
        if write.dry:
            return Stored(found, b"", self._store.version)
        return self._store.put(write.kind, found)

    def _check_namespace(self, write: Write, place: Key) -> None:
        if not write.kind.namespaced:
            return
        home = self._store.get(NAMESPACE, "", place[0])
        if home is None:
            raise not_found(NAMESPACE, place[0])
        if home.object["metadata"].get("deletionTimestamp"):
            raise terminating(write.kind, *place)

    def _end_namespace(self, before: Json) -> Stored:
        """Have a namespace end as a real one does: it is terminating, and soon gone with what is in it."""
        name = before["metadata"]["name"]
        asyncio.get_running_loop().call_later(LINGERS, self._empty, name)
        metadata = {**before["metadata"], "deletionTimestamp": now()}
        return self._store.put(
            NAMESPACE, {**before, "metadata": metadata, "status": {"phase": "Terminating"}}
        )

    def _empty(self, namespace: str) -> None:
        for one in tuple(self._store):
            if one.object["metadata"].get("namespace") == namespace:
                self._store.remove(kind_of(one.object), key_of(one.object))
        if self._store.get(NAMESPACE, "", namespace) is not None:
            self._store.remove(NAMESPACE, ("", namespace))


def now() -> str:
    return datetime.fromtimestamp(time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(write: Write, found: Any) -> tuple[Json, list[str]]:
    """Return what a server keeps of a body, and the warnings about what it drops."""
    if not isinstance(found, dict):
        raise bad_request("the object provided is unrecognized (must be of type Object)")
    kind = write.kind
    said = (found.get("apiVersion") or kind.api_version, found.get("kind") or kind.kind)
    if said != (kind.api_version, kind.kind):
        raise bad_request(
            f"the API version in the data ({said[0]}) does not match the expected "
            f"API version ({kind.api_version})"
        )
    found = {**found, "apiVersion": said[0], "kind": said[1], "metadata": found.get("metadata") or {}}
    unknown: list[str] = []
    found = fitted(found, unknown)
    if kind.shown_as:
        found = as_core_v1(found)
    if unknown and write.strict:
        listed = ", ".join(f'unknown field "{one}"' for one in unknown)
        raise bad_request(
            f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: '
            f"strict decoding error: {listed}"
        )
    return found, [f'unknown field "{one}"' for one in unknown]


def _merged(write: Write, old: Json, found: Json) -> Json:
    """Return the object that a write to the main resource or to its status means."""
    metadata = found["metadata"]
    kept = {key: old["metadata"][key] for key in _OWN if key in old["metadata"] and key != "managedFields"}
    managed = metadata.get("managedFields") or old["metadata"].get("managedFields")
    if write.sub == "status":
        status = {"status": found["status"]} if "status" in found else {}
        rest = {key: value for key, value in old.items() if key != "status"}
        return deepcopy({**rest, **status, "metadata": {**old["metadata"], "managedFields": managed}})
    found = {**found, "metadata": {**metadata, **kept, "managedFields": managed}}
    if write.kind.status:
        found.pop("status", None)
        if "status" in old:
            found["status"] = deepcopy(old["status"])
    if write.kind.generation and _body(found) != _body(old):
        found["metadata"]["generation"] = (old["metadata"].get("generation") or 1) + 1
    return found


def _body(found: Json) -> Json:
    return {key: value for key, value in found.items() if key not in ("metadata", "status")}


def _without_managers(found: Json) -> Json:
    metadata = {key: value for key, value in found["metadata"].items() if key != "managedFields"}
    return {**found, "metadata": metadata}


def _fields(found: Any) -> Json:
    """Return the names of fields as ``managedFields`` writes them."""
    if not isinstance(found, Mapping):
        return {}
    return {
        f"f:{key}": _fields(value)
        for key, value in found.items()
        if key not in ("managedFields", "uid", "creationTimestamp", "resourceVersion", "generation", "name")
    }


def _deprecated(found: Json) -> tuple[str, ...]:
    if found["kind"] != "Ingress" or CLASS_BEFORE not in (found["metadata"].get("annotations") or {}):
        return ()
    return (f"annotation \"{CLASS_BEFORE}\" is deprecated, please use 'spec.ingressClassName' instead",)


def _suffix(choose: Callable[..., list[str]] = random.choices) -> str:
    return "".join(choose(string.ascii_lowercase + string.digits, k=5))
