"""Checks of the Secrets that Ingresses name for TLS."""

import shlex
from collections.abc import Iterator
from difflib import get_close_matches

from painless.doctor.check import Check, Evidence, Finding, Severity
from painless.doctor.facts import Fact
from painless.doctor.objects import INGRESSES, SECRETS, Objects, Pair, Some
from painless.doctor.parts import Part
from painless.doctor.pods import command
from painless.doctor.routes import covered, routes

SOON, LATER, LATEST = 7, 21, 30  # Days: as many as the alerts of ingress-nginx, and time for whoever renews.
LARGE = 3072  # Bits of RSA from which on a handshake takes several times as long.


def missing(ingresses: Fact[Objects], secrets: Fact[Some[Pair]]) -> Iterator[Finding]:
    """Without its Secret a host is served with the default certificate, and browsers refuse it.

    Verify: ``kubectl get secret`` in the namespace of the Ingress.

    Fix: the name of a Secret with tls.crt and tls.key in that namespace.

    Sources: Kubernetes, Ingress, TLS.
    """
    known = secrets.value.by_name
    for ingress, tls in _tls(ingresses.value):
        name, space = tls["secretName"].text, ingress.ref.namespace
        if "/" in name or (space, name) in known or not secrets.value.tells(space):
            continue
        elsewhere = sorted(within for within, each in known if each == name)
        near = get_close_matches(name, [each for within, each in known if within == space], 1)
        yield Finding(
            f"{ingress.ref} {name}",
            f"there is no Secret {name} in namespace {space}"
            + (f", but in {elsewhere[0]}" if elsewhere else ""),
            (tls["secretName"].seen,),
            f"{near[0]}, perhaps" if near else "a Secret with tls.crt and tls.key",
            shlex.join(("kubectl", "-n", space, "create", "secret", "tls", name))
            + " --cert=tls.crt --key=tls.key",
        )


def unusable(ingresses: Fact[Objects], secrets: Fact[Some[Pair]]) -> Iterator[Finding]:
    """A certificate without its key cannot be shown: the host gets the default one.

    Verify: ``openssl x509 -pubkey`` of the certificate and ``openssl pkey -pubout`` of the key.

    Fix: a pair.

    Sources: https://nginx.org/en/docs/http/ngx_http_ssl_module.html
    """
    for pair, ingress in _used(ingresses.value, secrets.value):
        if pair.problem:
            yield Finding(
                str(pair.ref),
                pair.problem,
                (Evidence(pair.problem, pair.where), Evidence(f"named by {ingress.ref}", ingress.where)),
                "a certificate and its key",
                command(pair.ref, "edit"),
            )


def ends(ingresses: Fact[Objects], secrets: Fact[Some[Pair]]) -> Iterator[Finding]:
    """When a certificate ends, no browser and no program talks to its hosts any more.

    Verify: ``openssl x509 -enddate`` with the Secret's tls.crt, decoded.

    Fix: renew it; see what cert-manager says (``kubectl describe certificate``).

    Sources: ingress-nginx, NGINXCertificateExpiry.
    """
    for pair, ingress in _used(ingresses.value, secrets.value):
        if not pair.problem and pair.ends_in <= LATEST:
            past = pair.ends_in <= 0
            yield Finding(
                str(pair.ref),
                f"it ended {-pair.ends_in:.0f} days ago" if past else f"it ends in {pair.ends_in:.0f} days",
                (
                    Evidence(", ".join(pair.hosts), pair.where),
                    Evidence(f"named by {ingress.ref}", ingress.where),
                ),
                f"more than {LATEST} days",
                "kubectl cert-manager renew NAME   # or replace the Secret",
                _how_soon(pair.ends_in),
            )


def other_host(ingresses: Fact[Objects], secrets: Fact[Some[Pair]]) -> Iterator[Finding]:
    """Browsers refuse a certificate without the name they asked for; a wildcard is for one label.

    Verify: ``openssl x509 -ext subjectAltName``.

    Fix: a certificate with that name.

    Sources: RFC 6125, 6.4.3.
    """
    known = secrets.value.by_name
    for ingress, tls in _tls(ingresses.value):
        pair = known.get((ingress.ref.namespace, tls["secretName"].text))
        for host in tls["hosts"].words if pair and not pair.problem else ():
            if pair and not covered(host.lower(), pair.hosts):
                yield Finding(
                    f"{ingress.ref} {host}",
                    f"the certificate of {pair.ref.name} is not for {host}",
                    (tls["hosts"].seen, Evidence(", ".join(pair.hosts) or "no names", pair.where)),
                    f"a certificate with {host}",
                    command(ingress.ref, "edit") + f"   # {tls['secretName'].field}",
                )


def costly(ingresses: Fact[Objects], secrets: Fact[Some[Pair]]) -> Iterator[Finding]:
    """Each handshake signs once: with 4,096 bits of RSA that takes many times as long as with ECDSA.

    Verify: ``openssl speed rsa2048 rsa4096 ecdsap256``.

    Fix: a key of ECDSA P-256, or RSA with 2,048 bits.

    Sources: Dropbox, Optimizing web servers for high throughput and low latency (2017).
    """
    for pair, _ in _used(ingresses.value, secrets.value):
        if pair.rsa_bits >= LARGE:
            yield Finding(
                str(pair.ref),
                f"its key is RSA with {pair.rsa_bits} bits",
                (Evidence(f"{pair.rsa_bits} bits", pair.where),),
                "ECDSA P-256",
                "privateKey: {algorithm: ECDSA, size: 256}   # in the Certificate of cert-manager",
                Severity.LOW if pair.rsa_bits == LARGE else None,
            )


def not_the_same(ingresses: Fact[Objects]) -> Iterator[Finding]:
    """A host of ``tls`` without a rule has a certificate for nothing; one with a rule alone has none.

    Verify: ``kubectl get ingress NAME -o yaml``.

    Fix: the same hosts in both.

    Sources: polaris, tlsSettingsMissing; Kubernetes, Ingress, TLS.
    """
    for ingress in ingresses.value:
        named = {host for tls in ingress.at("spec.tls").each() for host in tls["hosts"].words}
        ruled = {route.host for route in routes(ingress)} - {""}
        bare = sorted(host for host in ruled if not covered(host, named))
        idle = sorted(host for host in named - ruled if not any(covered(one, [host]) for one in ruled))
        if named and (bare or (idle and ruled)):
            yield Finding(
                str(ingress.ref),
                f"{(bare or idle)[0]} has a {'rule, no certificate' if bare else 'certificate, no rule'}",
                (
                    ingress.at("spec.tls").seen,
                    Evidence(f"hosts of rules: {', '.join(sorted(ruled))}", ingress.where),
                ),
                "the same hosts in tls and rules",
                command(ingress.ref, "edit") + "   # spec.tls",
            )


def _tls(ingresses: Objects) -> Iterator[tuple[Part, Part]]:
    for ingress in ingresses:
        for tls in ingress.at("spec.tls").each():
            if tls["secretName"].text:
                yield ingress, tls


def _used(ingresses: Objects, secrets: Some[Pair]) -> Iterator[tuple[Pair, Part]]:
    """Yield each Secret that an Ingress names, with the first that does."""
    known, seen = secrets.by_name, set()
    for ingress, tls in _tls(ingresses):
        key = (ingress.ref.namespace, tls["secretName"].text)
        if key in known and key not in seen:
            seen.add(key)
            yield known[key], ingress


def _how_soon(days: float) -> Severity:
    return Severity.CRITICAL if days <= SOON else Severity.HIGH if days <= LATER else Severity.MEDIUM


CHECKS = (
    Check("T011", Severity.HIGH, "A Secret that does not exist", missing, (INGRESSES, SECRETS)),
    Check("T012", Severity.HIGH, "A Secret that cannot be used", unusable, (INGRESSES, SECRETS)),
    Check("T013", Severity.CRITICAL, "A Secret's certificate ends", ends, (INGRESSES, SECRETS)),
    Check("T014", Severity.HIGH, "A certificate for other hosts", other_host, (INGRESSES, SECRETS)),
    Check("T006", Severity.MEDIUM, "An expensive key", costly, (INGRESSES, SECRETS)),
    Check("I015", Severity.LOW, "Hosts of TLS and of rules differ", not_the_same, (INGRESSES,)),
)
