"""Which certificate each name is served with, and whether it has TLS at all."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from painless.compiler.options import Options
from painless.compiler.tls import BadCertificate, Certificate, certificate_of, covers
from painless.features import Parsed
from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import Ingress, ObjectRef, Origin
from painless.model.snapshot import Snapshot
from painless.sensitive import Sensitive

DEFAULT = "default"
"""The hot file, without suffix, of the certificate for names that have none of their own."""


class Names(Struct, frozen=True):
    """The names of a server, apart by whether plain HTTP is redirected for them."""

    with_tls: tuple[str, ...]
    without_tls: tuple[str, ...]


class Certificates:
    """Chooses certificates; collects the hot files and what is wrong."""

    def __init__(self, snapshot: Snapshot, options: Options) -> None:
        self._snapshot = snapshot
        self._options = options
        self._file_of: dict[str, str] = {}
        self._of_file: dict[str, Certificate] = {}
        self._decided_by: dict[str, tuple[ObjectRef, str]] = {}
        self.hot: dict[str, Sensitive] = {}
        self.diagnostics: list[Diagnostic] = []
        self._default = self._default_pem()
        self._put(DEFAULT, self._default)

    def choose(self, primaries: Iterable[tuple[Ingress, Parsed]], hosts: Iterable[str]) -> None:
        """Decide for each host: the oldest Ingress of the host with ``spec.tls`` does."""
        known = set(hosts) - {""}
        for ingress, _ in primaries:
            if not ingress.tls:
                continue
            for at, rule in enumerate(ingress.rules):
                if rule.host not in known:
                    continue
                origin = Origin(ingress.ref, f"spec.rules[{at}].host")
                name = self._secret_name(ingress, rule.host)
                if rule.host in self._file_of:
                    self._say_if_other(rule.host, name, origin)
                else:
                    self._decided_by[rule.host] = ingress.ref, name
                    self._file_of[rule.host] = self._file_for(ingress.namespace, name, rule.host, origin)

    def name_aliases(self, host: str, aliases: tuple[str, ...]) -> Names:
        """Return the names of ``host`` apart by TLS; an alias has it where the certificate covers it."""
        with_tls: list[str] = []
        without: list[str] = []
        for name in (host, *aliases):
            if name != host and host in self._file_of and self._alias_covered(host, name):
                self._file_of[name] = self._file_of[host]
            (with_tls if self.has_tls(name) else without).append(name)
        return Names(tuple(with_tls), tuple(without))

    def has_tls(self, name: str) -> bool:
        """Whether a certificate was asked for this name or for the wildcard above it."""
        return name in self._file_of or (name != "" and f"*.{name.partition('.')[2]}" in self._file_of)

    def by_name(self) -> Mapping[str, str]:
        return {name: self._file_of[name] for name in sorted(self._file_of)}

    def _alias_covered(self, host: str, alias: str) -> bool:
        found = self._of_file.get(self._file_of[host])
        return found is not None and covers(found, alias)

    def _say_if_other(self, host: str, name: str, origin: Origin) -> None:
        """Tell a younger Ingress whose Secret is not the one that the host is served with."""
        owner, decided = self._decided_by[host]
        if name and (origin.ref.namespace, name) != (owner.namespace, decided):
            has = f"Secret {owner.namespace}/{decided}" if decided else "the default certificate"
            says = f"found Secret {origin.ref.namespace}/{name} for {host}, which {owner} serves with {has}"
            self._say(
                origin, Reason.TLS_CONFLICT, says, "the oldest Ingress of a host decides its certificate"
            )

    def _file_for(self, namespace: str, name: str, host: str, origin: Origin) -> str:
        if not name:
            return DEFAULT
        secret = self._snapshot.secrets.get((namespace, name))
        file = f"{namespace}.{name}"
        if secret is None:
            says = f"found no Secret {namespace}/{name}, expected one with a certificate"
            self._say(origin, Reason.SECRET_NOT_FOUND, says, "the default certificate is served")
            # The file has its place already, so the Secret can come without a reload.
            self._put(file, self._default)
            return file
        found = certificate_of(secret)
        if isinstance(found, BadCertificate):
            says = f"found {found.found} in {secret.ref}, expected a certificate with its key"
            self._say(origin, Reason.INVALID_CERTIFICATE, says, "the default certificate is served")
            self._put(file, self._default)
            return file
        if not covers(found, host):
            names = ", ".join(found.names[:5]) or "no names"
            says = f"found a certificate for {names} in {secret.ref}, expected one for {host}"
            self._say(origin, Reason.CERTIFICATE_MISMATCH, says, "the default certificate is served")
            return DEFAULT
        self._put(file, found.pem)
        self._of_file[file] = found
        return file

    def _secret_name(self, ingress: Ingress, host: str) -> str:
        """Return the Secret of the first entry that lists the host, else one whose certificate covers it."""
        for entry in ingress.tls:
            if any(one.lower() == host for one in entry.hosts):
                return entry.secret
        for entry in ingress.tls:
            secret = self._snapshot.secrets.get((ingress.namespace, entry.secret))
            found = certificate_of(secret) if secret else None
            if isinstance(found, Certificate) and covers(found, host):
                return entry.secret
        return ""

    def _default_pem(self) -> Sensitive:
        name = self._options.default_certificate
        if name is None:
            return self._options.fallback_certificate
        secret = self._snapshot.secrets.get(name)
        found = certificate_of(secret) if secret else None
        if isinstance(found, Certificate):
            self._of_file[DEFAULT] = found
            return found.pem
        what = found.found if found else "no such Secret"
        says = f"found {what}, expected the certificate of --default-ssl-certificate"
        origin = Origin(ObjectRef("Secret", *name), "data")
        self._say(origin, Reason.INVALID_CERTIFICATE, says, "a certificate of our own is served")
        return self._options.fallback_certificate

    def _put(self, file: str, pem: Sensitive) -> None:
        self.hot[f"certificates/{file}.pem"] = pem

    def _say(self, origin: Origin, reason: Reason, says: str, hint: str) -> None:
        self.diagnostics.append(Diagnostic(origin.ref, origin.field, reason, Severity.ERROR, says, hint))
