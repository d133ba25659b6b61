"""Checks of the node that Pods run on: what it does not hand down to them, and what they share."""

from collections.abc import Iterator

from painless.doctor import sysctls
from painless.doctor.check import Check, Evidence, Finding, Limit, Severity, at
from painless.doctor.facts import COUNTERS, NETWORK, NODE, PACKETS, TRACKED, TRACKING, Fact, Fill, Moved, Node
from painless.doctor.objects import EVENTS, Objects
from painless.doctor.units import mib

FEW_FILES = 65536  # Files: NGINX's workers with ten thousand connections each, and what else runs on a node.
CLOSED = 120  # Seconds for which the firewall keeps a connection that has ended: its default.
MUCH = 0.75  # Of the table, as C002 has it.
LEAST = 5.0  # Connections a second below which nothing is foretold.
ENTRY = 320  # Bytes of a connection in the table: a slab of the kernel, as slabinfo shows it.
BUCKET = 8  # Bytes of a bucket: a pointer.
SHARE = 0.01  # Of the node's memory that may be spent without a thought.


def not_handed_down(node: Fact[Node], somaxconn: Fact[int], network: Fact[str]) -> Iterator[Finding]:
    """A Pod's network begins with the kernel's values, not with those that the node was tuned to.

    Verify: ``sysctl net.core.somaxconn`` on the node and in the Pod.

    Fix: ``securityContext.sysctls`` of the Pod, which its node has to allow, or an init container that may.

    Sources: measured; Linux, commit 19f92a030ca6 (5.4); Kubernetes, Using sysctls in a Kubernetes Cluster.
    """
    theirs = node.value.somaxconn
    if theirs is not None and theirs > somaxconn.value and network.value != node.value.network:
        yield Finding(
            sysctls.SOMAXCONN,
            f"the node allows queues of {theirs}, and NGINX's network {somaxconn.value}",
            (
                Evidence(f"{sysctls.SOMAXCONN} = {theirs}", node.source),
                Evidence(f"{sysctls.SOMAXCONN} = {somaxconn.value}", somaxconn.source),
            ),
            "the same in the Pod",
            f'securityContext: {{sysctls: [{{name: {sysctls.SOMAXCONN}, value: "{theirs}"}}]}}',
        )


def few_files(node: Fact[Node], *, limit: float) -> Iterator[Finding]:
    """Containers get the limit of files that their runtime has, and NGINX cannot raise it.

    Verify: ``cat /proc/$(pidof containerd)/limits``.

    Fix: ``LimitNOFILE`` in the runtime's unit.

    Sources: measured: ``worker_rlimit_nofile`` above it fails with an alert alone.
    """
    files = node.value.files
    if files is not None and files < limit:
        yield Finding(
            node.value.runtime,
            f"{node.value.runtime} may open {files} files, and so may each container",
            at(node.source, f"Max open files {files}"),
            f"{limit:g} or more",
            f"systemctl edit {node.value.runtime}   # [Service] LimitNOFILE=1048576",
        )


def wrong_clock(node: Fact[Node]) -> Iterator[Finding]:
    """With a wrong clock certificates seem to have ended or not to have begun, and tokens are refused.

    Verify: ``timedatectl``, "System clock synchronized".

    Fix: chrony, or systemd-timesyncd.

    Sources: Linux, adjtimex(2).
    """
    if node.value.clock_kept is False:
        yield Finding(
            "clock",
            "nothing keeps the clock right",
            at(node.source, "adjtimex: TIME_ERROR"),
            "a clock that is kept",
            "systemctl enable --now chronyd",
        )


def no_table(node: Fact[Node]) -> Iterator[Finding]:
    """Without the kernel's table of connections the network of the cluster has one of its own.

    Verify: ``ls /proc/sys/net/netfilter``.

    Fix: look at the metrics of the network plug-in.

    Sources: node_exporter, conntrack collector.
    """
    if node.value.tracked is None:
        yield Finding(
            "conntrack",
            "the kernel follows no connections, so something else does or nobody",
            at(node.source, "no nf_conntrack_count"),
            "metrics of the network plug-in",
            "cilium-dbg status --verbose   # where it is Cilium",
        )


def fills(moved: Fact[Moved], tracked: Fact[Fill], *, limit: float) -> Iterator[Finding]:
    """Each connection stays in the table for two minutes after its end: a rate is a size.

    Verify: PassiveOpens and ActiveOpens in ``/proc/net/snmp``, twice, and ``nf_conntrack_max``.

    Fix: connections kept to upstreams and clients; a larger table.

    Sources: measured: 2,000 connections a second take 240,000 entries.
    """
    opened = sum(moved.value.by.get(name, 0) for name in ("PassiveOpens", "ActiveOpens"))
    rate = opened / moved.value.seconds if moved.value.seconds else 0.0
    expected = rate * CLOSED
    if rate >= LEAST and expected > limit * tracked.value.most > 0:
        yield Finding(
            "forecast",
            f"{rate:.0f} connections a second take {expected:.0f} entries of {tracked.value.most}",
            (Evidence(f"{opened} in {moved.value.seconds:.0f} s", moved.source), _most(tracked)),
            f"at most {limit:.0%} of the table",
            f"sysctl -w {sysctls.TRACKING}max={int(expected * 2)}   # on the node",
        )


def heavy(node: Fact[Node], tracked: Fact[Fill]) -> Iterator[Finding]:
    """A full table is memory of the kernel that nothing else can have.

    Verify: ``grep nf_conntrack /proc/slabinfo``.

    Fix: the size that is needed.

    Sources: measured: 320 bytes for each connection.
    """
    full = tracked.value.most * (ENTRY + BUCKET)
    if node.value.memory and full > SHARE * node.value.memory:
        yield Finding(
            "memory",
            f"the table may take {mib(full)} of {mib(node.value.memory)}",
            (_most(tracked), Evidence(f"MemTotal {mib(node.value.memory)}", node.source)),
            f"{SHARE:.0%} or less, or on purpose",
            f"sysctl -w {sysctls.TRACKING}max={int(SHARE * node.value.memory / (ENTRY + BUCKET))}",
        )


def not_written(events: Fact[Objects]) -> Iterator[Finding]:
    """kube-proxy could not set the size of the table: it has the kernel's, whatever kube-proxy was told.

    Verify: ``kubectl get events -A | grep readOnlySysFS``.

    Fix: set it on the node, and ``conntrack.maxPerCore: 0`` in kube-proxy.

    Sources: kube-proxy, conntrack.go.
    """
    for one in events.value:
        if "readOnlySysFS" in one["message"].text + one["reason"].text:
            yield Finding(
                str(one.ref),
                "kube-proxy could not set the size of the table of connections",
                (one["message"].seen,),
                "a table that somebody sized",
                f"sysctl -w {sysctls.TRACKING}max=262144   # on the node",
            )


def lost_elsewhere(counters: Fact[Moved], tracking: Fact[Moved], packets: Fact[Moved]) -> Iterator[Finding]:
    """Clients' connections are lost before they reach the queue: a longer queue mends nothing.

    Verify: ``drop`` in ``/proc/net/stat/nf_conntrack``, the second column of ``/proc/net/softnet_stat``, and
    ListenDrops in ``/proc/net/netstat``.

    Fix: by the counter that moves: the table of connections (C001), or the queue of packets (K022).

    Sources: measured: with a full table 30 of 80 connections were lost, and ListenDrops stood at 0.
    """
    lost = {name: tracking.value.by.get(name, 0) for name in ("drop", "early_drop")}
    lost["dropped packets"] = packets.value.by.get("dropped", 0)
    moved = {name: count for name, count in lost.items() if count}
    if moved and not counters.value.by.get("ListenDrops", 0):
        yield Finding(
            "elsewhere",
            "connections are lost, and not by NGINX's queue",
            (
                Evidence(", ".join(f"{name} +{count}" for name, count in moved.items()), tracking.source),
                Evidence("ListenDrops +0", counters.source),
            ),
            "no loss",
            "painless doctor --node   # C001, C012 and K022 say what",
        )


def _most(tracked: Fact[Fill]) -> Evidence:
    return Evidence(f"{sysctls.TRACKING}max = {tracked.value.most}", tracked.source)


CHECKS = (
    Check(
        "K005",
        Severity.HIGH,
        "The node is tuned, the Pod is not",
        not_handed_down,
        (NODE, sysctls.SOMAXCONN, NETWORK),
    ),
    Check("K028", Severity.MEDIUM, "The clock is not kept", wrong_clock, (NODE,)),
    Check(
        "L020",
        Severity.MEDIUM,
        "Few files for containers",
        few_files,
        (NODE,),
        limit=Limit(FEW_FILES, "files that a container runtime has to be allowed"),
    ),
    Check(
        "C003",
        Severity.MEDIUM,
        "The table of connections will fill",
        fills,
        (COUNTERS, TRACKED),
        limit=Limit(MUCH, "of 1: the share of the table that may be expected"),
    ),
    Check("C005", Severity.LOW, "The table of connections takes much memory", heavy, (NODE, TRACKED)),
    Check("C009", Severity.MEDIUM, "Nobody sized the table of connections", not_written, (EVENTS,)),
    Check("C011", Severity.INFO, "Another table of connections", no_table, (NODE,)),
    Check(
        "R019", Severity.HIGH, "Connections are lost elsewhere", lost_elsewhere, (COUNTERS, TRACKING, PACKETS)
    ),
)
