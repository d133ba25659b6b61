"""Surprises that one Ingress has by itself: what is so today, with ingress-nginx, and hardly meant."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from painless.annotations.names import ANNOTATIONS
from painless.migrate.picture import TRUE
from painless.migrate.report import Surprise
from painless.model.diagnostics import Diagnostic, Reason
from painless.model.objects import Ingress

_TODAY: Mapping[Reason, str] = {
    Reason.UNKNOWN_ANNOTATION: "unknown-annotation",
    Reason.PATH_CONFLICT: "path-conflict",
    Reason.DEFAULT_BACKEND_CONFLICT: "path-conflict",
    Reason.ALIAS_CONFLICT: "alias-conflict",
    Reason.TLS_CONFLICT: "tls-conflict",
    Reason.HOST_CONFLICT: "host-conflict",
    Reason.SECRET_NOT_FOUND: "fake-certificate",
    Reason.INVALID_CERTIFICATE: "fake-certificate",
    Reason.CERTIFICATE_MISMATCH: "fake-certificate",
    Reason.SERVICE_NOT_FOUND: "no-service",
    Reason.PORT_NOT_FOUND: "no-service",
    Reason.CANARY_IGNORED: "canary-ignored",
    Reason.CANARY_WITHOUT_PRIMARY: "canary-alone",
    Reason.CANARY_CONFLICT: "canary-twice",
    Reason.UNSUPPORTED_BACKEND: "no-service",
    Reason.INCOMPLETE_ANNOTATION: "incomplete",
}
"""Findings that are as true today, by the name of the surprise.  ``RegexHost`` is the model's to tell."""


def of_finding(one: Diagnostic) -> Surprise | None:
    """Return what a finding says about today, if it does."""
    what = _TODAY.get(one.reason)
    fake = what == "fake-certificate"
    if what is None or (fake and one.field.startswith("metadata.annotations")):
        return None
    tail = "; clients see the fake certificate" if fake else ""
    return Surprise(what, f"{one.field}: {one.says}{tail}", one.hint or one.reason.mend)


def alone(ingress: Ingress, given: Mapping[str, str], prefix: str, *, snippets: bool) -> Iterator[Surprise]:
    """Yield what is odd about one Ingress, whoever else there is; ``given`` are its annotations.

    ``snippets`` says whether they are allowed today.
    """
    yield from _prefixes(ingress, prefix)
    yield from _redirects(ingress, given)
    dropped = [name for name in given if name.endswith("-snippet") and not snippets]
    if dropped:
        yield Surprise(
            "snippet-dropped",
            f"{', '.join(dropped)} is left out, since allow-snippet-annotations is off",
            "remove it; or whoever wrote it expects something that does not happen",
        )
    if given.get("enable-cors") in TRUE and _any_site(given):
        yield Surprise(
            "cors-any-site",
            "every site may read answers with the cookies of whoever visits it: cors-allow-origin is *, and "
            "cors-allow-credentials is on",
            'name the origins, or set cors-allow-credentials: "false"',
        )
    if "limit-allowlist" in given and not _readable(given["limit-allowlist"]):
        yield Surprise(
            "limits-off",
            "limit-allowlist cannot be read, which switches all limits of the Ingress off today",
            "correct the list; here all clients are counted until then",
        )


def _any_site(given: Mapping[str, str]) -> bool:
    credentials = given.get("cors-allow-credentials", "true") in TRUE
    return credentials and "*" in given.get("cors-allow-origin", "*").replace(" ", "").split(",")


def _readable(text: str) -> bool:

    for one in filter(None, (part.strip() for part in text.split(","))):
        try:
            ip_network(one, strict=False)
        except ValueError:
            return False
    return True


def _prefixes(ingress: Ingress, prefix: str) -> Iterator[Surprise]:
    """Names of ingress-nginx under somebody else's prefix, which nobody reads."""
    for name, _ in ingress.annotations:
        where, _, bare = name.rpartition("/")
        foreign = where != prefix and ("nginx" in where or "ingress" in where)
        if foreign and bare in ANNOTATIONS:
            yield Surprise("wrong-prefix", f"{name} is read by nobody", f"write {prefix}/{bare}")


def _redirects(ingress: Ingress, given: Mapping[str, str]) -> Iterator[Surprise]:
    if ingress.tls:
        return
    if given.get("force-ssl-redirect") in TRUE:
        yield Surprise(
            "redirect-without-certificate",
            "force-ssl-redirect sends everybody to HTTPS, and spec.tls is missing: unless another Ingress of "
            "the host has it, or the default certificate covers the host, browsers refuse the fake one",
            "add spec.tls",
        )
    elif given.get("ssl-redirect") in TRUE:
        yield Surprise(
            "redirect-without-certificate",
            "ssl-redirect does nothing: the Ingress has no spec.tls",
            "add spec.tls, or force-ssl-redirect where something in front ends TLS",
        )
