"""Checks of the kernel: accept queues and the sysctls of NGINX's network namespace."""

from collections.abc import Iterator

from painless.doctor import conf as nginx
from painless.doctor.check import Check, Evidence, Finding, Severity, at
from painless.doctor.conf import Conf, Directive
from painless.doctor.facts import CONF, COUNTERS, LISTENERS, PACKETS, SOCKETS, WHOLE, Fact, Listener, Moved

SHORTEST = 1024  # Connections: five thousand a second for the 0.2 s that a worker may be busy.
USUAL = 511  # NGINX's own backlog on Linux.
FEWEST_PORTS = 16384
UNSET = 1 << 31  # What tcp_notsent_lowat says when it is not set, and above.

SOMAXCONN = "net.core.somaxconn"
SYN_BACKLOG = "net.ipv4.tcp_max_syn_backlog"
COOKIES = "net.ipv4.tcp_syncookies"
ABORT = "net.ipv4.tcp_abort_on_overflow"
MIGRATE = "net.ipv4.tcp_migrate_req"
PORTS = "net.ipv4.ip_local_port_range"
RESERVED = "net.ipv4.ip_local_reserved_ports"
TIMESTAMPS = "net.ipv4.tcp_timestamps"
RECYCLE = "net.ipv4.tcp_tw_recycle"
IDLE_START = "net.ipv4.tcp_slow_start_after_idle"
LOWAT = "net.ipv4.tcp_notsent_lowat"
FIN = "net.ipv4.tcp_fin_timeout"
TCP_MEM = "net.ipv4.tcp_mem"


def short_queue(listeners: Fact[tuple[Listener, ...]]) -> Iterator[Finding]:
    """A burst, or a worker that is busy for a moment, loses connections when the accept queue is short.

    The limit is what the kernel made of ``backlog`` and ``net.core.somaxconn``: the smaller of both.

    Verify: ``ss -ltn`` has the limit of each listener as Send-Q.

    Fix: raise ``net.core.somaxconn`` in the network namespace of NGINX, and ``backlog`` of the ``listen``.

    Sources: listen(2); Cloudflare, "SYN packet handling in the wild".
    """
    for one in listeners.value:
        if one.limit < SHORTEST:
            yield Finding(
                f"listener {one.name}",
                f"the accept queue of {one.name} holds {one.limit} connections",
                at(listeners.source, f"limit {one.limit}"),
                f"{SHORTEST} or more",
                f"sysctl -w {SOMAXCONN}=4096   # and: listen … backlog=4096;",
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
                    Evidence(f"{SOMAXCONN} = {somaxconn.value}", somaxconn.source),
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
                f"sysctl -w {SOMAXCONN}={wanted}   # then another backlog and a reload, or a restart",
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
                    Evidence(f"{SOMAXCONN} = {somaxconn.value}", somaxconn.source),
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
        yield _sysctl(SOMAXCONN, somaxconn, "4096, the kernel's default since 5.4", 4096)


def no_cookies(cookies: Fact[int]) -> Iterator[Finding]:
    """Without SYN cookies a flood of SYNs fills the queue, and the connections of real clients are dropped.

    Verify: ``sysctl net.ipv4.tcp_syncookies``.

    Fix: set it to 1; it is a safe sysctl, which a Pod may set for itself.

    Sources: Linux, ip-sysctl; Kubernetes, "Using sysctls in a Kubernetes Cluster".
    """
    if cookies.value == 0:
        yield _sysctl(COOKIES, cookies, "1", 1)


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


def aborts(abort: Fact[int]) -> Iterator[Finding]:
    """``tcp_abort_on_overflow`` makes a short burst an error: clients are reset that would have tried again.

    Connections that are lost on arrival of their SYN, which are most, stay silent all the same.

    Verify: ``sysctl net.ipv4.tcp_abort_on_overflow``.

    Fix: set it to 0 and mend what fills the queue.

    Sources: Linux, ip-sysctl; A. Veithen, "How TCP backlog works in Linux".
    """
    if abort.value == 1:
        yield _sysctl(ABORT, abort, "0", 0)


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
                f"{SYN_BACKLOG} is below the backlog of {nginx.address(one)}",
                (Evidence(one.text, one.where), Evidence(f"{SYN_BACKLOG} = {most.value}", most.source)),
                f"{wanted} or more",
                f"sysctl -w {SYN_BACKLOG}={wanted}",
            )


def few_ports(ports: Fact[tuple[int, int]], reserved: Fact[tuple[tuple[int, int], ...]]) -> Iterator[Finding]:
    """Each connection to a pod takes a local port, for a minute more where NGINX closes it first.

    When they are gone, connections to that pod fail at once and clients get 502.

    Verify: ``sysctl net.ipv4.ip_local_port_range``; the error log has "Cannot assign requested address".

    Fix: a wider range (a safe sysctl of the Pod), and idle connections kept to upstreams.

    Sources: Linux, ip-sysctl; nginx.com, "Tuning NGINX for Performance".
    """
    low, high = ports.value
    within = ((max(low, first), min(high, last)) for first, last in reserved.value)
    count = high - low + 1 - sum(max(0, last - first + 1) for first, last in within)
    if count < FEWEST_PORTS:
        yield Finding(
            PORTS,
            f"{count} local ports can be used for connections to one address",
            at(ports.source, f"{PORTS} = {low} {high}"),
            f"{FEWEST_PORTS} or more",
            f'sysctl -w {PORTS}="1024 65535"',
        )


def ports_overlap(
    conf: Fact[Conf], ports: Fact[tuple[int, int]], reserved: Fact[tuple[tuple[int, int], ...]]
) -> Iterator[Finding]:
    """A connection of NGINX's own may take the port of a listener that is not bound just then.

    NGINX then cannot start: "Address already in use".

    Verify: compare ``listen`` with ``sysctl net.ipv4.ip_local_port_range``.

    Fix: reserve the port (``ip_local_reserved_ports``), or listen below the range.

    Sources: Linux, ip-sysctl.
    """
    low, high = ports.value
    seen: dict[int, Directive] = {}
    for one in conf.value.listens:
        number = nginx.port(one)
        if number is not None and low <= number <= high:
            seen.setdefault(number, one)
    for number, one in seen.items():
        if not any(first <= number <= last for first, last in reserved.value):
            yield Finding(
                f"port {number}",
                f"port {number} lies within the range of ports for outgoing connections",
                (Evidence(one.text, one.where), Evidence(f"{PORTS} = {low} {high}", ports.source)),
                f"a port below {low}, or a reserved one",
                f"sysctl -w {RESERVED}={number}",
                # Ports on loopback are those of people who try things.
                Severity.INFO if one.first.startswith(("127.", "[::1]")) else None,
            )


def no_timestamps(timestamps: Fact[int]) -> Iterator[Finding]:
    """Without TCP timestamps old segments cannot be told from new ones, and ports are not reused early.

    Verify: ``sysctl net.ipv4.tcp_timestamps``.

    Fix: set it to 1; turning it off was never a gain.

    Sources: RFC 7323; Dropbox, "Optimizing web servers for high throughput and low latency".
    """
    if timestamps.value == 0:
        yield _sysctl(TIMESTAMPS, timestamps, "1", 1)


def recycles(recycle: Fact[int]) -> Iterator[Finding]:
    """``tcp_tw_recycle`` drops the connections of clients that share an address behind a NAT.

    Verify: ``sysctl net.ipv4.tcp_tw_recycle``; Linux 4.12 removed it.

    Fix: set it to 0.

    Sources: Linux commit 4396e46187ca; Dropbox, "Optimizing web servers".
    """
    if recycle.value == 1:
        yield _sysctl(RECYCLE, recycle, "0", 0)


def slow_after_idle(idle: Fact[int]) -> Iterator[Finding]:
    """A kept connection that was idle starts as slowly as a new one.

    Verify: ``sysctl net.ipv4.tcp_slow_start_after_idle``.

    Fix: set it to 0 in NGINX's network namespace.

    Sources: Linux, ip-sysctl; Dropbox, "Optimizing web servers".
    """
    if idle.value == 1:
        yield _sysctl(IDLE_START, idle, "0", 0)


def late_priorities(conf: Fact[Conf], lowat: Fact[int]) -> Iterator[Finding]:
    """What HTTP/2 has handed to the kernel cannot be overtaken any more by something urgent.

    Verify: ``sysctl net.ipv4.tcp_notsent_lowat``.

    Fix: 16384 keeps the kernel's queue short (an unsafe sysctl of the Pod).

    Sources: Cloudflare, "Optimizing HTTP/2 prioritization with BBR and tcp_notsent_lowat".
    """
    on = [one for one in conf.value.all("http2") if one.first == "on"]
    on += [one for one in conf.value.listens if "http2" in one.args]
    if on and lowat.value >= UNSET:
        yield _sysctl(LOWAT, lowat, "16384 with HTTP/2", 16384)


def memory_pressure(counters: Fact[Moved], sockets: Fact[tuple[int, int]]) -> Iterator[Finding]:
    """When TCP runs out of memory the kernel shrinks windows, and then ends connections.

    Verify: ``cat /proc/net/sockstat`` (``mem``, in pages) against ``sysctl net.ipv4.tcp_mem``.

    Fix: fewer idle connections and smaller buffers, or a larger ``tcp_mem`` on the node.

    Sources: Linux, ip-sysctl.
    """
    used, pressure = sockets.value
    moved = {
        name: counters.value.by[name]
        for name in ("TCPMemoryPressures", "TCPAbortOnMemory")
        if counters.value.by.get(name)
    }
    if used >= 0.8 * pressure or moved:
        told = tuple(Evidence(f"{name} +{count}", counters.source) for name, count in moved.items())
        yield Finding(
            "TCP memory",
            f"TCP uses {used} pages; from {pressure} on the kernel presses",
            (Evidence(f"{used} of {pressure} pages", sockets.source), *told),
            "less than 80 % of it",
            "sysctl net.ipv4.tcp_mem   # on the node; each idle connection has buffers",
        )


def packets_dropped(packets: Fact[Moved]) -> Iterator[Finding]:
    """Packets that a CPU could not take in time are lost before TCP sees them.

    Verify: ``/proc/net/softnet_stat``: the second column of each line counts them, in hexadecimal.

    Fix: a larger ``net.core.netdev_max_backlog`` on the node, or more CPUs that take packets (RPS).

    Sources: Linux, Documentation/networking/scaling.rst; nginx.com, "Tuning NGINX for Performance".
    """
    if dropped := packets.value.by.get("dropped", 0):
        yield Finding(
            "softnet",
            f"{dropped} packets were dropped in {packets.value.seconds:.0f} s before TCP saw them",
            at(packets.source, f"dropped +{dropped}"),
            "none",
            "sysctl -w net.core.netdev_max_backlog=10000   # on the node",
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
            MIGRATE,
            "connections that wait are not moved when a worker's queue goes",
            (Evidence(found[0].text, found[0].where), Evidence(f"{MIGRATE} = 0", migrate.source)),
            "1 with reuseport",
            f"sysctl -w {MIGRATE}=1",
        )


def long_fin(fin: Fact[int]) -> Iterator[Finding]:
    """Connections that NGINX has closed and the other side has not keep memory for that long.

    Verify: ``sysctl net.ipv4.tcp_fin_timeout``.

    Fix: 15 to 30 seconds; a safe sysctl of the Pod since Kubernetes 1.29.

    Sources: Linux, ip-sysctl; nginx.com, "Tuning NGINX for Performance".
    """
    if fin.value > 60:
        yield _sysctl(FIN, fin, "60 or less", 30)


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


def _sysctl(name: str, fact: Fact[int], expected: str, wanted: int) -> Finding:
    says = f"{name} is {fact.value}"
    return Finding(
        name, says, at(fact.source, f"{name} = {fact.value}"), expected, f"sysctl -w {name}={wanted}"
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
    Check("K001", Severity.HIGH, "The accept queue is short", short_queue, (LISTENERS,)),
    Check("K002", Severity.HIGH, "The backlog is NGINX's default", default_backlog, (WHOLE, SOMAXCONN)),
    Check("K003", Severity.HIGH, "The kernel cut the backlog", clamped_backlog, (CONF, LISTENERS)),
    Check(
        "K004",
        Severity.MEDIUM,
        "A listener is older than the sysctl",
        old_queue,
        (CONF, LISTENERS, SOMAXCONN),
    ),
    Check("K006", Severity.MEDIUM, "No queue holds more than 128", old_kernel, (SOMAXCONN,)),
    Check("K008", Severity.HIGH, "SYN cookies are off", no_cookies, (COOKIES,)),
    Check("K009", Severity.INFO, "SYN cookies are in use", cookies_sent, (COUNTERS,)),
    Check("K010", Severity.HIGH, "Overflows reset clients", aborts, (ABORT,)),
    Check(
        "K011",
        Severity.LOW,
        "The SYN backlog is below the backlog",
        syn_backlog,
        (CONF, SYN_BACKLOG, COOKIES),
    ),
    Check("K012", Severity.HIGH, "Few local ports", few_ports, (PORTS, RESERVED)),
    Check("K013", Severity.MEDIUM, "A listener's port may be taken", ports_overlap, (CONF, PORTS, RESERVED)),
    Check("K015", Severity.HIGH, "TCP timestamps are off", no_timestamps, (TIMESTAMPS,)),
    Check("K016", Severity.HIGH, "TIME_WAIT is recycled", recycles, (RECYCLE,)),
    Check("K017", Severity.LOW, "Closed connections stay long", long_fin, (FIN,)),
    Check("K018", Severity.LOW, "Idle connections start slowly", slow_after_idle, (IDLE_START,)),
    Check("K019", Severity.LOW, "HTTP/2 cannot reorder what is queued", late_priorities, (CONF, LOWAT)),
    Check("K021", Severity.HIGH, "TCP runs out of memory", memory_pressure, (COUNTERS, SOCKETS)),
    Check("K022", Severity.MEDIUM, "Packets are dropped before TCP", packets_dropped, (PACKETS,)),
    Check("K023", Severity.MEDIUM, "Waiting connections are not moved", no_migration, (CONF, MIGRATE)),
    Check("K027", Severity.INFO, "Queues overflowed before", overflows_elsewhere, (COUNTERS,)),
)
