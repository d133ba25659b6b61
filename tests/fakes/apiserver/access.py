"""Who asks and what they may: tokens, client certificates, and RBAC as the stored roles have it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct
from tests.fakes.apiserver.kinds import Json, Kind, kind_of
from tests.fakes.apiserver.refusals import Refusal, unauthorized
from tests.fakes.apiserver.store import Store

ADMIN = "kubernetes-admin"
"""Who asks when nobody has to say who they are, and who may do everything."""

_ACCOUNT = "system:serviceaccount:"


class Attempt(Struct, frozen=True):
    """What somebody wants to do; ``resource`` has its subresource behind a slash."""

    user: str
    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""
    path: str = ""
    """What is asked for instead of a resource."""

    def __str__(self) -> str:
        if self.path:
            return f'User "{self.user}" cannot {self.verb} path "{self.path}"'
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        return (
            f'User "{self.user}" cannot {self.verb} resource "{self.resource}" '
            f'in API group "{self.group}" {where}'
        )


Allows = Callable[[Attempt], bool]


def attempt_of(user: str, verb: str, kind: Kind, sub: str, place: tuple[str, str]) -> Attempt:
    resource = f"{kind.plural}/{sub}" if sub else kind.plural
    return Attempt(user, verb, kind.group, resource, *place)


def forbidden(kind: Kind, attempt: Attempt) -> Refusal:
    name = f' "{attempt.name}"' if attempt.name else ""
    details = {"name": attempt.name, "group": kind.group, "kind": kind.plural}
    return Refusal(403, "Forbidden", f"{kind.resource}{name} is forbidden: {attempt}", details)


def user_of(tokens: Mapping[str, str], authorization: str, certificate: Any) -> str:
    """Return who asks; raise the refusal of somebody whom the server does not know."""
    word, _, token = authorization.partition(" ")
    if word.lower() == "bearer" and token:
        if token in tokens:
            return tokens[token]
        raise unauthorized()
    for part in (certificate or {}).get("subject", ()):
        for key, value in part:
            if key == "commonName":
                return str(value)
    if tokens:
        raise unauthorized()
    return ADMIN


def groups_of(user: str) -> list[str]:
    if user == ADMIN:
        return ["system:masters", "system:authenticated"]
    if not user.startswith(_ACCOUNT):
        return ["system:authenticated"]
    namespace = user.removeprefix(_ACCOUNT).partition(":")[0]
    return ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]


def info_of(user: str) -> Json:
    return {"username": user, "groups": groups_of(user)}


def rbac(store: Store) -> Allows:
    """Return what decides by the roles and bindings that are stored at that moment."""

    def allows(attempt: Attempt) -> bool:
        if attempt.user == ADMIN:
            return True
        return any(_covers(rule, attempt) for rule in _rules(store, attempt))

    return allows


def _rules(store: Store, attempt: Attempt) -> Iterator[Json]:
    for one in _objects(store, "ClusterRoleBinding", ""):
        if _binds(one, attempt.user):
            yield from _of_role(store, one["roleRef"], "")
    if attempt.namespace:
        for one in _objects(store, "RoleBinding", attempt.namespace):
            if _binds(one, attempt.user):
                yield from _of_role(store, one["roleRef"], attempt.namespace)


def _objects(store: Store, kind: str, namespace: str) -> Iterable[Json]:
    return (one.object for one in store.all(kind_of(kind), namespace))


def _of_role(store: Store, reference: Json, namespace: str) -> Iterable[Json]:
    kind = kind_of(reference["kind"])
    found = store.get(kind, namespace if kind.namespaced else "", reference["name"])
    return (found.object.get("rules") or ()) if found else ()


def _binds(binding: Json, user: str) -> bool:
    for one in binding.get("subjects") or ():
        account = f"{_ACCOUNT}{one.get('namespace', '')}:{one['name']}"
        if one["kind"] == "ServiceAccount" and account == user:
            return True
        if one["kind"] == "User" and one["name"] == user:
            return True
        if one["kind"] == "Group" and one["name"] in groups_of(user):
            return True
    return False


def _covers(rule: Json, attempt: Attempt) -> bool:
    if not {attempt.verb, "*"} & set(rule.get("verbs") or ()):
        return False
    if attempt.path:
        return any(_matches(one, attempt.path) for one in rule.get("nonResourceURLs") or ())
    if not {attempt.group, "*"} & set(rule.get("apiGroups") or ()):
        return False
    if not {attempt.resource, "*"} & set(rule.get("resources") or ()):
        return False
    names = rule.get("resourceNames") or ()
    return not names or attempt.name in names


def _matches(pattern: str, path: str) -> bool:
    return path == pattern or (pattern.endswith("*") and path.startswith(pattern[:-1]))
