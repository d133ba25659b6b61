"""Who asked for a directive: an annotation of the Ingress, a key of the ConfigMap, or a default.

Which keys write a directive is in ``writers``, which is asked of the compiler.
"""

from painless.annotations.base import OURS
from painless.compiler.site import Location, Twin
from painless.explain.about import writers
from painless.explain.answer import Source
from painless.explain.scene import Scene
from painless.features import FEATURES, KEYS
from painless.model.objects import Origin
from painless.model.snapshot import Snapshot
from painless.nginx.tree import Directive

_LONGEST = 60  # Characters of a value that are shown; the object has the rest.
_GENERIC = frozenset({"return", "rewrite", "set"})
"""Directives that many keys write, each for a reason of its own: without one they are nobody's default."""
_SECRET = frozenset(one.name for feature in FEATURES for one in feature.SETTINGS if one.secret)


def of_origin(origin: Origin, value: str = "") -> Source:
    """Return an origin as a source."""
    kind = "annotation" if "annotations[" in origin.field else "object"
    return Source(kind, str(origin.ref), origin.field, shortened(value))


def shortened(value: str) -> str:
    """Return the beginning of a value, in one line."""
    line = " ".join(value.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


class Sources:
    """Finds who asked for the directives that one request meets."""

    def __init__(self, snapshot: Snapshot, here: Scene, location: Location | None) -> None:
        origin = location.route.origin if location else here.site.origin
        ref = origin.ref if origin else None
        self._ingress = next((one for one in snapshot.ingresses if one.ref == ref), None)
        name = here.options.configmap
        configmap = snapshot.configmaps.get(name) if name else None
        self._prefix = here.options.annotations_prefix
        self._given = dict(configmap.data) if configmap else {}
        # A server that only redirects is all of somebody's.
        twin = here.site if isinstance(here.site, Twin) else None
        self._whole = of_origin(twin.origin) if twin else Source("painless")
        self._about = str(configmap.ref) if configmap else ""

    def of(self, one: Directive, keys: tuple[str, ...] = ()) -> Source:
        """Return who asked for a directive; ``keys`` may have, where its name alone does not say."""
        names = keys or writers(one.name)
        # A key that is about this directive alone says more than the family that an origin names.
        own = tuple(name for name in names if name.replace("-", "_") == one.name)
        named = one.origin if isinstance(one.origin, Origin) and "annotations[" in one.origin.field else None
        return (
            self._annotated(own)
            or (self._of_annotation(named) if named else None)
            or self._annotated(names)
            or self._configured(names)
            or self._otherwise(one, names)
        )

    def ours(self, one: Directive) -> Source:
        """Return who asked for a directive that no key is about."""
        return of_origin(one.origin) if isinstance(one.origin, Origin) else self._whole

    def _of_annotation(self, origin: Origin) -> Source:
        given = self._ingress.annotations if self._ingress else ()
        value = next((value for key, value in given if origin.field.endswith(f"[{key}]")), "")
        return of_origin(origin, value)

    def _annotated(self, names: tuple[str, ...]) -> Source | None:
        for key, value in self._ingress.annotations if self._ingress else ():
            bare = key if key.startswith(OURS) else key.removeprefix(f"{self._prefix}/")
            if self._canonical(bare) in names and self._ingress:
                field = f"metadata.annotations[{key}]"
                return Source("annotation", str(self._ingress.ref), field, shortened(value))
        return None

    def _configured(self, names: tuple[str, ...]) -> Source | None:
        wanted = {*names, *(KEYS[one].config for one in names if one in KEYS and KEYS[one].config)}
        for key in sorted(wanted & self._given.keys()):
            value = "" if key in _SECRET else shortened(self._given[key])
            return Source("configmap", self._about, f"data[{key}]", value)
        return None

    def _otherwise(self, one: Directive, names: tuple[str, ...]) -> Source:
        if isinstance(one.origin, Origin) and one.origin.field and not names:
            return of_origin(one.origin)
        if not names or one.name in _GENERIC:
            return self.ours(one)
        return Source("default", field=names[0])

    def _canonical(self, name: str) -> str:
        found = KEYS.get(name)
        return found.name if found else name
