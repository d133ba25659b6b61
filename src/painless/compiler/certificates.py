"""Which certificate each name is served with, and whether it has TLS at all."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from painless.compiler.lookup import Lookup
from painless.compiler.options import Options
from painless.compiler.tls import BadCertificate, Certificate, certificate_of, covers
from painless.features import Parsed
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef, Origin
from painless.sensitive import Sensitive

DEFAULT = "default"
"""The hot file, without suffix, of the certificate for names that have none of their own."""


class Chosen(Struct, frozen=True, gc=False):
    """The certificate of a host: its hot file, and what that holds, if not the default certificate."""

    file: str
    certificate: Certificate | None = None


class ByTls(Struct, frozen=True):
    """The names of a server, apart by whether plain HTTP is redirected for them."""

    with_tls: tuple[str, ...]
    without_tls: tuple[str, ...]


def choose(
    host: str, rules: Iterable[tuple[Ingress, Parsed, int]], lookup: Lookup
) -> tuple[Chosen | None, tuple[Diagnostic, ...]]:
    """Decide for a host: its oldest Ingress with ``spec.tls`` does; ``None`` without any."""
    chosen: Chosen | None = None
    decided: tuple[ObjectRef, str] = ObjectRef("", "", ""), ""
    diagnostics: list[Diagnostic] = []
    for ingress, _, at in rules:
        if not ingress.tls:
            continue
        origin = Origin(ingress.ref, f"spec.rules[{at}].host")
        name = _secret_name(ingress, host, lookup)
        if chosen is not None:
            diagnostics += _if_other(host, name, origin, decided)
            continue
        decided = ingress.ref, name
        chosen, said = _chosen(ingress.namespace, name, host, origin, lookup)
        diagnostics += said
    return chosen, tuple(diagnostics)


def _if_other(host: str, name: str, origin: Origin, decided: tuple[ObjectRef, str]) -> Iterable[Diagnostic]:
    """Tell a younger Ingress whose Secret is not the one that the host is served with."""
    owner, serves = decided
    if name and (origin.ref.namespace, name) != (owner.namespace, serves):
        has = f"Secret {owner.namespace}/{serves}" if serves else "the default certificate"
        says = f"found Secret {origin.ref.namespace}/{name} for {host}, which {owner} serves with {has}"
        yield _said(origin, Reason.TLS_CONFLICT, says, "the oldest Ingress of a host decides its certificate")


def _chosen(
    namespace: str, name: str, host: str, origin: Origin, lookup: Lookup
) -> tuple[Chosen, tuple[Diagnostic, ...]]:
    if not name:
        return Chosen(DEFAULT), ()
    instead = "the default certificate is served"
    secret = lookup.secrets.get((namespace, name))
    # The file has its place in any case, so that the Secret can come or be mended without a reload.
    file = Chosen(f"{namespace}.{name}")
    if secret is None:
        says = f"found no Secret {namespace}/{name}, expected one with a certificate"
        return file, (_said(origin, Reason.SECRET_NOT_FOUND, says, instead),)
    found = certificate_of(secret)
    if isinstance(found, BadCertificate):
        says = f"found {found.found} in {secret.ref}, expected a certificate with its key"
        return file, (_said(origin, Reason.INVALID_CERTIFICATE, says, instead),)
    if not covers(found, host):
        names = ", ".join(found.names[:5]) or "no names"
        says = f"found a certificate for {names} in {secret.ref}, expected one for {host}"
        return Chosen(DEFAULT), (_said(origin, Reason.CERTIFICATE_MISMATCH, says, instead),)
    return Chosen(file.file, found), ()


def _secret_name(ingress: Ingress, host: str, lookup: Lookup) -> str:
    """Return the Secret of the first entry that lists the host, else one whose certificate covers it."""
    for entry in ingress.tls:
        if any(one.lower() == host for one in entry.hosts):
            return entry.secret
    for entry in ingress.tls:
        secret = lookup.secrets.get((ingress.namespace, entry.secret))
        found = certificate_of(secret) if secret else None
        if isinstance(found, Certificate) and covers(found, host):
            return entry.secret
    return ""


class Certificates:
    """What the hosts have chosen, together: which names have TLS, and the hot files."""

    def __init__(self, lookup: Lookup, options: Options, chosen: Mapping[str, Chosen]) -> None:
        self.diagnostics: list[Diagnostic] = []
        self._chosen = dict(chosen)
        default = self._default_certificate(lookup, options)
        self._covering = {one.file: one.certificate for one in chosen.values() if one.certificate}
        if default:
            self._covering[DEFAULT] = default
        self._default = default.pem if default else options.fallback_certificate

    def name_aliases(self, host: str, aliases: tuple[str, ...]) -> ByTls:
        """Return the names of ``host`` apart by TLS; an alias has it where the certificate covers it."""
        with_tls: list[str] = []
        without: list[str] = []
        for name in (host, *aliases):
            if name != host:
                self.lend(host, name)
            (with_tls if self.has_tls(name) else without).append(name)
        return ByTls(tuple(with_tls), tuple(without))

    def lend(self, host: str, name: str) -> None:
        """Serve ``name`` with the certificate of ``host`` where that covers it."""
        if host in self._chosen and self._alias_covered(host, name):
            self._chosen[name] = self._chosen[host]

    def has_tls(self, name: str) -> bool:
        """Whether a certificate was asked for this name or for the wildcard above it."""
        return name in self._chosen or (name != "" and f"*.{name.partition('.')[2]}" in self._chosen)

    def by_name(self) -> Mapping[str, str]:
        return {name: self._chosen[name].file for name in sorted(self._chosen)}

    def hot(self) -> dict[str, Sensitive]:
        """Return the hot files; one whose Secret is missing or bad holds the default certificate."""
        files = {one.file for one in self._chosen.values()} | {DEFAULT}
        covering = self._covering
        return {
            f"certificates/{file}.pem": found.pem if (found := covering.get(file)) else self._default
            for file in files
        }

    def _alias_covered(self, host: str, alias: str) -> bool:
        found = self._covering.get(self._chosen[host].file)
        return found is not None and covers(found, alias)

    def _default_certificate(self, lookup: Lookup, options: Options) -> Certificate | None:
        name = options.default_certificate
        if name is None:
            return None
        secret = lookup.secrets.get(name)
        found = certificate_of(secret) if secret else None
        if isinstance(found, Certificate):
            return found
        what = found.found if found else "no such Secret"
        says = f"found {what}, expected the certificate of --default-ssl-certificate"
        origin = Origin(ObjectRef("Secret", *name), "data")
        said = _said(origin, Reason.INVALID_CERTIFICATE, says, "a certificate of our own is served")
        self.diagnostics.append(said)
        return None


def _said(origin: Origin, reason: Reason, says: str, hint: str) -> Diagnostic:
    return Diagnostic(origin.ref, origin.field, reason, Severity.ERROR, says, hint)
