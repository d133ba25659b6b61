"""Headers that ConfigMaps hold: from the name of a ConfigMap to what it adds, or why that cannot be had.

Pure, and before ``merge``: what an Ingress's annotations mean is complete once its ConfigMap has been read.
"""

from collections.abc import Iterator
from typing import TypeVar

from msgspec import structs

from painless.annotations.base import Setting, decoded, setting
from painless.annotations.decode import Decoder, Rejected, header_name, shown
from painless.compiler.named_configmap import ANY, ConfigMaps, Reader, closing, expression, one_line
from painless.features import ConfigValues, Parsed, cors, hsts, with_headers
from painless.features.custom_headers import ADDED, ALLOWED, NGINX_OWN, SENT, Asked
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ConfigMap, ObjectRef
from painless.model.snapshot import Name

T = TypeVar("T")

FRAMING = frozenset({"content-length", "transfer-encoding"})
"""Headers of a request that say where it ends: with another value one request becomes two."""


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
        added=tuple(_good(added, one_line, NGINX_OWN | _hsts(config), said)) if added else (),
        sent=tuple(_good(sent, expression(), FRAMING, said)) if sent else (),
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
    for name, value in checked_headers(configmap, decode, refused):
        if isinstance(value, Rejected):
            says = f"found the header {shown(name)}, expected {value.expected}"
            field, reason = f"data[{name}]", Reason.INVALID_CONFIG_VALUE
            hint = "the header is left out"
            said.append(Diagnostic(configmap.ref, field, reason, Severity.ERROR, says, hint))
        else:
            yield name, value


def checked_headers(
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


def _asked(settings: Parsed) -> tuple[Asked, str] | None:
    """Return what an Ingress asks for and the field where it does, if it does."""
    return next(((value, field) for _, value, field in settings.additive if isinstance(value, Asked)), None)


def _named(settings: Parsed) -> Name | None:
    asked = _asked(settings)
    return asked[0].configmap if asked else None


def _read(settings: Parsed, configmap: ConfigMap | None, allowed: tuple[str, ...]) -> Parsed:
    asked = _asked(settings)
    assert asked, "only who asks for headers gets some"
    where = f"ConfigMap {'/'.join(asked[0].configmap)}"
    if configmap is None:
        missing = f"found no {where}, expected one with headers"
        return _closed(settings, missing, Reason.CONFIGMAP_NOT_FOUND)
    may = frozenset(name.lower() for name in allowed)
    # Its values are not shown: the ConfigMap may be another namespace's.
    for name, value in checked_headers(configmap, one_line, frozenset()):
        expected = value.expected if isinstance(value, Rejected) else f"one of {ALLOWED.name}"
        if isinstance(value, Rejected) or name.lower() not in may:
            return _closed(settings, f"found the header {shown(name)} in {where}, expected {expected}")
    return _with_own(settings, configmap)


def _closed(settings: Parsed, says: str, reason: Reason = Reason.LOCATION_DENIED) -> Parsed:
    return with_headers(settings, (), says, (closing(_field(settings), says, reason),))


def _with_own(settings: Parsed, configmap: ConfigMap) -> Parsed:
    """Return the settings with the headers, without those that are somebody else's to set."""
    with_cors = any(isinstance(value, cors.Cors) for _, value, _ in settings.additive)
    headers: list[tuple[str, str]] = []
    said: list[Diagnostic] = []
    for name, text in configmap.data:
        owner = _owner(name.lower(), with_cors=with_cors)
        if not owner:
            headers.append((name, text.strip()))
            continue
        says, hint = f"found the header {name}, which {owner} sets", "the header is left out"
        about = ANY, _field(settings), Reason.INVALID_ANNOTATION_VALUE
        said.append(Diagnostic(*about, Severity.ERROR, says, hint))
    return with_headers(settings, tuple(headers), "", tuple(said))


def _field(settings: Parsed) -> str:
    asked = _asked(settings)
    return asked[1] if asked else ""


def _owner(name: str, *, with_cors: bool) -> str:
    if name in NGINX_OWN:
        return "NGINX"
    return "enable-cors" if with_cors and name.startswith("access-control-") else ""


for_ingress = Reader(_named, _read)
"""Returns what an Ingress's annotations mean, with the headers of the ConfigMap that it may name.

What more it needs to know are the names of headers that the operator allows.
"""
