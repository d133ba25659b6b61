"""Headers that a ConfigMap holds for the service of ``auth-url``: from its name to what is sent, or why not.

Pure, and before ``merge``, as ``custom_headers``.  A ConfigMap that cannot be had closes the location: what
decides about access may depend on what it is told.
"""

from painless.annotations.decode import Rejected, shown
from painless.annotations.urls import SAFE_VARIABLES
from painless.compiler.custom_headers import FRAMING, checked_headers
from painless.compiler.named_configmap import Reader, closing, expression
from painless.features import Parsed, with_auth_headers
from painless.features.external_auth import PROXY_SET_HEADERS
from painless.model.objects import ConfigMap
from painless.model.snapshot import Name
from painless.nginx.tokens import Expr

_value = expression(SAFE_VARIABLES)


def _named(settings: Parsed) -> Name | None:
    asked = settings.external_auth
    return None if asked is None or settings.denied else asked.configmap


def _read(settings: Parsed, configmap: ConfigMap | None, prefix: str) -> Parsed:
    asked = settings.external_auth
    assert asked, "only who asks a service has headers for it"
    assert asked.configmap, "only who names a ConfigMap gets its headers"
    where = f"ConfigMap {'/'.join(asked.configmap)}"
    if configmap is None:
        return _closed(settings, prefix, f"found no {where}, expected one with headers")
    headers: list[tuple[str, Expr]] = []
    for name, value in checked_headers(configmap, _value, FRAMING):
        if isinstance(value, Rejected):
            says = f"found the header {shown(name)} in {where}, expected {value.expected}"
            return _closed(settings, prefix, says)
        headers.append((name, value))
    return with_auth_headers(settings, tuple(headers), "", ())


def _closed(settings: Parsed, prefix: str, says: str) -> Parsed:
    said = closing(f"metadata.annotations[{prefix}/{PROXY_SET_HEADERS.name}]", says)
    return with_auth_headers(settings, (), says, (said,))


for_ingress = Reader(_named, _read)
"""Returns what an Ingress's annotations mean, with the headers of the ConfigMap that it may name."""
