"""Checks of how the kernel is set in NGINX's network namespace, and of what it counts there."""

from collections.abc import Iterator

from painless.doctor import conf as nginx
from painless.doctor import sysctls
from painless.doctor.check import Check, Evidence, Finding, Limit, Severity, at, setting
from painless.doctor.conf import Conf, Directive
from painless.doctor.facts import CONF, COUNTERS, PACKETS, SOCKETS, Fact, Moved

SHORTEST = 1024  # Connections: five thousand a second for the 0.2 s that a worker may be busy.
USUAL = 511  # NGINX's own backlog on Linux.
FEWEST_PORTS = 16384
UNSET = 1 << 31  # What tcp_notsent_lowat says when it is not set, and above.


def no_cookies(cookies: Fact[int]) -> Iterator[Finding]:
    """Without SYN cookies a flood of SYNs fills the queue, and the connections of real clients are dropped.

    Verify: ``sysctl net.ipv4.tcp_syncookies``.

    Fix: set it to 1; it is a safe sysctl, which a Pod may set for itself.

    Sources: Linux, ip-sysctl; Kubernetes, "Using sysctls in a Kubernetes Cluster".
    """
    if cookies.value == 0:
        yield setting(sysctls.COOKIES, cookies.value, cookies.source, "1", 1)


def aborts(abort: Fact[int]) -> Iterator[Finding]:
    """``tcp_abort_on_overflow`` makes a short burst an error: clients are reset that would have tried again.

    Connections that are lost on arrival of their SYN, which are most, stay silent all the same.

    Verify: ``sysctl net.ipv4.tcp_abort_on_overflow``.

    Fix: set it to 0 and mend what fills the queue.

    Sources: Linux, ip-sysctl; A. Veithen, "How TCP backlog works in Linux".
    """
    if abort.value == 1:
        yield setting(sysctls.ABORT, abort.value, abort.source, "0", 0)


def few_ports(
    ports: Fact[tuple[int, int]], reserved: Fact[tuple[tuple[int, int], ...]], *, limit: float
) -> Iterator[Finding]:
    """Each connection to a pod takes a local port, for a minute more where NGINX closes it first.

    When they are gone, connections to that pod fail at once and clients get 502.

    Verify: ``sysctl net.ipv4.ip_local_port_range``; the error log has "Cannot assign requested address".

    Fix: a wider range (a safe sysctl of the Pod), and idle connections kept to upstreams.

    Sources: Linux, ip-sysctl; nginx.com, "Tuning NGINX for Performance".
    """
    low, high = ports.value
    within = ((max(low, first), min(high, last)) for first, last in reserved.value)
    count = high - low + 1 - sum(max(0, last - first + 1) for first, last in within)
    if count < limit:
        yield Finding(
            sysctls.PORTS,
            f"{count} local ports can be used for connections to one address",
            at(ports.source, f"{sysctls.PORTS} = {low} {high}"),
            f"{limit:g} or more",
            f'sysctl -w {sysctls.PORTS}="1024 65535"',
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
                (Evidence(one.text, one.where), Evidence(f"{sysctls.PORTS} = {low} {high}", ports.source)),
                f"a port below {low}, or a reserved one",
                f"sysctl -w {sysctls.RESERVED}={number}",
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
        yield setting(sysctls.TIMESTAMPS, timestamps.value, timestamps.source, "1", 1)


def recycles(recycle: Fact[int]) -> Iterator[Finding]:
    """``tcp_tw_recycle`` drops the connections of clients that share an address behind a NAT.

    Verify: ``sysctl net.ipv4.tcp_tw_recycle``; Linux 4.12 removed it.

    Fix: set it to 0.

    Sources: Linux commit 4396e46187ca; Dropbox, "Optimizing web servers".
    """
    if recycle.value == 1:
        yield setting(sysctls.RECYCLE, recycle.value, recycle.source, "0", 0)


def slow_after_idle(idle: Fact[int]) -> Iterator[Finding]:
    """A kept connection that was idle starts as slowly as a new one.

    Verify: ``sysctl net.ipv4.tcp_slow_start_after_idle``.

    Fix: set it to 0 in NGINX's network namespace.

    Sources: Linux, ip-sysctl; Dropbox, "Optimizing web servers".
    """
    if idle.value == 1:
        yield setting(sysctls.IDLE_START, idle.value, idle.source, "0", 0)


def late_priorities(conf: Fact[Conf], lowat: Fact[int]) -> Iterator[Finding]:
    """What HTTP/2 has handed to the kernel cannot be overtaken any more by something urgent.

    Verify: ``sysctl net.ipv4.tcp_notsent_lowat``.

    Fix: 16384 keeps the kernel's queue short (an unsafe sysctl of the Pod).

    Sources: Cloudflare, "Optimizing HTTP/2 prioritization with BBR and tcp_notsent_lowat".
    """
    on = [one for one in conf.value.all("http2") if one.first == "on"]
    on += [one for one in conf.value.listens if "http2" in one.args]
    if on and lowat.value >= UNSET:
        yield setting(sysctls.LOWAT, lowat.value, lowat.source, "16384 with HTTP/2", 16384)


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


def long_fin(fin: Fact[int]) -> Iterator[Finding]:
    """Connections that NGINX has closed and the other side has not keep memory for that long.

    Verify: ``sysctl net.ipv4.tcp_fin_timeout``.

    Fix: 15 to 30 seconds; a safe sysctl of the Pod since Kubernetes 1.29.

    Sources: Linux, ip-sysctl; nginx.com, "Tuning NGINX for Performance".
    """
    if fin.value > 60:
        yield setting(sysctls.FIN, fin.value, fin.source, "60 or less", 30)


CHECKS = (
    Check("K008", Severity.HIGH, "SYN cookies are off", no_cookies, (sysctls.COOKIES,)),
    Check("K010", Severity.HIGH, "Overflows reset clients", aborts, (sysctls.ABORT,)),
    Check(
        "K012",
        Severity.HIGH,
        "Few local ports",
        few_ports,
        (sysctls.PORTS, sysctls.RESERVED),
        limit=Limit(FEWEST_PORTS, "local ports that there have to be"),
    ),
    Check(
        "K013",
        Severity.MEDIUM,
        "A listener's port may be taken",
        ports_overlap,
        (CONF, sysctls.PORTS, sysctls.RESERVED),
    ),
    Check("K015", Severity.HIGH, "TCP timestamps are off", no_timestamps, (sysctls.TIMESTAMPS,)),
    Check("K016", Severity.HIGH, "TIME_WAIT is recycled", recycles, (sysctls.RECYCLE,)),
    Check("K017", Severity.LOW, "Closed connections stay long", long_fin, (sysctls.FIN,)),
    Check("K018", Severity.LOW, "Idle connections start slowly", slow_after_idle, (sysctls.IDLE_START,)),
    Check(
        "K019", Severity.LOW, "HTTP/2 cannot reorder what is queued", late_priorities, (CONF, sysctls.LOWAT)
    ),
    Check("K021", Severity.HIGH, "TCP runs out of memory", memory_pressure, (COUNTERS, SOCKETS)),
    Check("K022", Severity.MEDIUM, "Packets are dropped before TCP", packets_dropped, (PACKETS,)),
)
