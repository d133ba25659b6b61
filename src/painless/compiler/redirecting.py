"""What of a host only redirects: its root, and the name with or without ``www.`` beside it.

Of several Ingresses that ask for it the oldest has its way.
"""

from painless.compiler.options import Options
from painless.compiler.site import Twin
from painless.features import Parsed
from painless.model.objects import Ingress, Origin
from painless.nginx.tokens import Expr

Rules = tuple[tuple[Ingress, Parsed, int], ...]
WWW = "www."


def app_root(rules: Rules, options: Options) -> tuple[Expr, Origin] | None:
    """Return where the root of a host is, and who says so."""
    field = f"metadata.annotations[{options.annotations_prefix}/app-root]"
    return next(
        (
            (settings.app_root, Origin(ingress.ref, field))
            for ingress, settings, _ in rules
            if settings.app_root is not None
        ),
        None,
    )


def twin(name: str, rules: Rules, options: Options) -> Twin | None:
    """Return the host's other name; the catch-all and wildcards have none."""
    if not name or name.startswith("*."):
        return None
    other = name.removeprefix(WWW) if name.startswith(WWW) else f"{WWW}{name}"
    field = f"metadata.annotations[{options.annotations_prefix}/from-to-www-redirect]"
    return next(
        (
            Twin(other, settings.tls_redirect.code, Origin(ingress.ref, field))
            for ingress, settings, _ in rules
            if settings.www
        ),
        None,
    )
