"""Checks of NGINX's version: what it does not do yet, what it does by itself, and which holes it has."""

from collections.abc import Iterator

from painless.doctor.check import Check, Evidence, Finding, Severity
from painless.doctor.conf import Conf, upgrades
from painless.doctor.facts import BUILD, CONF, Fact
from painless.doctor.flaws import FLAWS
from painless.doctor.units import counted
from painless.nginx.build import Build, Version, spelled

SLOT = 433  # Bytes that a worker touches at its start for each of its worker_connections; measured.
UPSTREAM_TIMES = (
    *("$request_time", "$upstream_connect_time", "$upstream_header_time", "$upstream_response_time"),
    *("$upstream_addr", "$upstream_status"),
)
QUIET = frozenset({"crit", "alert", "emerg"})
EXPLICIT: Version = (1, 29, 7)
WEBSOCKETS: Version = (1, 13, 7)


def no_end_of_websockets(conf: Fact[Conf], build: Fact[Build]) -> Iterator[Finding]:
    """Before NGINX 1.13.7 ``worker_shutdown_timeout`` did not end WebSockets that are passed on.

    Verify: ``nginx -v``.

    Fix: a newer NGINX.

    Sources: https://nginx.org/en/CHANGES (1.13.7).
    """
    passed = [one for one in conf.value.proxied() if upgrades(one)]
    if passed and build.value.version < WEBSOCKETS:
        yield Finding(
            "version",
            f"NGINX {spelled(build.value.version)} keeps old workers for as long as their WebSockets last",
            (
                Evidence(spelled(build.value.version), build.source),
                Evidence("passes upgrades on", passed[0].where),
            ),
            f"{spelled(WEBSOCKETS)} or newer",
            "apt-get install --only-upgrade nginx",
        )


def holes(conf: Fact[Conf], build: Fact[Build]) -> Iterator[Finding]:
    """A known hole of this version can be reached by what the configuration uses.

    Verify: ``nginx -v``, and NGINX's list of advisories.

    Fix: a version that has it closed.

    Sources: https://nginx.org/en/security_advisories.html
    """
    version = build.value.version
    for flaw in FLAWS:
        same = [one for one in flaw.fixed if one[:2] == version[:2]]
        closed = version >= same[0] if same else version >= max(flaw.fixed)
        used = flaw.reached(conf.value)
        if flaw.first <= version and not closed and used is not None:
            yield Finding(
                flaw.name,
                f"{flaw.name}: {flaw.about}",
                (Evidence(spelled(version), build.source), used),
                " or ".join(map(spelled, flaw.fixed)),
                "apt-get install --only-upgrade nginx",
            )


def implicit(conf: Fact[Conf], build: Fact[Build]) -> Iterator[Finding]:
    """NGINX 1.29.7 keeps connections to upstreams by default, and older ones do not.

    Verify: look for ``keepalive`` in each ``upstream`` and for ``proxy_http_version``.

    Fix: write both.

    Sources: https://nginx.org/en/CHANGES (1.29.7).
    """
    bare = [one for one in conf.value.upstreams if "keepalive" not in one.own]
    if bare:
        new = build.value.version >= EXPLICIT
        yield Finding(
            "keepalive",
            f"{counted(len(bare), 'upstream')} without keepalive: NGINX {spelled(build.value.version)} keeps "
            + ("connections to them" if new else "none to them"),
            (Evidence(f"upstream {' '.join(bare[0].args)}", bare[0].where),),
            "keepalive in each",
            "keepalive 32;",
        )


CHECKS = (
    Check(
        "N002", Severity.CRITICAL, "WebSockets keep old workers for ever", no_end_of_websockets, (CONF, BUILD)
    ),
    Check("N023", Severity.HIGH, "A known hole", holes, (CONF, BUILD)),
    Check("N024", Severity.INFO, "A default that changed", implicit, (CONF, BUILD)),
)
