"""What a name means: a directive, an annotation, a key of the ConfigMap, or a finding.

All of it is declared elsewhere; here it is only found.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from msgspec import Struct

from painless.annotations.base import OURS, Key, Setting
from painless.annotations.decode import Decoder, Rejected
from painless.explain.about import About, about, writers
from painless.features.registry import CONFIG, KEYS
from painless.model.diagnostics import Reason
from painless.nginx.catalog import CATALOG, ENTRY

_OFFERED = 3  # Names for one that is not there.
_REFUSED = ("", "\0", "x" * 4000)
"""Texts of which every decoder refuses one: nothing, a control character, more than NGINX's words hold."""


class KeyAbout(Struct, frozen=True, rename="camel"):
    """An annotation or a key of the ConfigMap.

    ``kind`` is ``annotation`` or ``configmap``.  ``default_for_all`` is the key of the ConfigMap that sets an
    annotation's default, ``wrong`` what a value comes to that cannot be read, ``writes`` the directives.
    """

    kind: str
    name: str
    says: str
    value: str
    default: str
    example: str
    wrong: str
    default_for_all: str = ""
    other_names: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


class ReasonAbout(Struct, frozen=True, rename="camel"):
    """A finding, and how to mend what it is about."""

    name: str
    says: str
    mend: str


Meaning = About | KeyAbout | ReasonAbout


def meanings(name: str, prefix: str) -> tuple[Meaning, ...]:
    """Return everything that has a name; annotations may have their prefix or not."""
    bare = name.strip().removeprefix(f"{prefix}/").removeprefix(OURS)
    found: list[Meaning] = [
        ReasonAbout(one, one.meaning, one.mend) for one in Reason if one.lower() == bare.lower()
    ]
    for each in dict.fromkeys((bare, f"{OURS}{bare}")):
        found += [_key(KEYS[each], prefix)] if each in KEYS else []
        given = CONFIG.get(each)
        found += [_setting(given)] if isinstance(given, Setting) else []
        if isinstance(given, Key) and each not in KEYS:
            found.append(_key(given, prefix))
    directive = about(bare)
    return (*found, directive) if directive else tuple(found)


def nearest(name: str, prefix: str) -> tuple[str, ...]:
    """Return names that somebody may have meant."""
    known = {*KEYS, *CONFIG, *Reason, *(one for one in CATALOG if one != ENTRY)}
    return tuple(get_close_matches(name.removeprefix(f"{prefix}/"), sorted(known), _OFFERED))


def expected(decode: Decoder[Any]) -> str:
    """Return what a decoder takes, in its own words: those it refuses a text with."""
    for text in _REFUSED:
        found = decode(text)
        if isinstance(found, Rejected):
            return found.expected
    return "any text"


def _key(key: Key[Any], prefix: str) -> KeyAbout:
    name = key.name if key.name.startswith(OURS) else f"{prefix}/{key.name}"
    return KeyAbout(
        kind="annotation",
        name=name,
        says=key.doc,
        value=expected(key.decode),
        default=_shown(key.default),
        example=f'{name}: "{key.example}"',
        wrong="the paths answer 503" if key.denies else key.instead,
        default_for_all=key.config,
        other_names=key.aliases,
        writes=tuple(_written_by(key.name)),
    )


def _setting(one: Setting[Any]) -> KeyAbout:
    return KeyAbout(
        kind="configmap",
        name=one.name,
        says=one.doc,
        value=expected(one.decode),
        default=_shown(one.default),
        example=f'{one.name}: "{one.example}"',
        wrong=one.instead,
        writes=tuple(_written_by(one.name)),
    )


def _written_by(key: str) -> Iterator[str]:
    return (name for name in CATALOG if name != ENTRY and key in writers(name))


def _shown(default: object) -> str:
    match default:
        case None | "" | ():
            return "none"
        case bool():
            return str(default).lower()
        case tuple():
            return ", ".join(map(str, default))
        case _:
            return str(default)
