"""Checks of accept queues: what NGINX asks for, and what the kernel makes of it."""

from collections.abc import Iterator

from painless.doctor import conf as nginx
from painless.doctor import sysctls
from painless.doctor.check import Check, Evidence, Finding, Limit, Severity, at, setting
from painless.doctor.conf import Conf, Directive
from painless.doctor.facts import CONF, COUNTERS, LISTENERS, WHOLE, Fact, Listener, Moved

SHORTEST = 1024  # Connections: five thousand a second for the 0.2 s that a worker may be busy.
USUAL = 511  # NGINX's own backlog on Linux.
FEWEST_PORTS = 16384
UNSET = 1 << 31  # What tcp_notsent_lowat says when it is not set, and above.


def short_queue(listeners: Fact[tuple[Listener, ...]], *, limit: float) -> Iterator[Finding]:
    """A burst, or a worker that is busy for a moment, loses connections when the accept queue is short.

    The limit is what the kernel made of ``backlog`` and ``net.core.somaxconn``: the smaller of both.

    Verify: ``ss -ltn`` has the limit of each listener as Send-Q.

    Fix: raise ``net.core.somaxconn`` in the network namespace of NGINX, and ``backlog`` of the ``listen``.

    Sources: listen(2); Cloudflare, "SYN packet handling in the wild".
    """
    for one in listeners.value:
        if one.limit < limit:
            yield Finding(
                f"listener {one.name}",
                f"the accept queue of {one.name} holds {one.limit} connections",
                at(listeners.source, f"limit {one.limit}"),
                f"{limit:g} or more",
                f"sysctl -w {sysctls.SOMAXCONN}=4096   # and: listen … backlog=4096;",
            )


def default_backlog(conf: Fact[Conf], somaxconn: Fact[int]) -> Iterator[Finding]:
    """Without ``backlog=`` NGINX asks for a queue of 511 connections, however many the kernel would grant.

    Verify: ``ss -ltn`` shows 511 as Send-Q, ``sysctl net.core.somaxconn`` more.

    Fix: ``backlog=`` on one ``listen`` of each address; the others take it over.

    Sources: NGX_LISTEN_BACKLOG in NGINX's source; https://nginx.org/en/docs/http/ngx_http_core_module.html#listen
    """
    if somaxconn.value <= USUAL:
        return
    for address, listens in _addresses(conf.value).items():
        if not any(one.option("backlog") for one in listens):
            first = listens[0]
            yield Finding(
                f"listen {address}",
                f"listen {address} has no backlog: its queue holds {USUAL} connections",
                (
                    Evidence(first.text, first.where),
                    Evidence(f"{sysctls.SOMAXCONN} = {somaxconn.value}", somaxconn.source),
                ),
                f"backlog={somaxconn.value}, which the kernel grants",
                f"{first.text[:-1]} backlog={somaxconn.value};",
            )


def clamped_backlog(conf: Fact[Conf], listeners: Fact[tuple[Listener, ...]]) -> Iterator[Finding]:
    """The kernel cuts a ``backlog`` to ``net.core.somaxconn`` of the Pod, and NGINX says nothing about it.

    Verify: compare ``backlog`` with Send-Q of ``ss -ltn``.

    Fix: raise ``net.core.somaxconn`` in NGINX's network namespace, then change the number of ``backlog`` and
    reload: NGINX calls listen(2) again only for another number.

    Sources: listen(2); ngx_cycle.c.
    """
    for listen, wanted, one in _matched(conf.value, listeners.value):
        if wanted > one.limit:
            yield Finding(
                f"listen {nginx.address(listen)}",
                f"the queue of {one.name} holds {one.limit} connections, not {wanted}",
                (Evidence(listen.text, listen.where), Evidence(f"limit {one.limit}", listeners.source)),
                f"a limit of {wanted}",
                f"sysctl -w {sysctls.SOMAXCONN}={wanted}   # then another backlog and a reload, or a restart",
            )


def old_queue(
    conf: Fact[Conf], listeners: Fact[tuple[Listener, ...]], somaxconn: Fact[int]
) -> Iterator[Finding]:
    """A raised ``net.core.somaxconn`` changes nothing for sockets that listen already.

    A reload does not help either, unless the number of ``backlog`` itself changes.

    Verify: Send-Q of ``ss -ltn`` is below both ``backlog`` and ``net.core.somaxconn``.

    Fix: change ``backlog`` by one and reload, or restart NGINX.

    Sources: ngx_cycle.c, where listen(2) is called again.
    """
    for listen, wanted, one in _matched(conf.value, listeners.value):
        possible = min(wanted, somaxconn.value)
        if one.limit < possible:
            yield Finding(
                f"listen {nginx.address(listen)}",
                f"the queue of {one.name} still holds {one.limit} connections",
                (
                    Evidence(listen.text, listen.where),
                    Evidence(f"{sysctls.SOMAXCONN} = {somaxconn.value}", somaxconn.source),
                    Evidence(f"limit {one.limit}", listeners.source),
                ),
                f"{possible}, which backlog and the kernel would give",
                listen.text.replace(f"backlog={wanted}", f"backlog={wanted + 1}") + "   # and reload",
            )


def old_kernel(somaxconn: Fact[int]) -> Iterator[Finding]:
    """With ``net.core.somaxconn`` at 128, the default before Linux 5.4, no queue holds more than that.

    Verify: ``sysctl net.core.somaxconn``.

    Fix: raise it in the Pod (an unsafe sysctl: the kubelet has to allow it), or in an init container.

    Sources: Linux commit 19f92a030ca6; Kubernetes, "Using sysctls in a Kubernetes Cluster".
    """
    if somaxconn.value <= 128:
        yield setting(
            sysctls.SOMAXCONN, somaxconn.value, somaxconn.source, "4096, the kernel's default since 5.4", 4096
        )


def cookies_sent(counters: Fact[Moved]) -> Iterator[Finding]:
    """SYN cookies are sent when a SYN queue is full: in a flood, or with a far too small backlog.

    Verify: ``nstat -az TcpExtSyncookiesSent`` twice.

    Fix: see K001 for the queue; a flood is for whoever is in front of NGINX.

    Sources: Linux, ip-sysctl.
    """
    if sent := counters.value.by.get("SyncookiesSent", 0):
        yield Finding(
            "SYN cookies",
            f"{sent} SYN cookies were sent in {counters.value.seconds:.0f} s",
            at(counters.source, f"SyncookiesSent +{sent}"),
            "none",
            "ss -ltn   # is a queue at its limit?",
        )


def syn_backlog(conf: Fact[Conf], most: Fact[int], cookies: Fact[int]) -> Iterator[Finding]:
    """With SYN cookies off, ``tcp_max_syn_backlog`` limits connections that are being made, beside backlog.

    Verify: ``sysctl net.ipv4.tcp_max_syn_backlog net.ipv4.tcp_syncookies``.

    Fix: turn SYN cookies on, or raise it to the backlog.

    Sources: Linux, ip-sysctl.
    """
    for one in conf.value.listens:
        wanted = _backlog(one)
        if wanted is not None and cookies.value == 0 and most.value < wanted:
            yield Finding(
                f"listen {nginx.address(one)}",
                f"{sysctls.SYN_BACKLOG} is below the backlog of {nginx.address(one)}",
                (
                    Evidence(one.text, one.where),
                    Evidence(f"{sysctls.SYN_BACKLOG} = {most.value}", most.source),
                ),
                f"{wanted} or more",
                f"sysctl -w {sysctls.SYN_BACKLOG}={wanted}",
            )


def no_migration(conf: Fact[Conf], migrate: Fact[int]) -> Iterator[Finding]:
    """With ``reuseport`` each worker has a queue: a reload with fewer workers resets whoever waits in one.

    Verify: ``sysctl net.ipv4.tcp_migrate_req``.

    Fix: set it to 1 (Linux 5.14 and newer), or leave ``reuseport`` off.

    Sources: Linux, ip-sysctl, tcp_migrate_req.
    """
    found = [one for one in conf.value.listens if "reuseport" in one.args]
    if found and migrate.value == 0:
        yield Finding(
            sysctls.MIGRATE,
            "connections that wait are not moved when a worker's queue goes",
            (Evidence(found[0].text, found[0].where), Evidence(f"{sysctls.MIGRATE} = 0", migrate.source)),
            "1 with reuseport",
            f"sysctl -w {sysctls.MIGRATE}=1",
        )


def overflows_elsewhere(counters: Fact[Moved]) -> Iterator[Finding]:
    """Listeners of this namespace have lost connections since it began, maybe not of NGINX.

    An exporter on the node does not see it: the counter belongs to the network namespace.

    Verify: ``nstat -az TcpExtListenOverflows`` in NGINX's network namespace.

    Fix: see R001 when it happens; alert on ``painless_listen_drops_total`` or on this counter in the Pod.

    Sources: Linux, snmp counters; measured: overflows in a child namespace moved its own counter only.
    """
    if (lost := counters.value.now.get("ListenOverflows", 0)) and not counters.value.by.get(
        "ListenOverflows"
    ):
        yield Finding(
            "ListenOverflows",
            f"{lost} connections were lost to full accept queues since this network namespace began",
            at(counters.source, f"ListenOverflows {lost}"),
            "none",
            "nstat -az TcpExtListenOverflows TcpExtListenDrops",
        )


def _addresses(conf: Conf) -> dict[str, list[Directive]]:
    """Group the ``listen`` of TCP by what they bind."""
    found: dict[str, list[Directive]] = {}
    for one in conf.listens:
        if not one.first.startswith("unix:") and not {"udp", "quic"} & set(one.args):
            found.setdefault(nginx.address(one), []).append(one)
    return found


def _backlog(listen: Directive) -> int | None:
    text = listen.option("backlog") or ""
    return int(text) if text.isdecimal() else None


def _matched(conf: Conf, listeners: tuple[Listener, ...]) -> Iterator[tuple[Directive, int, Listener]]:
    """Yield each ``listen`` with a backlog, that number, and the sockets it became."""
    for listen in conf.listens:
        wanted = _backlog(listen)
        if wanted is not None:
            host, _, number = nginx.address(listen).rpartition(":")
            for one in listeners:
                same = host.strip("[]") == one.address or (host == "*" and one.address == "0.0.0.0")
                if same and str(one.port) == number:
                    yield listen, wanted, one


CHECKS = (
    Check(
        "K001",
        Severity.HIGH,
        "The accept queue is short",
        short_queue,
        (LISTENERS,),
        limit=Limit(SHORTEST, "connections that an accept queue has to hold"),
    ),
    Check(
        "K002", Severity.HIGH, "The backlog is NGINX's default", default_backlog, (WHOLE, sysctls.SOMAXCONN)
    ),
    Check("K003", Severity.HIGH, "The kernel cut the backlog", clamped_backlog, (CONF, LISTENERS)),
    Check(
        "K004",
        Severity.MEDIUM,
        "A listener is older than the sysctl",
        old_queue,
        (CONF, LISTENERS, sysctls.SOMAXCONN),
    ),
    Check("K006", Severity.MEDIUM, "No queue holds more than 128", old_kernel, (sysctls.SOMAXCONN,)),
    Check("K009", Severity.INFO, "SYN cookies are in use", cookies_sent, (COUNTERS,)),
    Check(
        "K011",
        Severity.LOW,
        "The SYN backlog is below the backlog",
        syn_backlog,
        (CONF, sysctls.SYN_BACKLOG, sysctls.COOKIES),
    ),
    Check(
        "K023", Severity.MEDIUM, "Waiting connections are not moved", no_migration, (CONF, sysctls.MIGRATE)
    ),
    Check("K027", Severity.INFO, "Queues overflowed before", overflows_elsewhere, (COUNTERS,)),
)
