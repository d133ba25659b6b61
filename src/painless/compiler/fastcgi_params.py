"""Parameters for FastCGI that a ConfigMap holds: from its name to what is sent, or why not.

Pure, and before ``merge``, as ``auth_headers``.
"""

from collections.abc import Iterator
from functools import lru_cache

from msgspec import structs

from painless.annotations.base import decoded
from painless.annotations.decode import REQUEST_VARIABLES, Rejected, matching, shown, with_variables
from painless.compiler.custom_headers import ANY, ConfigMaps
from painless.features import Parsed, with_fastcgi_params
from painless.features.fastcgi import PARAMS
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ConfigMap, ObjectRef
from painless.nginx.tokens import Expr

_VARIABLES = REQUEST_VARIABLES | {"document_root", "fastcgi_path_info", "fastcgi_script_name"}

_name = matching(r"[A-Za-z0-9_]{1,256}", "a name of letters, digits and _")
_text = matching(r"[^\x00-\x1f\x7f\ud800-\udfff]*", "a value without control characters")


def _value(text: str) -> Expr | Rejected:
    found = _text(text)
    return found if isinstance(found, Rejected) else with_variables(found, allowed=_VARIABLES)


def for_ingress(
    settings: Parsed, ref: ObjectRef, prefix: str, configmaps: ConfigMaps, *, remember: bool = True
) -> Parsed:
    """Return what an Ingress's annotations mean, with the parameters of the ConfigMap that it may name."""
    asked = settings.fastcgi
    if asked is None or asked.configmap is None or settings.denied:
        return settings
    read = _read if remember else _read.__wrapped__
    found = read(settings, configmaps.get(asked.configmap), f"{prefix}/{PARAMS.name}")
    said = found.diagnostics[len(settings.diagnostics) :]
    about = tuple(structs.replace(one, about=ref) for one in said)
    return structs.replace(found, diagnostics=(*settings.diagnostics, *about)) if said else found


# As many as there are results of parsing; Ingresses with the same annotations share theirs.
@lru_cache(maxsize=16_384)
def _read(settings: Parsed, configmap: ConfigMap | None, annotation: str) -> Parsed:
    """Return the settings of any Ingress with these annotations; its name is not in the findings."""
    assert settings.fastcgi, "only who speaks FastCGI has parameters"
    assert settings.fastcgi.configmap, "only who names a ConfigMap gets its parameters"
    where = f"ConfigMap {'/'.join(settings.fastcgi.configmap)}"
    if configmap is None:
        return _closed(settings, annotation, f"found no {where}, expected one with parameters")
    params: list[tuple[str, Expr]] = []
    for name, value in _checked(configmap):
        if isinstance(value, Rejected):
            says = f"found the parameter {shown(name)} in {where}, expected {value.expected}"
            return _closed(settings, annotation, says)
        params.append((name, value))
    return with_fastcgi_params(settings, tuple(params), "", ())


def _checked(configmap: ConfigMap) -> Iterator[tuple[str, Expr | Rejected]]:
    for name, text in sorted(configmap.data):
        checked = _name(name)
        yield name, checked if isinstance(checked, Rejected) else decoded(_value, text)


def _closed(settings: Parsed, annotation: str, says: str) -> Parsed:
    reason, hint = Reason.LOCATION_DENIED, "the location answers 503 until this is mended"
    field = f"metadata.annotations[{annotation}]"
    said = Diagnostic(ANY, field, reason, Severity.REJECTED, says, hint)
    return with_fastcgi_params(settings, (), says, (said,))
