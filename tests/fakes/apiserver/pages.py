"""The pages about the server itself: discovery, version, health, and as much of a schema as kubectl needs."""

from collections.abc import Iterator
from typing import Any

from tests.fakes.apiserver.kinds import KINDS, Json, Kind

VERSION = {"major": "1", "minor": "35", "gitVersion": "v1.35.0", "platform": "linux/amd64"}

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_REVIEWS = {
    "authorization.k8s.io/v1": ("SelfSubjectAccessReview", "SubjectAccessReview"),
    "authentication.k8s.io/v1": ("SelfSubjectReview", "TokenReview"),
}
REVIEWS = {f"{kind.lower()}s": kind for kinds in _REVIEWS.values() for kind in kinds}


def _versions() -> list[str]:
    return list(dict.fromkeys([*(one.api_version for one in KINDS), *_REVIEWS]))


def _groups() -> list[str]:
    return list(dict.fromkeys(one.rpartition("/")[0] for one in _versions() if "/" in one))


def _group(name: str) -> Json:
    versions = [one.partition("/")[2] for one in _versions() if one.startswith(f"{name}/")]
    listed = [{"groupVersion": f"{name}/{one}", "version": one} for one in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def _root(api_version: str) -> str:
    return f"apis/{api_version}" if "/" in api_version else f"api/{api_version}"


def _resources(api_version: str) -> Json:
    found: list[Json] = []
    for one in KINDS:
        if one.api_version == api_version:
            found.append(_resource(one, one.plural, _VERBS))
            if one.status:
                found.append(_resource(one, f"{one.plural}/status", ["get", "patch", "update"]))
    found.extend(_review(kind) for kind in _REVIEWS.get(api_version, ()))
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": api_version, "resources": found}


def _review(kind: str) -> Json:
    name = f"{kind.lower()}s"
    return {"name": name, "singularName": "", "namespaced": False, "kind": kind, "verbs": ["create"]}


def _resource(kind: Kind, name: str, verbs: list[str]) -> Json:
    shape = {
        "name": name,
        "singularName": kind.kind.lower(),
        "namespaced": kind.namespaced,
        "kind": kind.kind,
    }
    return {**shape, "verbs": verbs, "shortNames": list(kind.short) if name == kind.plural else []}


def _schema(root: str) -> Json:
    """Return only what kubectl looks for: that patches may be validated by the server."""
    kinds = [one for one in KINDS if _root(one.api_version) == root]
    paths = {}
    for one in kinds:
        where = "/namespaces/{namespace}" if one.namespaced else ""
        gvk = {"group": one.group, "version": one.version, "kind": one.kind}
        paths[f"/{root}{where}/{one.plural}/{{name}}"] = {
            "patch": {
                "x-kubernetes-group-version-kind": gvk,
                "parameters": [
                    {"name": name, "in": "query", "schema": {"type": "string"}}
                    for name in ("dryRun", "fieldManager", "fieldValidation")
                ],
                "responses": {},
            }
        }
    info = {"title": "Kubernetes", "version": VERSION["gitVersion"]}
    return {"openapi": "3.0.0", "info": info, "paths": paths}


def _pages() -> Iterator[tuple[str, Any]]:
    for health in ("healthz", "livez", "readyz"):
        yield health, "ok"
    yield "version", VERSION
    yield "api", {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []}
    groups = [_group(one) for one in _groups()]
    yield "apis", {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    for one in groups:
        yield f"apis/{one['name']}", {"kind": "APIGroup", "apiVersion": "v1", **one}
    roots = {_root(one): one for one in _versions()}
    yield "openapi/v3", {"paths": {one: {"serverRelativeURL": f"/openapi/v3/{one}"} for one in roots}}
    for root, version in roots.items():
        yield root, _resources(version)
        yield f"openapi/v3/{root}", _schema(root)


PAGES: dict[str, Any] = dict(_pages())
"""What is at a path: an object, or a string."""
