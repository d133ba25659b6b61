"""TLS to applications: from the Secret an Ingress names to the files that NGINX shows and trusts by."""

from msgspec import Struct

from painless.compiler.lookup import Lookup
from painless.compiler.own_tls import AUTHORITIES_KEY, BadAuthorities, authorities_of
from painless.compiler.own_tls import Files as ColdFiles
from painless.compiler.tls import CERTIFICATE_KEY, PRIVATE_KEY, BadCertificate, certificate_of
from painless.features.backend_tls import SECRET, BackendTls, Files
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef, Secret
from painless.sensitive import Sensitive


class Backends:
    """Resolves what applications are asked with; collects the files, hot and cold."""

    def __init__(self, lookup: Lookup, annotations_prefix: str) -> None:
        self._lookup = lookup
        self._field = f"metadata.annotations[{annotations_prefix}/{SECRET.name}]"
        self.hot: dict[str, Sensitive] = {}
        self.cold: dict[str, str] = {}

    def of(
        self, wanted: BackendTls | None, ref: ObjectRef, diagnostics: list[Diagnostic]
    ) -> tuple[Files | None, str]:
        """Return the files of an Ingress's backends, or why its locations are closed."""
        if wanted is None or not wanted.secret:
            return None, ""
        elsewhere, _, name = wanted.secret.rpartition("/")
        namespace = elsewhere or ref.namespace
        secret = self._lookup.secrets.get((namespace, name))
        found = _read(secret, wanted) if secret else "no such Secret"
        if isinstance(found, str):
            says = f"found {found}, expected a certificate or authorities in {namespace}/{name}"
            reason = Reason.INVALID_CERTIFICATE if secret else Reason.SECRET_NOT_FOUND
            hint = "the path answers 503"
            diagnostics.append(Diagnostic(ref, self._field, reason, Severity.REJECTED, says, hint))
            return None, says
        if found.certificate:
            self.hot[f"backends/{found.files.certificate}.pem"] = found.certificate
        self.cold |= dict(found.cold)
        return found.files, ""


class _Found(Struct, frozen=True):
    files: Files
    certificate: Sensitive | None
    cold: ColdFiles


def _read(secret: Secret, wanted: BackendTls) -> _Found | str:
    """Return what a Secret holds for backends, or what is wrong with it."""
    shown = certificate_of(secret) if secret.get(CERTIFICATE_KEY) or secret.get(PRIVATE_KEY) else None
    trusted = authorities_of(secret) if secret.get(AUTHORITIES_KEY) else ()
    for one in (shown, trusted):
        if isinstance(one, BadCertificate | BadAuthorities):
            return one.found
    assert not isinstance(shown, BadCertificate), "returned above"
    assert not isinstance(trusted, BadAuthorities), "returned above"
    if wanted.verify and not trusted:
        return f"proxy-ssl-verify and no key {AUTHORITIES_KEY}"
    if not shown and not trusted:
        return f"neither {CERTIFICATE_KEY} nor {AUTHORITIES_KEY}"
    names = [name for name, _ in trusted]
    files = Files(
        certificate=f"{secret.namespace}.{secret.name}" if shown else "",
        authorities=names[0] if names else "",
        revoked=names[1] if len(names) > 1 else "",
    )
    return _Found(files, shown.pem if shown else None, trusted)
