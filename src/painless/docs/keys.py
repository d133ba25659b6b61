"""The pages of annotations and of ConfigMap keys, from the features' declarations and their docstrings.

What a key writes is asked of the compiler, what differs is read from the page of differences.  The state of
names that ingress-nginx reads is ``compatibility``'s part.
"""

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from painless.annotations.base import OURS, Key, Scope, Setting
from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.docs import differs
from painless.docs.effects import effect
from painless.docs.markdown import anchor, code, page, split, table
from painless.explain.names import expected
from painless.features import FEATURES, KEYS, Feature

PREFIX = "nginx.ingress.kubernetes.io"

_MOST = 12  # Directives of a key that are listed: more say less.

_DECIDES = {
    Scope.LOCATION: "the paths of the Ingress",
    Scope.SERVER: "the whole host",
    Scope.UPSTREAM: "how the Service is reached",
}

Declared = Key[Any] | Setting[Any]


def annotations_page() -> str:
    return page(
        "Annotations",
        "What each annotation means. [compatibility.md](compatibility.md#annotations) has the state of all "
        "that ingress-nginx reads. Names are written without their prefix, "
        f"`{PREFIX}/` (`--annotations-prefix`).",
        "A value that cannot be read is said with "
        "[InvalidAnnotationValue](diagnostics.md#invalidannotationvalue) and the default is used. Where the "
        "annotation closes something, the paths of the Ingress answer 503 instead "
        "([LocationDenied](diagnostics.md#locationdenied)). What is not honoured is said with "
        "[UnsupportedAnnotation](diagnostics.md#unsupportedannotation), and the Ingress is served without "
        "it; where everybody could enter then, its paths answer 503.",
        table(("about", "annotations"), ((_title(one), _links(one.KEYS)) for one in FEATURES if one.KEYS)),
        f"Painless adds annotations of its own, with the prefix `{OURS}`: {', '.join(_own())}.",
        *(part for feature in FEATURES if feature.KEYS for part in _feature(feature)),
    )


def configmap_page() -> str:
    keys = sorted(
        (key for feature in FEATURES for key in feature.KEYS if key.config), key=lambda one: one.config
    )
    return page(
        "Keys of the ConfigMap",
        "What the keys of the ConfigMap mean that `--configmap` names. "
        "[compatibility.md](compatibility.md#keys-of-the-configmap) has the state of all that ingress-nginx "
        "reads. A key that is not honoured is said with "
        "[UnsupportedConfigKey](diagnostics.md#unsupportedconfigkey) and ignored; a value that cannot be "
        "read with [InvalidConfigValue](diagnostics.md#invalidconfigvalue), and the default is used.",
        table(("about", "keys"), ((_title(one), _links(one.SETTINGS)) for one in FEATURES if one.SETTINGS)),
        "These keys are the defaults of annotations, where they are described: "
        + ", ".join(f"[{one.config}](annotations.md#{anchor(one.name)})" for one in keys)
        + ".",
        f"Painless adds keys of its own: {', '.join(_own_config())}.",
        *(part for feature in FEATURES if feature.SETTINGS for part in _settings(feature)),
    )


def declared_settings() -> Mapping[str, Setting[Any]]:
    """Return the keys of the ConfigMap that have a section of their own."""
    return {one.name: one for feature in FEATURES for one in feature.SETTINGS}


def _title(feature: Feature) -> str:
    title, _ = split(inspect.getdoc(feature) or "")
    return f"[{title}](#{anchor(title)})"


def _links(declared: Iterable[Declared]) -> str:
    return ", ".join(f"[{one.name}](#{anchor(one.name)})" for one in declared)


def _own() -> Iterator[str]:
    return (f"[{name}](#{anchor(name)})" for name in sorted(KEYS.keys() - ANNOTATIONS))


def _own_config() -> Iterator[str]:
    return (f"[{name}](#{anchor(name)})" for name in sorted(declared_settings().keys() - CONFIG_KEYS))


def _feature(feature: Feature) -> Iterator[str]:
    title, text = split(inspect.getdoc(feature) or "")
    yield f"## {title}"
    yield text
    for key in feature.KEYS:
        yield f"### {key.name}"
        yield key.doc
        yield table(("", ""), (*_about_key(key), *_about_effect(feature, key)))
        yield from differing(key.name)
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
        example = ("Example", code(f'{one.name}: "{one.example}"'))
        yield table(("", ""), (*_about_value(one), example, *_about_effect(feature, one)))
        yield from differing(one.name)


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


def _about_effect(feature: Feature, one: Declared) -> Iterator[tuple[str, str]]:
    found = effect(feature, one)
    if found is None:
        return
    if found.writes:
        more = len(found.writes) - _MOST
        names = ", ".join(map(code, found.writes[:_MOST]))
        yield "Writes", names + (f" and {more} more" if more > 0 else "")
    yield "A change of it", "reloads NGINX" if found.reloads else "is live without a reload"


def differing(name: str) -> Iterator[str]:
    """Yield what is meant to differ about ``name``; a flag comes with its dashes."""
    for row in differs.about(name):
        why = f"[why](../differences.md#{anchor(row.section)})"
        yield f"**Differs.** ingress-nginx: {row.theirs} Painless: {row.ours} ({why})"


def _about_value(one: Declared) -> Iterable[tuple[str, str]]:
    yield "Value", expected(one.decode)
    yield "Default", _shown(one.default)


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
