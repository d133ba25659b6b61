"""From a method and a path to what is wanted of which kind."""

from collections.abc import Mapping

from msgspec import Struct
from tests.fakes.apiserver.kinds import BY_PLURAL, Kind
from tests.fakes.apiserver.refusals import Refusal, no_such_page


class Target(Struct, frozen=True):
    """What a request is about; ``sub`` is a subresource."""

    verb: str
    kind: Kind
    namespace: str = ""
    name: str = ""
    sub: str = ""


_COLLECTION = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
_ONE = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


def target_of(method: str, path: str, query: Mapping[str, str]) -> Target:
    """Return what is wanted; raise ``Refusal`` for what is not there."""
    version, rest = _version_of(path.strip("/").split("/"))
    namespace = ""
    if rest[:1] == ["namespaces"] and len(rest) > 2 and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    plural, name, sub = (*rest, "", "", "")[:3]
    kind = BY_PLURAL.get((*version, plural))
    if kind is None or len(rest) > 3 or (sub and not (sub == "status" and kind.status)):
        raise no_such_page()
    if (namespace and not kind.namespaced) or (kind.namespaced and name and not namespace):
        raise no_such_page()
    verb = (_ONE if name else _COLLECTION).get("GET" if method == "HEAD" else method)
    if verb is None or (sub and verb == "delete"):
        raise Refusal(
            405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
        )
    if verb == "list" and query.get("watch") in ("true", "1"):
        verb = "watch"
    # For permissions, what concerns one namespace is in that namespace.
    return Target(verb, kind, name if plural == "namespaces" else namespace, name, sub)


def _version_of(parts: list[str]) -> tuple[tuple[str, str], list[str]]:
    match parts:
        case ["api", version, *rest] if rest:
            return ("", version), rest
        case ["apis", group, version, *rest] if rest:
            return (group, version), rest
    raise no_such_page()
