"""The dashboard about room: how many clients fit, whose accept queue fills, what NGINX has of the machine."""

from painless.docs.dashboards.board import (
    BAD,
    CONTROLLERS,
    ONES,
    POD,
    RATE,
    SELECTED,
    STAT,
    TABLE,
    WARN,
    Dashboard,
    Panel,
    Query,
    Row,
)

_PROCESS = "nginx_ingress_controller_nginx_process_"
_LISTENER = f"{{{{listen}}}} {POD}"
_QUOTA = "a CPU quota"

_CLIENTS = Row(
    "How many clients fit?",
    (
        Panel(
            "In use",
            "Of the least of all limits, where it is most: what an autoscaler should look at.",
            (Query(f"max(painless_capacity_used_ratio{{{ONES}}})"),),
            unit="percentunit",
            kind=STAT,
            width=6,
            most=1,
            steps=((0.8, WARN), (0.95, BAD)),
            alerts=("PainlessCapacityHigh", "PainlessCapacityFull"),
        ),
        Panel(
            "Clients and room for them",
            "Connections that are open, and how many all limits allow, of all controllers together.",
            (
                Query(f"sum(painless_capacity_clients{{{ONES}}})", "clients"),
                Query(f"sum(painless_capacity_connections{{{ONES}}})", "room"),
            ),
            width=9,
            alerts=("PainlessCapacityHigh", "PainlessCapacityFull"),
        ),
        Panel(
            "What ends first",
            "Clients that each limit allows, where it is least.",
            (Query(f"min by (limit) (painless_capacity_limit{{{ONES}}})", "{{limit}}"),),
            width=9,
            alerts=("PainlessCapacityHigh",),
        ),
    ),
)

_ACCEPT = Row(
    "Do connections come about?",
    (
        Panel(
            "Accept queues",
            "The most that waited within a minute, as a share of what may wait. Full means dropped.",
            (
                Query(
                    f"max by (listen, pod, instance) (painless_listen_queue_max{{{ONES}}}"
                    f" / painless_listen_queue_limit{{{ONES}}})",
                    _LISTENER,
                ),
            ),
            unit="percentunit",
            steps=((0.5, WARN), (1.0, BAD)),
            alerts=("PainlessAcceptQueueFilling", "PainlessWorkerStuck", "PainlessBacklogClamped"),
        ),
        Panel(
            "Dropped",
            "Packets of clients that a listener dropped; each client tries again after a second, then two.",
            (
                Query(
                    f"sum by (listen, pod, instance) (rate(painless_listen_drops_total{{{ONES}}}[{RATE}]))",
                    _LISTENER,
                ),
            ),
            unit="pps",
            alerts=("PainlessAcceptQueueOverflow",),
        ),
        Panel(
            "Why it overflows",
            "The cause, while a listener drops connections and half a minute after.",
            (
                Query(
                    f"max by (listen, cause, instance) (painless_accept_overflow{{{ONES}}})",
                    "{{cause}} {{listen}}",
                ),
            ),
            most=1,
            none="nothing overflows",
            alerts=("PainlessAcceptQueueOverflow",),
        ),
        Panel(
            "TCP of the Pods",
            "The kernel's counters of their network namespaces, which no exporter of the node sees.",
            (
                Query(
                    f"sum by (name) (rate(painless_netns_tcpext_total{{{ONES},"
                    'name=~"ListenOverflows|TCPSynRetrans|SyncookiesSent|TCPTimeouts|TCPAbortOnMemory|AttemptFails"}'
                    f"[{RATE}]))",
                    "{{name}}",
                ),
            ),
            unit="pps",
            alerts=("PainlessSynCookies", "PainlessAcceptQueueOverflow"),
        ),
        Panel(
            "Settings of the network",
            "The least that a Pod has; the node may be tuned to other values.",
            (Query(f"min by (name) (painless_netns_sysctl{{{ONES}}})", "value"),),
            kind=TABLE,
            alerts=("PainlessBacklogClamped",),
        ),
        Panel(
            "Connections that the firewall follows",
            "As a share of its table. When it is full, new connections of the whole node are dropped.",
            (
                Query(
                    f"painless_conntrack_entries{{{ONES}}} / painless_conntrack_limit{{{ONES}}}",
                    POD,
                ),
            ),
            unit="percentunit",
            most=1,
            steps=((0.75, WARN), (0.95, BAD)),
            alerts=("PainlessConntrackHigh", "PainlessConntrackWillFill", "PainlessConntrackFull"),
            needs="a kernel with conntrack",
        ),
    ),
)

_MACHINE = Row(
    "What NGINX has of the machine",
    (
        Panel(
            "CPU",
            "Processors that NGINX keeps busy.",
            (
                Query(
                    f"sum by (pod, instance) (rate({_PROCESS}cpu_seconds_total{{{SELECTED}}}[{RATE}]))", POD
                ),
            ),
        ),
        Panel(
            "Periods in which it was stopped",
            "The share of periods whose quota was used up: latency jumps although the mean load is low.",
            (
                Query(
                    f"max by (pod, instance) (rate(painless_cpu_throttled_periods_total{{{ONES}}}[{RATE}])"
                    f" / rate(painless_cpu_periods_total{{{ONES}}}[{RATE}]))",
                    POD,
                ),
            ),
            unit="percentunit",
            most=1,
            steps=((0.05, WARN),),
            alerts=("PainlessCpuThrottled",),
            needs=_QUOTA,
        ),
        Panel(
            "Memory",
            "That cannot be given back at once.",
            (Query(f"painless_memory_bytes{{{ONES}}}", POD),),
            unit="bytes",
            alerts=("PainlessMemoryWillRunOut", "PainlessOomKilled"),
        ),
        Panel(
            "Memory that is left",
            "Of the limit.",
            (Query(f"1 - painless_memory_bytes{{{ONES}}} / painless_memory_limit_bytes{{{ONES}}}", POD),),
            unit="percentunit",
            most=1,
            alerts=("PainlessMemoryWillRunOut", "PainlessOomKilled"),
            needs="a limit of memory",
        ),
        Panel(
            "Open files",
            "Of the worker that has most, as a share of what it may have. Each connection is one.",
            (
                Query(
                    f"painless_worker_open_files{{{ONES}}} / painless_worker_open_files_limit{{{ONES}}}",
                    POD,
                ),
            ),
            unit="percentunit",
            most=1,
            steps=((0.85, BAD),),
            alerts=("PainlessFilesHigh",),
        ),
        Panel(
            "Local ports",
            "The share that connections to one pod take, of the pod that has most.",
            (Query(f"painless_ephemeral_ports_used_ratio{{{ONES}}}", POD),),
            unit="percentunit",
            most=1,
            steps=((0.7, WARN),),
            alerts=("PainlessEphemeralPortsHigh",),
        ),
    ),
)

_SERVICES = Row(
    "Who takes more than their share?",
    (
        Panel(
            "Refused by bulkheads",
            "Requests of Services that have as many open as they may: they are slow, or have too few pods.",
            (
                Query(
                    "sum by (exported_namespace, exported_service, namespace, service, port) "
                    f"(rate(painless_bulkhead_rejections_total{{{ONES}}}[{RATE}]))",
                    "{{exported_namespace}}/{{exported_service}}{{service}}:{{port}}",
                ),
            ),
            unit="reqps",
            none="nobody",
            alerts=("PainlessBulkheadRejections",),
        ),
        Panel(
            "Connections of clients",
            "By generation and kind; streams and upgraded connections may stay for hours.",
            (Query(f"sum by (kind) (painless_generation_connections{{{ONES}}})", "{{kind}}"),),
            stacked=True,
        ),
    ),
)

CAPACITY = Dashboard(
    "painless-capacity",
    "Painless / Capacity and accept path",
    "How many clients fit, whether their connections come about, and what NGINX has of the machine.",
    CONTROLLERS,
    (_CLIENTS, _ACCEPT, _MACHINE, _SERVICES),
)
