"""Checks of TLS: certificates, protocols, sessions."""

from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Limit, Severity, at
from painless.doctor.conf import Block, Conf, Directive, settings
from painless.doctor.facts import CERTIFICATES, CONF, WHOLE, Certificate, Fact
from painless.doctor.objects import WORKLOADS, Objects
from painless.doctor.pods import controllers, replicas
from painless.doctor.units import number

WEAK = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"})
WEAK_CIPHERS = ("NULL", "EXP", "RC4", "DES-CBC3", "3DES", "MD5")
SOON, NEAR, LATER = 7, 21, 30  # Days.
HALF_A_YEAR = 15552000  # Seconds.
PROTOCOLS = "ssl_protocols TLSv1.2 TLSv1.3;"


def ends(certificates: Fact[tuple[Certificate, ...]], *, limit: float) -> Iterator[Finding]:
    """On the day a certificate ends no client gets through any more.

    Critical from a week before, high from three weeks, medium from thirty days.

    Verify: ``openssl x509 -enddate -noout -in FILE``.

    Fix: renew it; with cert-manager, look at the Certificate and its events.

    Sources: ingress-nginx's alert NGINXCertificateExpiry, at seven days.
    """
    for one in certificates.value:
        if one.ends_in <= limit:
            severity = (
                Severity.CRITICAL if one.ends_in <= SOON else Severity.HIGH if one.ends_in <= NEAR else None
            )
            says = (
                f"ends in {one.ends_in:.0f} days" if one.ends_in > 0 else f"ended {-one.ends_in:.0f} days ago"
            )
            yield Finding(
                f"certificate {one.name}",
                f"the certificate of {one.name} {says}",
                at(one.file, says),
                f"more than {limit:g} days",
                f"openssl x509 -noout -dates -in {one.file}",
                severity,
            )


def begins(certificates: Fact[tuple[Certificate, ...]]) -> Iterator[Finding]:
    """Clients refuse a certificate that is not valid yet.

    Verify: ``openssl x509 -startdate -noout -in FILE``, and the clock.

    Fix: the clock of whoever signed it, or waiting.

    Sources: RFC 5280, 4.1.2.5.
    """
    for one in certificates.value:
        if one.begins_in > 0:
            yield Finding(
                f"certificate {one.name}",
                f"the certificate of {one.name} is valid in {one.begins_in:.1f} days only",
                at(one.file, f"begins in {one.begins_in:.1f} days"),
                "valid now",
                f"openssl x509 -noout -dates -in {one.file}",
            )


def weak(conf: Fact[Conf]) -> Iterator[Finding]:
    """Old protocols and ciphers let whoever is between read along.

    Verify: ``openssl s_client -tls1_1 -connect HOST:443``.

    Fix: TLS 1.2 and 1.3 alone.

    Sources: RFC 8996; RFC 9325.
    """
    spoken = {one.value("ssl_protocols") for one in _secure(conf.value)}
    for one in conf.value.all("ssl_protocols"):
        # What is said above servers without TLS is spoken by nobody.
        if (found := sorted(WEAK & set(one.args))) and (one in spoken or not conf.value.servers):
            yield Finding(
                f"{one.block.label} ssl_protocols",
                f"{', '.join(found)} may be spoken",
                at(one.where, one.text),
                "TLSv1.2 and TLSv1.3",
                PROTOCOLS,
            )
    for one in conf.value.all("ssl_ciphers"):
        on = [each for each in one.first.split(":") if each and each[0] not in "!-+@"]
        if bad := [each for each in on if any(name in each.upper() for name in WEAK_CIPHERS)]:
            yield Finding(
                f"{one.block.label} ssl_ciphers",
                f"{', '.join(bad)} may be chosen",
                at(one.where, one.text),
                "none of them",
                "ssl_ciphers HIGH:!aNULL:!MD5;",
            )


def no_resumption(conf: Fact[Conf]) -> Iterator[Finding]:
    """Each connection is a full handshake, which takes CPU exactly when many come at once.

    Verify: ``openssl s_client -reconnect -connect HOST:443 | grep Reused``.

    Fix: a cache that workers share.

    Sources: https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_session_cache
    """
    for tickets, servers in settings(_secure(conf.value), "ssl_session_tickets").items():
        bare = [one for one in servers if _cache(one) in {"none", "off"}]
        if tickets is not None and tickets.first == "off" and bare:
            yield Finding(
                f"{bare[0].label} ssl_session_cache",
                f"sessions of {len(bare)} servers are never resumed",
                at(tickets.where, tickets.text),
                "a cache, or tickets",
                "ssl_session_cache shared:SSL:10m;",
            )


def downgrade(conf: Fact[Conf]) -> Iterator[Finding]:
    """Without HSTS the first request of a client may go over plain HTTP, and be answered by somebody else.

    Verify: ``curl -sI https://HOST/ | grep -i strict``.

    Fix: the header, for half a year or more.

    Sources: RFC 6797.
    """
    bare = [one for one in _secure(conf.value) if not _hsts(one)]
    if bare:
        yield Finding(
            "Strict-Transport-Security",
            f"{len(bare)} TLS servers send no HSTS for half a year or more",
            at(bare[0].where, bare[0].label),
            f"max-age={HALF_A_YEAR} or more",
            'add_header Strict-Transport-Security "max-age=31536000" always;',
        )


def no_stapling(conf: Fact[Conf]) -> Iterator[Finding]:
    """Stapling asks a name on the Internet, and without ``resolver`` it never gets an answer.

    Verify: ``openssl s_client -status -connect HOST:443``.

    Fix: a ``resolver``, or stapling off: authorities give it up.

    Sources: https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_stapling
    """
    for one in conf.value.all("ssl_stapling"):
        if one.first == "on" and one.block.value("resolver") is None:
            yield Finding(
                f"{one.block.label} ssl_stapling",
                "stapling has no resolver",
                at(one.where, one.text),
                "a resolver, or off",
                "ssl_stapling off;",
            )


def tenants_certificate(conf: Fact[Conf]) -> Iterator[Finding]:
    """Who asks for a name nobody has is shown somebody's certificate, and so that one's names.

    Verify: ``openssl s_client -connect ADDRESS:443 -servername nobody.invalid``.

    Fix: ``ssl_reject_handshake on`` in the default server.

    Sources: https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_reject_handshake
    """
    for server in conf.value.servers:
        marked = [
            one for one in server.own.get("listen", ()) if "default_server" in one.args and "ssl" in one.args
        ]
        names = [name for one in server.own.get("server_name", ()) for name in one.args]
        shown = server.own.get("ssl_certificate", [])
        if marked and shown and "_" not in names and names and len(_secure(conf.value)) > 1:
            yield Finding(
                server.label,
                f"unknown names are shown the certificate of {names[0]}",
                (Evidence(marked[0].text, marked[0].where), Evidence(shown[0].text, shown[0].where)),
                "none",
                "server { listen 443 ssl default_server; ssl_reject_handshake on; }",
            )


def _secure(conf: Conf) -> list[Block]:
    return [one for one in conf.servers if any("ssl" in each.args for each in one.own.get("listen", ()))]


def _cache(server: Block) -> str:
    found = server.value("ssl_session_cache")
    return found.first if found else "none"


def _hsts(server: Block) -> bool:
    """Whether a server, or all it could be in, sends the header for long enough; what a variable has may."""
    for one in server.nearest("add_header"):
        if one.first.lower() == "strict-transport-security":
            value = one.args[1] if len(one.args) > 1 else ""
            age = value.partition("max-age=")[2].partition(";")[0].strip()
            return "$" in value or (number(age) or 0) >= HALF_A_YEAR
    return any(one.name == "return" for some in server.own.values() for one in some)


def tickets_of_one(conf: Fact[Conf], workloads: Fact[Objects]) -> Iterator[Finding]:
    """A ticket of one Pod says nothing to another one, so that clients make full handshakes at random.

    Verify: ``openssl s_client -reconnect`` through the balancer: some sessions are new.

    Fix: ``ssl-session-ticket-key`` of the ConfigMap for all Pods, or no tickets.

    Sources: https://nginx.org/en/docs/http/ngx_http_ssl_module.html#ssl_session_ticket_key
    """
    every = (one.workload for one in controllers(workloads.value))
    several = next((one for one in every if (replicas(one) or 1) > 1), None)
    for one in _secure(conf.value)[:1] if several is not None else ():
        wanted = one.value("ssl_session_tickets")
        if (
            (wanted is None or wanted.first == "on")
            and one.value("ssl_session_ticket_key") is None
            and several
        ):
            yield Finding(
                "tickets",
                f"{replicas(several)} Pods have a key of tickets each",
                (_set(wanted, "ssl_session_tickets on"), several.at("spec.replicas").seen),
                "one key for all of them, or off",
                "ssl_session_tickets off;",
            )


def _set(one: Directive | None, default: str) -> Evidence:
    return Evidence(one.text, one.where) if one else Evidence(default, "NGINX's default")


CHECKS = (
    Check(
        "T001",
        Severity.MEDIUM,
        "A certificate ends",
        ends,
        (CERTIFICATES,),
        limit=Limit(LATER, "days before its end from which on a certificate is told of"),
    ),
    Check("T002", Severity.HIGH, "A certificate is not valid yet", begins, (CERTIFICATES,)),
    Check("T003", Severity.HIGH, "Weak protocols or ciphers", weak, (CONF,)),
    Check("T004", Severity.MEDIUM, "Sessions are never resumed", no_resumption, (WHOLE,)),
    Check("T005", Severity.MEDIUM, "Tickets of one Pod", tickets_of_one, (WHOLE, WORKLOADS)),
    Check("T007", Severity.LOW, "No HSTS", downgrade, (WHOLE,)),
    Check("T008", Severity.MEDIUM, "Stapling cannot work", no_stapling, (WHOLE,)),
    Check("T010", Severity.MEDIUM, "Unknown names see a certificate", tenants_certificate, (CONF,)),
)
