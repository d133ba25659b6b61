"""Headers that a ConfigMap holds for the service of ``auth-url``: from its name to what is sent, or why not.

Pure, and before ``merge``, as ``custom_headers``.  A ConfigMap that cannot be had closes the location: what
decides about access may depend on what it is told.
"""

from functools import lru_cache

from msgspec import structs

from painless.annotations.decode import Rejected, matching, shown, with_variables
from painless.annotations.urls import SAFE_VARIABLES
from painless.compiler.custom_headers import ANY, FRAMING, ConfigMaps, checked_headers
from painless.features import Parsed, with_auth_headers
from painless.features.external_auth import PROXY_SET_HEADERS
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ConfigMap, ObjectRef
from painless.nginx.tokens import Expr

_text = matching(r"[^\x00-\x1f\x7f\ud800-\udfff]*", "a value without control characters")


def _value(text: str) -> Expr | Rejected:
    found = _text(text)
    return found if isinstance(found, Rejected) else with_variables(found, allowed=SAFE_VARIABLES)


def for_ingress(
    settings: Parsed, ref: ObjectRef, prefix: str, configmaps: ConfigMaps, *, remember: bool = True
) -> Parsed:
    """Return what an Ingress's annotations mean, with the headers of the ConfigMap that it may name."""
    asked = settings.external_auth
    if asked is None or asked.configmap is None or settings.denied:
        return settings
    read = _read if remember else _read.__wrapped__
    found = read(settings, configmaps.get(asked.configmap), f"{prefix}/{PROXY_SET_HEADERS.name}")
    said = found.diagnostics[len(settings.diagnostics) :]
    about = tuple(structs.replace(one, about=ref) for one in said)
    return structs.replace(found, diagnostics=(*settings.diagnostics, *about)) if said else found


# As many as there are results of parsing; Ingresses with the same annotations share theirs.
@lru_cache(maxsize=16_384)
def _read(settings: Parsed, configmap: ConfigMap | None, annotation: str) -> Parsed:
    """Return the settings of any Ingress with these annotations; its name is not in the findings."""
    asked = settings.external_auth
    assert asked, "only who asks a service has headers for it"
    assert asked.configmap, "only who names a ConfigMap gets its headers"
    where = f"ConfigMap {'/'.join(asked.configmap)}"
    if configmap is None:
        return _closed(settings, annotation, f"found no {where}, expected one with headers")
    headers: list[tuple[str, Expr]] = []
    for name, value in checked_headers(configmap, _value, FRAMING):
        if isinstance(value, Rejected):
            says = f"found the header {shown(name)} in {where}, expected {value.expected}"
            return _closed(settings, annotation, says)
        headers.append((name, value))
    return with_auth_headers(settings, tuple(headers), "", ())


def _closed(settings: Parsed, annotation: str, says: str) -> Parsed:
    reason, hint = Reason.LOCATION_DENIED, "the location answers 503 until this is mended"
    field = f"metadata.annotations[{annotation}]"
    said = Diagnostic(ANY, field, reason, Severity.REJECTED, says, hint)
    return with_auth_headers(settings, (), says, (said,))
