"""Headers that ConfigMaps hold: from the name of a ConfigMap to what it adds, or why that cannot be had.

Pure, and before ``merge``: what an Ingress's annotations mean is complete once its ConfigMap has been read.
"""

from collections.abc import Iterator, Mapping
from typing import TypeVar

from msgspec import structs

from painless.annotations.base import Setting, decoded, setting
from painless.annotations.decode import Decoder, Rejected, header_name, matching, shown, with_variables
from painless.features import ConfigValues, Parsed, cors, hsts, with_headers
from painless.features.custom_headers import ADDED, ALLOWED, NGINX_OWN, SENT, Asked
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ConfigMap, ObjectRef
from painless.model.snapshot import Name
from painless.nginx.tokens import Expr

T = TypeVar("T")
ConfigMaps = Mapping[Name, ConfigMap]

_FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers of a request that say where it ends: with another value one request becomes two."""

_value = matching(r"[^\x00-\x1f\x7f\ud800-\udfff]*", "a value without control characters")


def _expression(text: str) -> Expr | Rejected:
    checked = _value(text)
    return checked if isinstance(checked, Rejected) else with_variables(checked)


def for_all(
    config: ConfigValues, about: Name | None, configmaps: ConfigMaps
) -> tuple[ConfigValues, tuple[Diagnostic, ...]]:
    """Return the settings with the headers of all answers and requests; ``about`` is their ConfigMap."""
    if about is None:
        return config, ()
    said: list[Diagnostic] = []
    added = _found(config, ADDED, about, configmaps, said)
    sent = _found(config, SENT, about, configmaps, said)
    complete = structs.replace(
        config,
        added=tuple(_good(added, _value, NGINX_OWN | _hsts(config), said)) if added else (),
        sent=tuple(_good(sent, _expression, _FRAMING, said)) if sent else (),
    )
    return complete, tuple(said)


def _hsts(config: ConfigValues) -> frozenset[str]:
    return frozenset(name.lower() for name in hsts.hidden(config.as_defaults()))


def _found(
    config: ConfigValues,
    key: Setting[Name | None],
    about: Name,
    configmaps: ConfigMaps,
    said: list[Diagnostic],
) -> ConfigMap | None:
    """Return the ConfigMap that ``key`` names; one that is missing is told."""
    name = setting(config.as_defaults(), key)
    if name is None or name in configmaps:
        return configmaps[name] if name else None
    says, hint = f"found no ConfigMap {'/'.join(name)}, expected one with headers", "no header is added"
    ref, reason = ObjectRef("ConfigMap", *about), Reason.CONFIGMAP_NOT_FOUND
    said.append(Diagnostic(ref, f"data[{key.name}]", reason, Severity.ERROR, says, hint))
    return None


def _good(
    configmap: ConfigMap, decode: Decoder[T], refused: frozenset[str], said: list[Diagnostic]
) -> Iterator[tuple[str, T]]:
    """Yield the headers that can be had, and tell of the others."""
    for name, value in _headers(configmap, decode, refused):
        if isinstance(value, Rejected):
            says = f"found the header {shown(name)}, expected {value.expected}"
            field, reason = f"data[{name}]", Reason.INVALID_CONFIG_VALUE
            hint = "the header is left out"
            said.append(Diagnostic(configmap.ref, field, reason, Severity.ERROR, says, hint))
        else:
            yield name, value


def _headers(
    configmap: ConfigMap, decode: Decoder[T], refused: frozenset[str]
) -> Iterator[tuple[str, T | Rejected]]:
    """Yield each header with its value, or with what was expected."""
    seen: set[str] = set()
    for name, text in configmap.data:
        checked = header_name(name)
        if isinstance(checked, Rejected):
            yield name, checked
        elif name.lower() in refused:
            yield name, Rejected("one that neither NGINX nor another setting writes")
        elif name.lower() in seen:
            yield name, Rejected("each header once, in whatever case")
        else:
            seen.add(name.lower())
            yield name, decoded(decode, text)


def for_ingress(settings: Parsed, ref: ObjectRef, config: ConfigValues, configmaps: ConfigMaps) -> Parsed:
    """Return what an Ingress's annotations mean, with the headers of the ConfigMap that it may name."""
    ours = ((asked, field) for _, asked, field in settings.additive if isinstance(asked, Asked))
    asked, field = next(ours, (None, ""))
    if asked is None:
        return settings
    configmap = configmaps.get(asked.configmap)
    where = f"ConfigMap {'/'.join(asked.configmap)}"
    if configmap is None:
        return _closed(settings, ref, field, f"found no {where}, expected one with headers")
    allowed = frozenset(name.lower() for name in setting(config.as_defaults(), ALLOWED))
    # Its values are not shown: the ConfigMap may be another namespace's.
    for name, value in _headers(configmap, _value, frozenset()):
        expected = value.expected if isinstance(value, Rejected) else f"one of {ALLOWED.name}"
        if isinstance(value, Rejected) or name.lower() not in allowed:
            says = f"found the header {shown(name)} in {where}, expected {expected}"
            return _closed(settings, ref, field, says)
    return _with_own(settings, ref, field, configmap)


def _closed(settings: Parsed, ref: ObjectRef, field: str, says: str) -> Parsed:
    hint = "the location answers 503 until this is mended"
    said = Diagnostic(ref, field, Reason.LOCATION_DENIED, Severity.REJECTED, says, hint)
    return with_headers(settings, (), says, (said,))


def _with_own(settings: Parsed, ref: ObjectRef, field: str, configmap: ConfigMap) -> Parsed:
    """Return the settings with the headers, without those that are somebody else's to set."""
    with_cors = any(isinstance(value, cors.Cors) for _, value, _ in settings.additive)
    headers: list[tuple[str, str]] = []
    said: list[Diagnostic] = []
    for name, text in configmap.data:
        owner = _owner(name.lower(), with_cors=with_cors)
        if not owner:
            headers.append((name, text.strip()))
            continue
        says = f"found the header {name}, which {owner} sets"
        reason, hint = Reason.INVALID_ANNOTATION_VALUE, "the header is left out"
        said.append(Diagnostic(ref, field, reason, Severity.ERROR, says, hint))
    return with_headers(settings, tuple(headers), "", tuple(said))


def _owner(name: str, *, with_cors: bool) -> str:
    if name in NGINX_OWN:
        return "NGINX"
    return "enable-cors" if with_cors and name.startswith("access-control-") else ""
