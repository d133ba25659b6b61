"""Metrics of what is served: how much, with which certificates, and for which Ingresses nobody answers.

Read off what was compiled when somebody asks.  Names and labels of certificates and orphans are
ingress-nginx's.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from painless.compiler import Compiled
from painless.compiler.certificates import DEFAULT
from painless.compiler.site import Proxy, Site, Unavailable
from painless.observe.labels import PREFIX
from painless.sensitive import Sensitive

_NO_SERVICE, _NO_ENDPOINT = "no-service", "no-endpoint"
_ALGORITHMS = (
    (rsa.RSAPublicKey, "RSA"),
    (ec.EllipticCurvePublicKey, "ECDSA"),
    (ed25519.Ed25519PublicKey, "Ed25519"),
)
_OF_ALL = "_"
"""The host of what answers for hosts that nobody has."""


class About(NamedTuple):
    """What a certificate is; ``ends`` is in seconds since 1970."""

    ends: float
    serial: str
    organization: str
    common_name: str
    algorithm: str


class Certified(NamedTuple):
    """The certificate of a host, and the Secret that it is from, if from one."""

    host: str
    namespace: str
    secret: str
    about: About


class Serves(NamedTuple):
    """How much is served by kind, Ingresses without an answer (namespace, name, why), certificates."""

    counts: Mapping[str, int] = {}
    orphans: Iterable[tuple[str, str, str]] = ()
    certificates: Iterable[Certified] = ()


class Served(Collector):
    """What ``serves`` returns, as series; ``class_`` is the label of certificates."""

    def __init__(self, serves: Callable[[], Serves], class_: str) -> None:
        self._serves = serves
        self._class = class_

    def collect(self) -> Iterator[Metric]:
        serves = self._serves()
        yield _counts(serves.counts)
        yield _orphans(serves.orphans)
        yield from self._certificates(serves.certificates)

    def _certificates(self, certificates: Iterable[Certified]) -> Iterator[Metric]:
        labels = ["namespace", "class", "host", "secret_name", "identifier"]
        more = ["issuer_organization", "issuer_common_name", "serial_number", "public_key_algorithm"]
        expire = GaugeMetricFamily(
            f"{PREFIX}ssl_expire_time_seconds",
            "When the certificate of a host ends, in seconds since 1970; host _ is all that have none of "
            "their own. Told by the leader.",
            labels=labels,
        )
        info = GaugeMetricFamily(
            f"{PREFIX}ssl_certificate_info", "1; what the certificate of a host is.", labels=[*labels, *more]
        )
        for one in certificates:
            about = one.about
            values = [one.namespace, self._class, one.host, one.secret, about.serial]
            expire.add_metric(values, about.ends)
            info.add_metric(
                [*values, about.organization, about.common_name, about.serial, about.algorithm], 1
            )
        yield from (expire, info)


def _counts(counts: Mapping[str, int]) -> Metric:
    found = GaugeMetricFamily(
        "painless_served", "What the configuration has, by kind: the same in all replicas.", labels=["what"]
    )
    for what, count in counts.items():
        found.add_metric([what], count)
    return found


def _orphans(orphans: Iterable[tuple[str, str, str]]) -> Metric:
    found = GaugeMetricFamily(
        f"{PREFIX}orphan_ingress",
        "1 for an Ingress with a path that nobody answers: it has no Service, or that no pod that is ready.",
        labels=["namespace", "ingress", "type"],
    )
    for labels in sorted(set(orphans)):
        found.add_metric(labels, 1)
    return found


def serves(compiled: Compiled | None, without_pods: frozenset[str], *, leads: bool) -> Serves:
    """Return what is served; ``without_pods`` are upstreams.  Only who leads tells of certificates."""
    if compiled is None:
        return Serves()
    site = compiled.site
    counts = {
        "ingresses": len(compiled.ingresses),
        "servers": len(site.servers),
        "upstreams": len(site.upstreams),
    }
    # As in ingress-nginx: one replica tells, since all have the same.
    return Serves(counts, _unanswered(site, without_pods), _certified(compiled) if leads else ())


def _unanswered(site: Site, without_pods: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    for location in (each for server in site.servers for each in server.locations):
        ref, answer = location.route.origin.ref, location.route.answer
        if ref.kind != "Ingress":
            continue
        if isinstance(answer, Unavailable):
            yield ref.namespace, ref.name, _NO_SERVICE
        elif isinstance(answer, Proxy) and answer.upstream in without_pods:
            yield ref.namespace, ref.name, _NO_ENDPOINT


def _certified(compiled: Compiled) -> Iterator[Certified]:
    hot = compiled.generation.hot
    for host, file in {**compiled.site.certificates, _OF_ALL: DEFAULT}.items():
        if pem := hot.get(f"certificates/{file}.pem"):
            # The file is named by namespace and Secret, and a namespace has no dot.
            namespace, _, secret = ("", "", "") if file == DEFAULT else file.partition(".")
            yield Certified(host, namespace, secret, _about(pem))


# Twice the Secrets of the largest cluster we measure; a scrape has to look at all.
@lru_cache(maxsize=16_384)
def _about(pem: Sensitive) -> About:
    """Read a certificate that the compiler has checked."""
    leaf = x509.load_pem_x509_certificate(pem.reveal())
    public = leaf.public_key()
    return About(
        ends=leaf.not_valid_after_utc.timestamp(),
        serial=str(leaf.serial_number),
        organization=_named(leaf.issuer, x509.NameOID.ORGANIZATION_NAME),
        common_name=_named(leaf.issuer, x509.NameOID.COMMON_NAME),
        algorithm=next((name for kind, name in _ALGORITHMS if isinstance(public, kind)), ""),
    )


def _named(name: x509.Name, oid: x509.ObjectIdentifier) -> str:
    return ", ".join(str(one.value) for one in name.get_attributes_for_oid(oid))
