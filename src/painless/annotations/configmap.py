"""Reading the global ConfigMap: a value for each key that is known, a finding for each that is not good."""

from collections.abc import Callable, Mapping
from typing import Any

from painless.annotations.base import Defaults, Key, Setting, decoded
from painless.annotations.decode import Rejected, shown
from painless.annotations.names import CONFIG_KEYS
from painless.annotations.nearest import nearest
from painless.annotations.without_effect import (
    CONFIG_KEYS_WITHOUT_EFFECT,
    FIREWALL,
    INSTEAD_OF_FIREWALL,
    wants_firewall,
)
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ConfigMap

Declared = Key[Any] | Setting[Any]


def read(
    configmap: ConfigMap, declared: Mapping[str, Declared], has: Callable[[str], bool]
) -> tuple[Defaults, tuple[Diagnostic, ...]]:
    """Return the values that can be read, by key, and what is wrong with the others.

    ``has`` says whether NGINX is built with something.
    """
    values: dict[str, object] = {}
    diagnostics: list[Diagnostic] = []

    def say(name: str, reason: Reason, severity: Severity, says: str, hint: str) -> None:
        diagnostics.append(Diagnostic(configmap.ref, f"data[{name}]", reason, severity, says, hint))

    for name, text in configmap.data:
        key = declared.get(name)
        if key is None:
            # Who wants no firewall has what they want.
            if name not in FIREWALL or wants_firewall(name, text):
                say(name, *_unknown(name))
            continue
        if isinstance(key, Setting) and key.needs and not has(key.needs):
            says = f"{name} needs an NGINX that is built with {key.needs}, which this one is not"
            say(name, Reason.UNSUPPORTED_CONFIG_KEY, Severity.ERROR, says, "it is ignored")
            continue
        value = decoded(key.decode, text, key.longest)
        if not isinstance(value, Rejected):
            values[name] = value
            continue
        found = "a text" if isinstance(key, Setting) and key.secret else shown(text)
        says = f"found {found}, expected {value.expected}"
        say(name, Reason.INVALID_CONFIG_VALUE, Severity.ERROR, says, key.instead)
        if key.salvage:
            values[name] = key.salvage(text)
    return values, tuple(diagnostics)


def _unknown(name: str) -> tuple[Reason, Severity, str, str]:
    if why := CONFIG_KEYS_WITHOUT_EFFECT.get(name):
        says = f"{name} changes nothing here: {why}"
        return Reason.NO_EFFECT, Severity.WARNING, says, "it can be removed"
    if name in FIREWALL:
        says = f"{name} needs ModSecurity, which NGINX has not"
        return Reason.UNSUPPORTED_CONFIG_KEY, Severity.ERROR, says, INSTEAD_OF_FIREWALL
    if name in CONFIG_KEYS:
        says = f"{name} is not honoured by this version"
        return Reason.UNSUPPORTED_CONFIG_KEY, Severity.ERROR, says, "it is ignored"
    says = f"{shown(name)} is not a key of this ConfigMap"
    return Reason.UNKNOWN_CONFIG_KEY, Severity.WARNING, says, nearest(name, CONFIG_KEYS)
