"""The page with the state of every name that ingress-nginx reads, for whoever decides whether to move.

States come from what the code declares; nobody writes them down.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.annotations.without_effect import (
    ANNOTATIONS_WITHOUT_EFFECT,
    CONFIG_KEYS_WITHOUT_EFFECT,
    FIREWALL,
)
from painless.docs import differs
from painless.docs.keys import declared_settings
from painless.docs.markdown import anchor, code, page, table
from painless.features import KEYS, brotli
from painless.flags import CONTROLLER, FLAGS, KLOG
from painless.migrate.foreign import INSTEAD


class State(StrEnum):
    """What becomes of a name."""

    HONOURED = "honoured"
    DIFFERS = "differs"
    NO_EFFECT = "no effect"
    UNSUPPORTED = "not supported"
    LATER = "not yet"


_MEANS: Mapping[State, str] = {
    State.HONOURED: "it means what it means in ingress-nginx",
    State.DIFFERS: "honoured, and something about it is meant to differ; its section says what",
    State.NO_EFFECT: "accepted; it changes nothing here, for the reason that is given",
    State.UNSUPPORTED: "told where it is used, with what to use instead",
    State.LATER: "told where it is used, and left out",
}


_MODULES: Mapping[str, frozenset[str]] = {
    brotli.MODULE: frozenset(key.name for key in (*brotli.KEYS, *brotli.SETTINGS))
}
"""Modules that the packaged NGINX has not, and the names that mean nothing without one."""


class Line(Struct, frozen=True):
    """A name with its state, where it is described, and what else there is to say."""

    name: str
    state: State
    link: str = ""
    note: str = ""


def annotations() -> tuple[Line, ...]:
    """Return all annotations."""
    return tuple(map(_annotation, sorted(ANNOTATIONS)))


def config_keys() -> tuple[Line, ...]:
    """Return all keys of the ConfigMap."""
    return tuple(map(_config_key, sorted(CONFIG_KEYS)))


def flags() -> tuple[Line, ...]:
    """Return all flags: the controller's, then those of its library for logs."""
    return tuple(_flag(one.name) for one in (*CONTROLLER, *KLOG))


def _annotation(name: str) -> Line:
    if name in FIREWALL:
        return _missing(name)
    if why := ANNOTATIONS_WITHOUT_EFFECT.get(name):
        return Line(name, State.NO_EFFECT, note=why)
    key = KEYS.get(name)
    if key is None:
        return _missing(name)
    note = "" if name == key.name else f"the same as {code(key.name)}"
    return Line(name, _differs(key.name), f"annotations.md#{anchor(key.name)}", note or _needed(name))


def _config_key(name: str) -> Line:
    if name in FIREWALL:
        return _missing(name)
    if why := CONFIG_KEYS_WITHOUT_EFFECT.get(name):
        return Line(name, State.NO_EFFECT, note=why)
    if name in declared_settings():
        return Line(name, _differs(name), f"configmap.md#{anchor(name)}", _needed(name))
    key = next((one for one in KEYS.values() if one.config == name), None)
    if key is None:
        return _missing(name)
    note = "; ".join(filter(None, (f"the default of the annotation {code(key.name)}", _needed(name))))
    return Line(name, _differs(key.name), f"annotations.md#{anchor(key.name)}", note)


def _needed(name: str) -> str:
    """Return which module of NGINX a name needs, if it does."""
    return next((f"where NGINX has {code(one)}" for one, names in _MODULES.items() if name in names), "")


def _missing(name: str) -> Line:
    if instead := INSTEAD.get(name):
        return Line(name, State.UNSUPPORTED, note=f"use {instead}")
    return Line(name, State.LATER)


def _flag(name: str) -> Line:
    link = f"flags.md#{anchor(f'--{name}')}"
    if why := FLAGS[name].why:
        return Line(name, State.NO_EFFECT, link, why)
    return Line(name, _differs(f"--{name}"), link)


def _differs(name: str) -> State:
    return State.DIFFERS if differs.about(name) else State.HONOURED


def _parts() -> Mapping[str, tuple[Line, ...]]:
    return {
        "annotations": annotations(),
        "keys of the ConfigMap": config_keys(),
        "flags of the controller": flags()[: len(CONTROLLER)],
        "flags of klog": flags()[len(CONTROLLER) :],
    }


def summary() -> str:
    """Return how many names have which state, as a table."""
    return table(("", "all", *State), (_counted(name, lines) for name, lines in _parts().items()))


def compatibility_page() -> str:
    """Return the page."""
    return page(
        "What carries over from ingress-nginx",
        "Every annotation, key of the ConfigMap and flag that ingress-nginx v1.15 reads, with its state. "
        "What differs is a list of its own ([differences.md](../differences.md)), with the reasons.",
        summary(),
        table(("state", "means"), _MEANS.items()),
        "Where a row says that NGINX has to have a module, the packaged NGINX has not. What is written for "
        "`ngx_brotli` answered requests on Debian's NGINX 1.30.6. Traces need no module; what is written for "
        "an NGINX that has `ngx_otel_module` was not run: its text is checked against that module's pages.",
        "## Annotations",
        "Without their prefix, `nginx.ingress.kubernetes.io/` (`--annotations-prefix`).",
        _listed("annotation", annotations()),
        "## Keys of the ConfigMap",
        _listed("key", config_keys()),
        "## Flags",
        "All are accepted. One that changes nothing says so once, in the log, when it is given.",
        _listed("flag", flags(), "--"),
    )


def _counted(name: str, lines: Iterable[Line]) -> tuple[str, ...]:
    count = Counter(one.state for one in lines)
    return name, str(count.total()), *(str(count[state]) for state in State)


def _listed(head: str, lines: Iterable[Line], dashes: str = "") -> str:
    return table(
        (head, "state", ""),
        (
            (code(dashes + one.name), f"[{one.state}]({one.link})" if one.link else one.state, one.note)
            for one in lines
        ),
    )
