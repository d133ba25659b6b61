"""The pages of annotations and of ConfigMap keys, from the features' declarations and their docstrings.

All names that ingress-nginx reads are listed, so that whoever migrates sees what is missing before users do.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from painless.annotations.base import OURS, Key, Scope, Setting
from painless.annotations.decode import Decoder, Rejected
from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.docs.markdown import anchor, code, page, split, table
from painless.features import FEATURES, KEYS, Feature

PREFIX = "nginx.ingress.kubernetes.io"

_REFUSED = ("", "\0", "x" * 4000)
"""Texts of which every decoder refuses one: nothing, a control character, more than NGINX's words hold."""

_DECIDES = {
    Scope.LOCATION: "the paths of the Ingress",
    Scope.SERVER: "the whole host",
    Scope.UPSTREAM: "how the Service is reached",
}

Declared = Key[Any] | Setting[Any]


def annotations_page() -> str:
    honoured = ANNOTATIONS & set(KEYS)
    return page(
        "Annotations",
        f"Painless honours {len(honoured)} of the {len(ANNOTATIONS)} annotations that ingress-nginx v1.15 "
        f"reads. Names are written without their prefix, `{PREFIX}/` (`--annotations-prefix`). "
        "An annotation that is not honoured yet is said with "
        "[UnsupportedAnnotation](diagnostics.md#unsupportedannotation), "
        "and the Ingress is served without it; where everybody could enter then, its paths answer 503.",
        "A value that cannot be read is said with "
        "[InvalidAnnotationValue](diagnostics.md#invalidannotationvalue) and the default is used. Where the "
        "annotation closes something, the paths of the Ingress answer 503 instead "
        "([LocationDenied](diagnostics.md#locationdenied)). What is meant to differ from ingress-nginx is in "
        "[differences.md](../differences.md).",
        table(("annotation", "state"), ((code(name), _state(name)) for name in sorted(ANNOTATIONS))),
        f"Painless adds annotations of its own, with the prefix `{OURS}`: {', '.join(_own())}.",
        *(part for feature in FEATURES if feature.KEYS for part in _feature(feature)),
    )


def configmap_page() -> str:
    declared = {name: (feature, one) for feature in FEATURES for name, one in _config_of(feature).items()}
    honoured = CONFIG_KEYS & set(declared)
    return page(
        "Keys of the ConfigMap",
        f"Painless honours {len(honoured)} of the {len(CONFIG_KEYS)} keys that ingress-nginx v1.15 reads "
        "from the ConfigMap that `--configmap` names. A key that is not honoured yet is said with "
        "[UnsupportedConfigKey](diagnostics.md#unsupportedconfigkey) and ignored; a value that cannot be "
        "read with [InvalidConfigValue](diagnostics.md#invalidconfigvalue), and the default is used.",
        table(
            ("key", "state"),
            ((code(name), _config_state(name, declared)) for name in sorted(CONFIG_KEYS)),
        ),
        f"Painless adds keys of its own: {', '.join(_own_config(declared))}.",
        *(part for feature in FEATURES if feature.SETTINGS for part in _settings(feature)),
    )


def _own() -> Iterator[str]:
    return (f"[{name}](#{anchor(name)})" for name in sorted(KEYS.keys() - ANNOTATIONS))


def _own_config(declared: Mapping[str, tuple[Feature, Declared]]) -> Iterator[str]:
    return (f"{name}, {_config_state(name, declared)}" for name in sorted(declared.keys() - CONFIG_KEYS))


def _state(name: str) -> str:
    key = KEYS.get(name)
    if key is None:
        return "not yet"
    what = "honoured" if name == key.name else f"the same as {key.name}"
    return f"[{what}](#{anchor(key.name)})"


def _config_state(name: str, declared: Mapping[str, tuple[Feature, Declared]]) -> str:
    if name not in declared:
        return "not yet"
    one = declared[name][1]
    if isinstance(one, Setting):
        return f"[honoured](#{anchor(name)})"
    return f"the default of the annotation [{one.name}](annotations.md#{anchor(one.name)})"


def _config_of(feature: Feature) -> Mapping[str, Declared]:
    keys: dict[str, Declared] = {one.config: one for one in feature.KEYS if one.config}
    return keys | {one.name: one for one in feature.SETTINGS}


def _feature(feature: Feature) -> Iterator[str]:
    title, text = split(inspect.getdoc(feature) or "")
    yield f"## {title}"
    yield text
    for key in feature.KEYS:
        yield f"### {key.name}"
        yield key.doc
        yield table(("", ""), _about_key(key))
    if feature.SETTINGS:
        links = (f"[{one.name}](configmap.md#{anchor(one.name)})" for one in feature.SETTINGS)
        yield f"The ConfigMap also has: {', '.join(links)}."


def _settings(feature: Feature) -> Iterator[str]:
    title, text = split(inspect.getdoc(feature) or "")
    yield f"## {title}"
    # A feature with annotations has its text on their page.
    yield f"See [annotations.md](annotations.md#{anchor(title)})." if feature.KEYS else text
    for one in feature.SETTINGS:
        yield f"### {one.name}"
        yield one.doc
        yield table(("", ""), (*_about_value(one), ("Example", code(f'{one.name}: "{one.example}"'))))


def _about_key(key: Key[Any]) -> Iterable[tuple[str, str]]:
    yield from _about_value(key)
    yield "Decides about", _DECIDES[key.scope]
    if key.aliases:
        yield "Other names", ", ".join(map(code, key.aliases))
    if key.config:
        yield "Default for all", f"ConfigMap key {code(key.config)}"
    yield "Wrong value", "the paths answer 503" if key.denies else key.instead
    name = key.name if key.name.startswith(OURS) else f"{PREFIX}/{key.name}"
    yield "Example", code(f'{name}: "{key.example}"')


def _about_value(one: Declared) -> Iterable[tuple[str, str]]:
    yield "Value", expected(one.decode)
    yield "Default", _shown(one.default)


def expected(decode: Decoder[Any]) -> str:
    """Return what a decoder takes, in its own words: those it refuses a text with."""
    for text in _REFUSED:
        found = decode(text)
        if isinstance(found, Rejected):
            return found.expected
    return "any text"


def _shown(default: object) -> str:
    match default:
        case None | "" | ():
            return "none"
        case bool():
            return code(str(default).lower())
        case tuple():
            return code(", ".join(map(str, default)))
        case _:
            return code(str(default))
