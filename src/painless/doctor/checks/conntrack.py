"""Checks of connection tracking, in the network namespace that was looked at."""

from collections.abc import Iterator

from painless.doctor import sysctls
from painless.doctor.check import Check, Evidence, Finding, Severity, at
from painless.doctor.conf import Conf, Directive, upgrades
from painless.doctor.facts import CONF, TRACKED, TRACKING, Fact, Fill, Moved

NEAR = 0.95
MUCH = 0.75  # Where the alerts of node-mixin begin.
IN_USE = 0.01  # Of the table: below that nothing in this namespace is followed worth the name.
LONG = 432000  # Seconds: the kernel's default, five days.
DAY = 86400  # Seconds: what kube-proxy sets.


def full(tracked: Fact[Fill]) -> Iterator[Finding]:
    """With a full table the kernel drops new connections, and no counter of the listener moves.

    Verify: ``sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max``.

    Fix: a larger table with as many buckets, and fewer short connections: each stays for two minutes.

    Sources: measured: 80 SYNs into a table of 50 left 30 in SYN_SENT, and ListenDrops at 0.
    """
    if _share(tracked.value) >= NEAR:
        yield _fill(tracked, f"less than {NEAR:.0%}")


def much(tracked: Fact[Fill]) -> Iterator[Finding]:
    """The last quarter of the table goes within seconds when clients connect anew.

    Verify: ``sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max``.

    Fix: a larger table, in time.

    Sources: node-mixin, NodeHighNumberConntrackEntriesUsed.
    """
    if MUCH < _share(tracked.value) < NEAR:
        yield _fill(tracked, f"less than {MUCH:.0%}")


def dropped(moved: Fact[Moved]) -> Iterator[Finding]:
    """Packets are dropped because the table of connections is full.

    Verify: ``/proc/net/stat/nf_conntrack``, columns ``drop`` and ``early_drop``, in hexadecimal.

    Fix: a larger table now; then fewer short connections.

    Sources: Linux, nf_conntrack_core.c.
    """
    for name in ("drop", "early_drop"):
        if count := moved.value.by.get(name, 0):
            yield Finding(
                name,
                f"{count} connections were dropped in {moved.value.seconds:.0f} s: the table is full",
                at(moved.source, f"{name} +{count}"),
                "none",
                f"sysctl -w {sysctls.TRACKING}max=524288   # on the node",
            )


def buckets(tracked: Fact[Fill], count: Fact[int]) -> Iterator[Finding]:
    """With few buckets each lookup walks a long list, for each packet.

    Verify: ``sysctl net.netfilter.nf_conntrack_buckets``.

    Fix: a quarter of ``nf_conntrack_max`` or more, as kube-proxy has it.

    Sources: kube-proxy, conntrack.go.
    """
    if count.value and tracked.value.most / count.value > 4:
        wanted = tracked.value.most // 4
        yield Finding(
            sysctls.BUCKETS,
            f"{tracked.value.most} connections share {count.value} buckets",
            (
                Evidence(f"{sysctls.BUCKETS} = {count.value}", count.source),
                Evidence(f"{sysctls.TRACKING}max = {tracked.value.most}", tracked.source),
            ),
            f"{wanted} or more",
            f"sysctl -w {sysctls.BUCKETS}={wanted}   # on the node",
        )


def five_days(tracked: Fact[Fill], timeout: Fact[int]) -> Iterator[Finding]:
    """A peer that vanished keeps its place in the table for five days.

    Verify: ``sysctl net.netfilter.nf_conntrack_tcp_timeout_established``.

    Fix: a day, as kube-proxy sets it; not less than a connection of yours may be idle.

    Sources: kube-proxy, KubeProxyConntrackConfiguration.
    """
    if timeout.value >= LONG and _share(tracked.value) >= IN_USE:
        yield _timeout(sysctls.ESTABLISHED, timeout, DAY)


def forgets(conf: Fact[Conf], tracked: Fact[Fill], timeout: Fact[int]) -> Iterator[Finding]:
    """A connection that may be idle for longer than it is followed is cut, and neither side is told.

    Verify: compare ``proxy_read_timeout`` with ``sysctl net.netfilter.nf_conntrack_tcp_timeout_established``.

    Fix: raise the sysctl, or have the kernel ask on idle connections: ``so_keepalive`` of ``listen``.

    Sources: RFC 5382, 5.
    """
    if _share(tracked.value) < IN_USE:
        return
    for one in _idle(conf.value):
        if (one.seconds or 0) > timeout.value:
            yield Finding(
                f"{one.block.label} {one.name}",
                f"connections may be idle for {one.seconds:.0f} s and are followed for {timeout.value} s",
                (
                    Evidence(one.text, one.where),
                    Evidence(f"{sysctls.ESTABLISHED} = {timeout.value}", timeout.source),
                ),
                f"at most {timeout.value} s",
                "listen … so_keepalive=60s:10s:6;",
            )


def close_wait(tracked: Fact[Fill], timeout: Fact[int]) -> Iterator[Finding]:
    """Half-closed connections are forgotten after a minute; kube-proxy gives them an hour.

    Verify: ``sysctl net.netfilter.nf_conntrack_tcp_timeout_close_wait``.

    Fix: let kube-proxy set it (``conntrack.tcpCloseWaitTimeout``).

    Sources: Kubernetes issue 32551.
    """
    if timeout.value < 3600 and _share(tracked.value) >= IN_USE:
        yield _timeout(sysctls.CLOSE_WAIT, timeout, 3600)


def races(moved: Fact[Moved]) -> Iterator[Finding]:
    """Two connections wanted the same entry and one lost its packet: mostly questions to DNS over UDP.

    Verify: ``/proc/net/stat/nf_conntrack``, column ``insert_failed``, in hexadecimal.

    Fix: a DNS cache on the node, or DNS over TCP.

    Sources: Kubernetes issue 56903; node_exporter, conntrack collector.
    """
    if count := moved.value.by.get("insert_failed", 0):
        yield Finding(
            "insert_failed",
            f"{count} packets were lost in {moved.value.seconds:.0f} s to races of NAT",
            at(moved.source, f"insert_failed +{count}"),
            "none",
            "use NodeLocal DNSCache",
        )


def _share(fill: Fill) -> float:
    return fill.count / fill.most if fill.most else 0.0


def _fill(tracked: Fact[Fill], expected: str) -> Finding:
    one = tracked.value
    return Finding(
        "table",
        f"the table of connections is {_share(one):.0%} full",
        at(tracked.source, f"{one.count} of {one.most}"),
        expected,
        f"sysctl -w {sysctls.TRACKING}max={one.most * 2} {sysctls.BUCKETS}={one.most // 2}   # on the node",
    )


def _timeout(name: str, fact: Fact[int], wanted: int) -> Finding:
    return Finding(
        name,
        f"{name} is {fact.value} s",
        at(fact.source, f"{name} = {fact.value}"),
        f"{wanted} s",
        f"sysctl -w {name}={wanted}   # on the node",
    )


def _idle(conf: Conf) -> Iterator[Directive]:
    """Yield the time-outs of connections that may be silent for long, each once."""
    blocks = [one for one in conf.proxied() if upgrades(one)]
    yield from {one for block in blocks if (one := block.value("proxy_read_timeout")) is not None}
    yield from conf.all("keepalive_timeout")


CHECKS = (
    Check("C001", Severity.CRITICAL, "The table of connections is full", full, (TRACKED,)),
    Check("C002", Severity.HIGH, "The table of connections fills", much, (TRACKED,)),
    Check("C004", Severity.MEDIUM, "Few buckets for many connections", buckets, (TRACKED, sysctls.BUCKETS)),
    Check(
        "C006",
        Severity.MEDIUM,
        "Dead connections stay for five days",
        five_days,
        (TRACKED, sysctls.ESTABLISHED),
    ),
    Check(
        "C007", Severity.HIGH, "Idle connections are forgotten", forgets, (CONF, TRACKED, sysctls.ESTABLISHED)
    ),
    Check(
        "C008",
        Severity.LOW,
        "Half-closed connections are forgotten",
        close_wait,
        (TRACKED, sysctls.CLOSE_WAIT),
    ),
    Check("C010", Severity.MEDIUM, "Packets are lost to races", races, (TRACKING,)),
    Check("C012", Severity.CRITICAL, "Connections are dropped by the firewall", dropped, (TRACKING,)),
)
