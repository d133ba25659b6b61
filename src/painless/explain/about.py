"""What a directive does, what NGINX has without it, where it may stand, and which keys set it."""

import re
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from painless.explain.texts import TABLES
from painless.features.registry import CONFIG, KEYS
from painless.nginx.catalog import CATALOG, CONTEXTS

_LIKE = {"grpc_": "proxy_", "fastcgi_": "proxy_"}


class _Entry(Struct, frozen=True):
    """What the tables have about one directive."""

    default: str
    keys: tuple[str, ...]
    says: str


class About(Struct, frozen=True, rename="camel"):
    """A directive: what it does, NGINX's default, who may set it, where it may stand.

    ``annotations`` and ``settings`` are the names of annotations and of keys of the ConfigMap.
    """

    name: str
    says: str
    default: str = ""
    annotations: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()


def _entries(table: str) -> Iterator[tuple[str, _Entry]]:
    for part in re.split(r"\n(?! )", table.strip()):
        head, *rest = part.splitlines()
        name, _, default = head.partition(" | ")
        lines = [line.strip() for line in rest]
        keys = " ".join(line.removeprefix(": ") for line in lines if line.startswith(": "))
        says = " ".join(line for line in lines if not line.startswith(": "))
        yield name, _Entry(default, tuple(filter(None, keys.split(", "))), says)


_ENTRIES = {name: entry for table in TABLES for name, entry in _entries(table)}


def _like(name: str) -> str:
    """Return the directive that has the text of one for another protocol."""
    return next((name.replace(a, b, 1) for a, b in _LIKE.items() if name.startswith(a)), name)


def _entry(name: str) -> _Entry | None:
    return _ENTRIES.get(name) or _ENTRIES.get(_like(name))


@lru_cache(maxsize=1024)
def about(name: str) -> About | None:
    """Return what is known of a directive."""
    found = _entry(name)
    if found is None:
        return None
    keys = writers(name)
    letters = dict.fromkeys(letter for one in CATALOG.get(name, ()) for letter in one.contexts)
    return About(
        name=name,
        says=found.says,
        default=found.default,
        annotations=tuple(one for one in keys if one in KEYS),
        settings=tuple(dict.fromkeys(_setting(one) for one in keys if _setting(one))),
        contexts=tuple(CONTEXTS[letter] for letter in letters),
    )


@lru_cache(maxsize=1024)
def writers(name: str) -> tuple[str, ...]:
    """Return the keys that set a directive: annotations without prefix, and keys of the ConfigMap."""
    found = _entry(name)
    listed = found.keys if found else ()
    own = (one.replace("_", "-") for one in (name, _like(name)))
    return tuple(dict.fromkeys((*(one for one in own if one in KEYS or one in CONFIG), *listed)))


def _setting(name: str) -> str:
    """Return the key of the ConfigMap that a key is, or whose default it has."""
    if name in CONFIG:
        return name
    return KEYS[name].config if name in KEYS else ""
