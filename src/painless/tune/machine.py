"""Advice on the kernel's queues and tables, on files and on workers."""

from collections.abc import Iterator
from math import ceil

from painless.advice import kernel
from painless.tune import numbers
from painless.tune.advice import Advice, Missing, Sysctl, World

SOMAXCONN = "net.core.somaxconn"
PORTS = "net.ipv4.ip_local_port_range"
CONNTRACK = "net.netfilter.nf_conntrack_max"
BUCKETS = "net.netfilter.nf_conntrack_buckets"
THROTTLED = 0.05
"""Part of the periods of a CPU quota in which it ran out, from which on clients notice."""
_TWICE = (
    "it takes two looks at a running controller (no file), or a Prometheus (--prometheus): one page of "
    "metrics has counts and no rates"
)
_UNSEEN = "the metrics of a running Painless have it where the kernel tells it"


def machine(world: World) -> Iterator[Advice | Missing]:
    """Yield what is to be said about the kernel and the cgroup."""
    yield from _queue(world)
    yield from _conntrack(world)
    yield from _ports(world)
    yield from _files(world)
    yield from _cpu(world)


def _queue(world: World) -> Iterator[Advice | Missing]:
    value = world.measured.value
    rate, limit = value(numbers.NEW), value(numbers.LIMIT)
    if rate is None or limit is None:
        yield Missing(SOMAXCONN, "Pod", _TWICE if limit is not None else _UNSEEN)
        return
    advised, drops = kernel.backlog(rate), value(numbers.DROPS) or 0
    seen = (
        f"{rate:,.1f} new connections a second at the peak, {value(numbers.LONGEST) or 0:,.0f} waited at "
        "most, "
        f"{drops:,.0f} dropped"
    )
    if drops and limit >= advised:
        yield _overflowed(limit, seen)
        return
    yield Advice(
        id=SOMAXCONN,
        about="Pod",
        now=f"{limit:,.0f} connections may wait",
        measured=seen,
        advised=f"{advised:,}" if limit < advised else "as it is",
        why=f"twice what comes while no worker accepts for {kernel.STALL:g} s; a Pod has the kernel's value, "
        "whatever the node has",
        effect="bursts wait in place of being dropped; Painless sets the backlog to it",
        risk="an unsafe sysctl: the kubelet needs --allowed-unsafe-sysctls=net.core.somaxconn, and "
        "without it "
        "the Pod does not start",
        change=limit < advised,
        paste=(Sysctl(SOMAXCONN, str(advised)),),
    )


def _overflowed(limit: float, seen: str) -> Advice:
    """Return what to do when the queue is long enough for the rate, and was full nevertheless."""
    return Advice(
        id=SOMAXCONN,
        about="Pod",
        now=f"{limit:,.0f} connections may wait",
        measured=seen,
        advised="not a longer queue: it is long enough for this rate, so workers did not accept",
        why="a queue fills whenever nobody takes from it: no files, no CPU, a blocked worker",
        effect="painless status names the cause while it lasts, and the log has it (accept_queue_overflowed)",
    )


def _conntrack(world: World) -> Iterator[Advice | Missing]:
    value = world.measured.value
    rate, most, used = value(numbers.NEW), value(numbers.TRACKABLE), value(numbers.TRACKED)
    if most is None or not used:
        how = "connections of this network namespace are not tracked; on the node: sysctl net.netfilter"
        yield Missing(CONNTRACK, "node", how)
        return
    if rate is None:
        yield Missing(CONNTRACK, "node", _TWICE)
        return
    opened = value(numbers.OPENED) or 0.0
    # Each client has an entry, and each connection to a pod that is not kept.
    flows = 1 + min(1.0, opened / rate) if rate else 1
    found = kernel.conntrack(rate, int(value(numbers.CLIENTS) or 0), flows, seen=int(used))
    enough = found.size <= most
    yield Advice(
        id=CONNTRACK,
        about="node",
        now=f"{most:,.0f} entries",
        measured=f"{rate:,.1f} new connections a second at the peak, each with {flows:.1f} entries for "
        f"{kernel.TIME_WAIT:.0f} s; {used:,.0f} entries in this Pod at most",
        advised=f"{found.size:,} entries, {found.memory / (1 << 20):.0f} MiB when full"
        if not enough
        else f"{most:,.0f} entries",
        why="closed connections keep their entry for two minutes, and a table that is full drops packets; "
        "three quarters of it should do",
        effect="no connections lost to a full table",
        risk="the table is the whole node's: other Pods on it need theirs besides. Its memory cannot be "
        "swapped",
        change=not enough,
        paste=(
            Sysctl(CONNTRACK, str(found.size), node=True),
            Sysctl(BUCKETS, str(found.buckets), node=True),
        ),
    )


def _ports(world: World) -> Iterator[Advice | Missing]:
    value = world.measured.value
    low, high, share = value(numbers.LOW), value(numbers.HIGH), value(numbers.PORTS)
    if low is None or high is None or share is None:
        yield Missing(PORTS, "Pod", _UNSEEN)
        return
    there = int(high - low + 1)
    # Those that were just closed are counted among them.
    found = kernel.ports(ceil(share * there), 0.0, int(low), int(high))
    first, last = kernel.PORTS
    more = there < last - first + 1
    yield Advice(
        id=PORTS,
        about="Pod",
        now=f"{low:.0f} to {high:.0f}, {there:,} ports",
        measured=f"{found.used:,} go to one pod at most ({share:.1%})",
        advised=f"{first} to {last}" if more and not found.enough else "as it is",
        why="each connection to a pod takes a local port, and one that was closed keeps it for a minute; "
        "when there is none left, requests get 502",
        effect=f"{last - first + 1:,} connections to each pod",
        risk="ports that something in the Pod listens on have to be in net.ipv4.ip_local_reserved_ports; "
        "keeping connections to applications (upstream-keepalive-connections) is better",
        change=more and not found.enough,
        paste=(
            Sysctl(PORTS, f"{first} {last}", safe=True),
            Sysctl("net.ipv4.ip_local_reserved_ports", "8080,8443,10254", safe=True),
        ),
    )


def _files(world: World) -> Iterator[Advice | Missing]:
    value = world.measured.value
    most, used, slots = value(numbers.MOST_FILES), value(numbers.FILES), value(numbers.SLOTS)
    workers = value(numbers.WORKERS)
    if most is None or slots is None or not workers:
        yield Missing("nofile", "container", _UNSEEN)
        return
    # So many clients of each worker, and a connection to a pod for each.
    need = kernel.files(ceil(slots / workers), 2)
    yield Advice(
        id="nofile",
        about="container",
        now=f"{most:,.0f} open files for each worker",
        measured=f"at most {used or 0:,.0f} were open; {slots / workers:,.0f} clients fit its connections",
        advised=f"{need:,}" if most < need else "as it is",
        why="a worker without files stops accepting for half a second each time, and the queue overflows",
        effect="connections, and not files, are what ends first",
        risk="the limit is the container runtime's (LimitNOFILE of containerd), the same for all "
        "containers of the node",
        change=most < need,
    )


def _cpu(world: World) -> Iterator[Advice | Missing]:
    value = world.measured.value
    periods, throttled, workers = (
        value(numbers.PERIODS),
        value(numbers.THROTTLED),
        value(numbers.WORKERS),
    )
    if periods is None or throttled is None:
        yield Missing(
            "worker-processes", "container", "without a CPU quota nothing is stopped: there is none to see"
        )
        return
    share = throttled / periods if periods else 0.0
    yield Advice(
        id="worker-processes",
        about="container",
        now=f"{workers or 0:.0f} workers: as many as the CPU quota feeds" if workers else "",
        measured=f"the CPU quota ran out in {share:.1%} of {periods:,.0f} periods",
        advised="no CPU limit, or a higher one; the request is what the scheduler goes by"
        if share > THROTTLED
        else "as it is",
        why="while it has run out no worker accepts, and connections queue for up to 100 ms",
        effect="no pauses",
        risk="without a limit a busy NGINX takes what neighbours do not use",
        change=share > THROTTLED,
    )
