"""What a path of the API is about: group, resource, verb; and the RBAC rule that would allow it.  Pure.

The server says who was refused what.  An operator needs to know which lines to add where, so that is said
beside it.
"""

from collections.abc import Mapping

from msgspec import Struct

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Request(Struct, frozen=True):
    """One request in RBAC's words; ``resource`` has the subresource with it, as in ``ingresses/status``."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        where = f" in namespace {self.namespace}" if self.namespace else " cluster-wide"
        name = f" {self.name}" if self.name else ""
        return f"{self.verb} {self.resource}{name}{where}"

    @property
    def rule(self) -> str:
        """The missing rule, as it is written in a Role or ClusterRole."""
        kind = f"a Role in namespace {self.namespace}" if self.namespace else "a ClusterRole"
        return (
            f'{kind} with apiGroups: ["{self.group}"], resources: ["{self.resource}"], verbs: ["{self.verb}"]'
        )


def request_of(method: str, path: str, query: Mapping[str, str]) -> Request:
    """Return what a request asks for, read off its path as the API server does."""
    parts = [part for part in path.split("/") if part]
    # /api/v1/… is the core group; /apis/GROUP/VERSION/… every other one.
    group, rest = ("", parts[2:]) if parts[:1] == ["api"] else ("".join(parts[1:2]), parts[3:])
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in {"status", "finalize"}:
        namespace, rest = rest[1], rest[2:]
    resource, name, sub = (*rest, "", "", "")[:3]
    return Request(
        verb=_verb(method, named=bool(name), watch=query.get("watch") in {"1", "true"}),
        group=group,
        resource=f"{resource}/{sub}" if sub else resource,
        namespace=namespace,
        name=name,
    )


def _verb(method: str, *, named: bool, watch: bool) -> str:
    if method == "GET":
        return "watch" if watch else "get" if named else "list"
    if method == "DELETE" and not named:
        return "deletecollection"
    return _VERBS.get(method, method.lower())
