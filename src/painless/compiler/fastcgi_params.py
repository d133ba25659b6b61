"""Parameters for FastCGI that a ConfigMap holds: from its name to what is sent, or why not.

Pure, and before ``merge``, as ``auth_headers``.
"""

from collections.abc import Iterator

from painless.annotations.base import decoded
from painless.annotations.decode import REQUEST_VARIABLES, Rejected, matching, shown
from painless.compiler.named_configmap import Reader, closing, expression
from painless.features import Parsed, with_fastcgi_params
from painless.features.fastcgi import PARAMS
from painless.model.objects import ConfigMap
from painless.model.snapshot import Name
from painless.nginx.tokens import Expr

_VARIABLES = REQUEST_VARIABLES | {"document_root", "fastcgi_path_info", "fastcgi_script_name"}

_name = matching(r"[A-Za-z0-9_]{1,256}", "a name of letters, digits and _")
_value = expression(_VARIABLES)


def _named(settings: Parsed) -> Name | None:
    asked = settings.fastcgi
    return None if asked is None or settings.denied else asked.configmap


def _read(settings: Parsed, configmap: ConfigMap | None, prefix: str) -> Parsed:
    assert settings.fastcgi, "only who speaks FastCGI has parameters"
    assert settings.fastcgi.configmap, "only who names a ConfigMap gets its parameters"
    where = f"ConfigMap {'/'.join(settings.fastcgi.configmap)}"
    if configmap is None:
        return _closed(settings, prefix, f"found no {where}, expected one with parameters")
    params: list[tuple[str, Expr]] = []
    for name, value in _checked(configmap):
        if isinstance(value, Rejected):
            says = f"found the parameter {shown(name)} in {where}, expected {value.expected}"
            return _closed(settings, prefix, says)
        params.append((name, value))
    return with_fastcgi_params(settings, tuple(params), "", ())


def _checked(configmap: ConfigMap) -> Iterator[tuple[str, Expr | Rejected]]:
    for name, text in sorted(configmap.data):
        checked = _name(name)
        yield name, checked if isinstance(checked, Rejected) else decoded(_value, text)


def _closed(settings: Parsed, prefix: str, says: str) -> Parsed:
    said = closing(f"metadata.annotations[{prefix}/{PARAMS.name}]", says)
    return with_fastcgi_params(settings, (), says, (said,))


for_ingress = Reader(_named, _read)
"""Returns what an Ingress's annotations mean, with the parameters of the ConfigMap that it may name."""
