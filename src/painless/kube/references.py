"""Which Secrets and ConfigMaps an object refers to: only those are kept.  Pure.

Rather one too many than one too few: what the compiler looks up and this does not name would count as
missing.
"""

from collections.abc import Iterator

from msgspec import Struct

from painless.model.objects import ConfigMap, Ingress, Object, ObjectRef
from painless.model.snapshot import Name
from painless.wire import names

SECRETS = frozenset({"auth-secret", "auth-tls-secret", "proxy-ssl-secret"})
"""Annotations whose value names a Secret."""

CONFIGMAPS = frozenset({"auth-proxy-set-headers", "custom-headers", "fastcgi-params-configmap"})
"""Annotations whose value names a ConfigMap."""

GLOBAL_SECRETS = frozenset({"ssl-dh-param"})
"""Keys of the global ConfigMap whose value names a Secret."""

GLOBAL_CONFIGMAPS = frozenset({"add-headers", "proxy-set-headers"})
"""Keys of the global ConfigMap whose value names another one."""


class Referring(Struct, frozen=True):
    """What decides what is a reference: the prefix of annotations, and the global ConfigMap."""

    prefix: str
    configmap: Name | None = None

    def references(self, one: Object) -> tuple[ObjectRef, ...]:
        """Return what ``one`` refers to, each once."""
        match one:
            case Ingress():
                return tuple(dict.fromkeys(self._of_ingress(one)))
            case ConfigMap() if (one.namespace, one.name) == self.configmap:
                return tuple(dict.fromkeys(_of_configmap(one)))
            case _:
                return ()

    def _of_ingress(self, one: Ingress) -> Iterator[ObjectRef]:
        for entry in one.tls:
            if entry.secret:
                yield ObjectRef("Secret", one.namespace, entry.secret)
        for key, value in one.annotations:
            prefix, _, key_name = key.rpartition("/")
            if prefix == self.prefix:
                kind = "Secret" if key_name in SECRETS else "ConfigMap" if key_name in CONFIGMAPS else ""
                yield from _named(kind, value, one.namespace)


def _of_configmap(one: ConfigMap) -> Iterator[ObjectRef]:
    for key, value in one.data:
        kind = "Secret" if key in GLOBAL_SECRETS else "ConfigMap" if key in GLOBAL_CONFIGMAPS else ""
        yield from _named(kind, value, one.namespace)


def _named(kind: str, text: str, home: str) -> Iterator[ObjectRef]:
    """Yield what ``namespace/name`` or ``name`` means; a name that nothing can have is none."""
    namespace, slash, name = text.strip().rpartition("/")
    namespace = namespace if slash else home
    # It becomes part of a path that the API server is asked for.
    if kind and names.is_label(namespace) and names.is_subdomain(name):
        yield ObjectRef(kind, namespace, name)
