"""Alerts about connections that do not come about: accept queues, conntrack, local ports."""

from painless.docs.alerts.rule import CRITICAL, INFO, STATUS, WARNING, WHERE, Alert, Group, Look

_NODE = "node_exporter"
_RATIO = "painless_conntrack_entries / painless_conntrack_limit"
_NODES_RATIO = "node_nf_conntrack_entries / node_nf_conntrack_entries_limit"
_FOLLOWED = Look("sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max", "how full it is")

GROUP = Group(
    "painless-accept",
    "Connections that do not come about",
    (
        Alert(
            name="PainlessAcceptQueueOverflow",
            expr="sum without (worker) (increase(painless_listen_drops_total[2m])) > 0",
            severity=CRITICAL,
            summary=f"{{{{ $labels.listen }}}} of {WHERE} drops connections",
            means=(
                "The queue of connections that wait for a worker is full, and the kernel drops what comes. "
                "Clients see a site that hangs for seconds; NGINX's logs see nothing."
            ),
            look=(
                Look("painless_accept_overflow == 1", "its label `cause` says why; the log has the evidence"),
                Look("kubectl logs POD -c controller | grep accept_queue_overflowed", "evidence and remedy"),
                STATUS,
            ),
            do=(
                "Do what the cause asks for: [accept queues](../explain/accept-queue.md#why-it-overflows).",
                "While you look for it: more replicas take load off each queue.",
            ),
        ),
        Alert(
            name="PainlessAcceptQueueFilling",
            expr="painless_listen_queue_max / painless_listen_queue_limit > 0.5",
            after="2m",
            severity=WARNING,
            summary=f"The accept queue of {{{{ $labels.listen }}}} on {WHERE} was more than half full",
            means="Workers take connections more slowly than they come; the next burst may be dropped.",
            look=(
                Look("rate(painless_cpu_throttled_periods_total[1m])", "whether a quota stops the workers"),
                STATUS,
            ),
            do=(
                "Add replicas or CPUs.",
                "If it is short bursts only, raise `net.core.somaxconn` of the Pod (`controller.sysctls`).",
            ),
        ),
        Alert(
            name="PainlessWorkerStuck",
            expr=(
                'min_over_time(painless_listen_queue{worker!="all"}[1m]) > 0 and on (instance, listen) '
                "(min by (instance, listen) (max_over_time(painless_listen_queue[1m])) == 0)"
            ),
            after="1m",
            severity=CRITICAL,
            summary=f"Worker {{{{ $labels.worker }}}} of {WHERE} takes no connections, others do",
            means=(
                "With `reuse-port` each worker has a queue of its own. This one has had somebody in it for a "
                "minute, while the queue of another was empty: the worker does not run."
            ),
            look=(
                Look("kubectl logs POD -c controller | grep worker_blocked", "which process it is"),
                Look("cat /proc/PID/stack /proc/PID/wchan", "on the node: what it waits for"),
            ),
            do=(
                "A disk or a volume that hangs is the usual reason: see what is logged or buffered there.",
                "End the worker (`kill PID`): the master starts another one.",
            ),
        ),
        Alert(
            name="PainlessBacklogClamped",
            expr="min without (worker) (painless_listen_queue_limit) < 511",
            after="10m",
            severity=WARNING,
            summary=f"{{{{ $labels.listen }}}} of {WHERE} queues {{{{ $value }}}} connections at most",
            means=(
                "The accept queue is shorter than NGINX's own default. The kernel cuts it to "
                "`net.core.somaxconn` of the Pod's namespace, whatever the node has been tuned to."
            ),
            look=(Look('painless_netns_sysctl{name="net.core.somaxconn"}', "what the namespace has"),),
            do=(
                (
                    'Set it for the Pod: `controller.sysctls: {net.core.somaxconn: "4096"}`. The kubelet has '
                    "to allow it (`--allowed-unsafe-sysctls`)."
                ),
            ),
        ),
        Alert(
            name="PainlessSynCookies",
            expr='increase(painless_netns_tcpext_total{name="SyncookiesSent"}[5m]) > 0',
            severity=INFO,
            summary=f"{WHERE} answers with SYN cookies",
            means=(
                "More connections were half open than fit: a burst, or a flood of packets without clients "
                "behind them. Connections still come about, with fewer options."
            ),
            look=(
                Look('rate(painless_netns_tcpext_total{name="SyncookiesRecv"}[5m])', "clients that are real"),
                Look('rate(painless_netns_tcpext_total{name="SyncookiesFailed"}[5m])', "forged ones"),
            ),
            do=("If few come back it is an attack: see to it before the Pod, at the load balancer.",),
        ),
        Alert(
            name="PainlessConntrackHigh",
            expr=f"{_RATIO} > 0.75 or {_NODES_RATIO} > 0.75",
            after="5m",
            severity=WARNING,
            needs=_NODE,
            summary=f"The connection table of {WHERE} is more than three quarters full",
            means=(
                "The firewall follows each connection. When its table is full it drops the first packet of "
                "new ones, to and from every Pod of the node."
            ),
            look=(
                _FOLLOWED,
                Look("conntrack -L | awk '{print $4, $5, $6}' | sort | uniq -c | sort -n | tail", "whose"),
            ),
            do=(
                "Raise `net.netfilter.nf_conntrack_max` of the node.",
                (
                    "Let connections to pods be kept (`upstream-keepalive-connections`): each one saved is "
                    "an entry for two minutes."
                ),
            ),
        ),
        Alert(
            name="PainlessConntrackFull",
            expr=f"{_RATIO} > 0.95 or {_NODES_RATIO} > 0.95 or increase(node_nf_conntrack_stat_drop[5m]) > 0",
            severity=CRITICAL,
            needs=_NODE,
            summary=f"The connection table of {WHERE} is full",
            means="New connections of the whole node are dropped, or will be within moments.",
            look=(
                _FOLLOWED,
                Look("dmesg | grep 'nf_conntrack: table full'", "since when, in the kernel's log"),
            ),
            do=(
                (
                    "Raise it at once: `sysctl -w net.netfilter.nf_conntrack_max=N` on the node; each entry "
                    "takes 320 bytes."
                ),
                (
                    "Then find whose connections they are, as for "
                    "[PainlessConntrackHigh](PainlessConntrackHigh.md)."
                ),
            ),
        ),
        Alert(
            name="PainlessConntrackWillFill",
            expr=("predict_linear(node_nf_conntrack_entries[30m], 3600) > node_nf_conntrack_entries_limit"),
            after="15m",
            severity=WARNING,
            needs=_NODE,
            summary="The connection table of {{ $labels.instance }} will be full within an hour",
            means="The number of connections that the node follows grows, and reaches its limit so soon.",
            look=(_FOLLOWED,),
            do=("As for [PainlessConntrackHigh](PainlessConntrackHigh.md), before it is urgent.",),
        ),
        Alert(
            name="PainlessEphemeralPortsHigh",
            expr="painless_ephemeral_ports_used_ratio > 0.7",
            after="5m",
            severity=WARNING,
            summary=f"{WHERE} has {{{{ $value | humanizePercentage }}}} of its local ports at one pod",
            means=(
                "Each connection to a pod takes a local port, for a minute after its end, too. Without one "
                "left, requests to that pod fail with 502 (`Cannot assign requested address`)."
            ),
            look=(
                Look("ss -tan state time-wait | wc -l", "in the Pod: connections that were just closed"),
                STATUS,
            ),
            do=(
                (
                    "Have more connections kept: `upstream-keepalive-connections`, and an application that "
                    "does not close them."
                ),
                "Widen `net.ipv4.ip_local_port_range` (`controller.sysctls`), or add pods to the Service.",
            ),
        ),
        Alert(
            name="PainlessNodeAcceptQueueOverflow",
            expr="rate(node_netstat_TcpExt_ListenOverflows[5m]) > 0",
            after="2m",
            severity=WARNING,
            needs=_NODE,
            summary="A listener in the node's own network on {{ $labels.instance }} drops connections",
            means=(
                "It is about programs on the host's network only: a Pod has counters of its own, for which "
                "there is [PainlessAcceptQueueOverflow](PainlessAcceptQueueOverflow.md)."
            ),
            look=(Look("ss -ltn", "on the node: `Recv-Q` beyond `Send-Q` is a full queue"),),
            do=("Raise that program's backlog and `net.core.somaxconn` of the node.",),
        ),
        Alert(
            name="PainlessNodeSoftnetDrops",
            expr="sum without (cpu) (rate(node_softnet_dropped_total[5m])) > 0",
            after="10m",
            severity=WARNING,
            needs=_NODE,
            summary="{{ $labels.instance }} drops packets before any program sees them",
            means="The kernel's queue between the network card and TCP is full.",
            look=(Look("cat /proc/net/softnet_stat", "a line for each CPU; the second column are drops"),),
            do=("Raise `net.core.netdev_max_backlog` of the node, and spread interrupts over its CPUs.",),
        ),
    ),
)
