"""The dashboard for incidents: rows in the order in which one looks, each with the runbooks behind it."""

from painless.docs.dashboards.board import (
    BAD,
    CONTROLLERS,
    FULL,
    ONES,
    POD,
    RATE,
    SELECTED,
    SHOWN,
    STAT,
    TABLE,
    WARN,
    Dashboard,
    Panel,
    Query,
    Row,
    quantile,
)
from painless.docs.dashboards.grafana import ALERTS

_PREFIX = "nginx_ingress_controller_"
_COUNTED = "requests to be counted (`--enable-metrics`)"
_STATE_METRICS = "kube-state-metrics"
_REPLICAS = "kube_horizontalpodautoscaler_status_desired_replicas"
_FAILED = ',status=~"5.*"'


def _rates(more: str = "") -> str:
    """Return the requests of each Ingress."""
    series = f"{_PREFIX}requests{{{SELECTED}{more}}}"
    return f"sum by (exported_namespace, namespace, ingress) (rate({series}[{RATE}]))"


_SERVING = Row(
    "Who is hurt?",
    (
        Panel(
            "Alerts that fire",
            "Each has a runbook: docs/runbooks, by its name. Needs the alerts to be loaded.",
            (Query(f"max by (alertname, severity, pod, instance) ({ALERTS})", "fires"),),
            kind=TABLE,
            none="no alert fires",
            needs="the alerts in Prometheus",
        ),
        Panel(
            "Share of requests that fail",
            "Answers with 5xx, by Ingress, the ten that have most.",
            (
                Query(
                    f"topk(10, {_rates(_FAILED)} / {_rates()})",
                    "{{exported_namespace}}/{{ingress}}",
                ),
            ),
            unit="percentunit",
            most=1,
            none="none fails",
            alerts=("PainlessErrorBudgetBurn", "PainlessIngressErrors"),
            needs=_COUNTED,
        ),
        Panel(
            "Time until Services answer",
            "p99 of all requests: whether the applications are slow, or only we are.",
            (
                Query(quantile(0.99, f"{_PREFIX}header_duration_seconds_bucket{{{SELECTED}}}"), "Services"),
                Query(
                    quantile(0.99, f"{_PREFIX}request_duration_seconds_bucket{{{SELECTED}}}"),
                    "whole requests",
                ),
            ),
            unit="s",
            alerts=("PainlessIngressSlow",),
            needs=_COUNTED,
        ),
        Panel(
            "Workers that accept",
            "None: NGINX does not run there.",
            (Query(f'min by (pod, instance) (painless_workers{{{ONES},state="active"}})', POD),),
            alerts=("PainlessNginxDown",),
        ),
    ),
)

_ACCEPT = Row(
    "Do connections come about?",
    (
        Panel(
            "Dropped by accept queues",
            "The outage of 2017: clients see a site that hangs, and no log of NGINX has a line.",
            (
                Query(
                    f"sum by (listen, pod, instance) (rate(painless_listen_drops_total{{{ONES}}}[{RATE}]))",
                    f"{{{{listen}}}} {POD}",
                ),
            ),
            unit="pps",
            alerts=("PainlessAcceptQueueOverflow", "PainlessAcceptQueueFilling"),
        ),
        Panel(
            "Why",
            "What filled the queue, where one overflows.",
            (
                Query(
                    f"max by (cause, listen, pod, instance) (painless_accept_overflow{{{ONES}}}) == 1",
                    "overflows",
                ),
            ),
            kind=TABLE,
            none="nothing overflows",
            alerts=("PainlessAcceptQueueOverflow",),
        ),
        Panel(
            "Capacity in use",
            "Of the clients that there may be at a time, by controller.",
            (Query(f"painless_capacity_used_ratio{{{ONES}}}", POD),),
            unit="percentunit",
            most=1,
            steps=((0.8, WARN), (0.95, BAD)),
            alerts=("PainlessCapacityHigh", "PainlessCapacityFull"),
        ),
        Panel(
            "Refused by bulkheads",
            "Services that are slow, or have too few pods; all others are served meanwhile.",
            (
                Query(
                    "sum by (exported_namespace, exported_service, namespace, service) "
                    f"(rate(painless_bulkhead_rejections_total{{{ONES}}}[{RATE}]))",
                    "{{exported_namespace}}/{{exported_service}}{{service}}",
                ),
            ),
            unit="reqps",
            none="nobody",
            alerts=("PainlessBulkheadRejections",),
        ),
    ),
)

_GENERATIONS = Row(
    "Do old workers pile up?",
    (
        Panel(
            "Workers",
            "Those that accept, and those that end when their connections have.",
            (Query(f"sum by (state) (painless_workers{{{ONES}}})", "{{state}}"),),
            stacked=True,
            alerts=("PainlessOldWorkersPileUp",),
        ),
        Panel(
            "Memory of generations",
            "Of each set of workers, shared pages by their share.",
            (Query(f"painless_generation_pss_bytes{{{ONES}}}", "{{generation}} {{instance}}"),),
            unit="bytes",
            stacked=True,
            alerts=("PainlessMemoryWillRunOut", "PainlessOomKilled"),
        ),
        Panel(
            "Who holds old generations",
            "Connections that keep old workers, by host.",
            (
                Query(
                    f"sum by (host, generation) (painless_generation_held_connections{{{ONES}}})",
                    "connections",
                ),
            ),
            kind=TABLE,
            none="nobody",
            alerts=("PainlessOldGenerationStays", "PainlessOldWorkersPileUp"),
        ),
        Panel(
            "How long the oldest drains",
            "Beside worker-shutdown-timeout, after which its connections are closed.",
            (
                Query(f"max(painless_generation_draining_seconds{{{ONES}}})", "drains"),
                Query(f"max(painless_worker_shutdown_timeout_seconds{{{ONES}}})", "worker-shutdown-timeout"),
            ),
            unit="s",
            none="none drains",
            alerts=("PainlessOldGenerationStays",),
        ),
        Panel(
            "Connections that were cut",
            "To make room for a reload, by host, since the controller started.",
            (Query(f"sum by (host) (painless_connections_cut_total{{{ONES}}})", "{{host}}"),),
            none="none",
            alerts=("PainlessConnectionsCut",),
        ),
        Panel(
            "Workers that were ended",
            "Before their time, by why.",
            (
                Query(
                    f"sum by (reason) (increase(painless_retired_workers_total{{{ONES}}}[{RATE}]))",
                    "{{reason}}",
                ),
            ),
            none="none",
            alerts=("PainlessConnectionsCut",),
        ),
    ),
)

_CHANGES = Row(
    "Who changes what?",
    (
        Panel(
            "Reloads",
            "By what kind of object changed. The logs name the objects (generation_applied).",
            (Query(f"sum by (reason) (increase(painless_reloads_total{{{ONES}}}[{RATE}]))", "{{reason}}"),),
            stacked=True,
            alerts=("PainlessReloadStorm", "PainlessReloadRate"),
        ),
        Panel(
            "Changes that did not come through",
            "Refused by NGINX, at least in part; or failed, and tried again.",
            (
                Query(f"sum(increase(painless_refusals_total{{{ONES}}}[{RATE}]))", "refused"),
                Query(f"sum(increase(painless_failures_total{{{ONES}}}[{RATE}]))", "failed"),
            ),
            alerts=("PainlessReloadFailed", "PainlessObjectsHeld", "PainlessConfigStale"),
        ),
        Panel(
            "Changes of pods",
            "Upstreams whose endpoints changed. The outage began with pods that came and went.",
            (Query(f"sum(rate(painless_endpoint_updates_total{{{ONES}}}[{RATE}]))", "changes"),),
            unit="cps",
            alerts=("PainlessEndpointsSlow",),
        ),
        Panel(
            "What autoscalers want",
            "One that goes up and down starts and ends pods for nothing.",
            (Query(_REPLICAS, "{{namespace}}/{{horizontalpodautoscaler}}"),),
            alerts=("PainlessHpaFlapping",),
            needs=_STATE_METRICS,
        ),
    ),
)

_MACHINE = Row(
    "Is it the machine?",
    (
        Panel(
            "Processes that the kernel ended",
            "Of NGINX, in this time, for lack of memory.",
            (Query(f"sum(increase(painless_oom_kills_total{{{ONES}}}[{SHOWN}]))"),),
            kind=STAT,
            width=6,
            steps=((1.0, BAD),),
            alerts=("PainlessOomKilled",),
        ),
        Panel(
            "Fullest firewall table",
            "Connections that conntrack follows, of those it may.",
            (Query(f"max(painless_conntrack_entries{{{ONES}}} / painless_conntrack_limit{{{ONES}}})"),),
            unit="percentunit",
            kind=STAT,
            width=6,
            most=1,
            steps=((0.75, WARN), (0.95, BAD)),
            alerts=("PainlessConntrackFull", "PainlessConntrackHigh"),
            needs="a kernel with conntrack",
        ),
        Panel(
            "Most of its periods stopped",
            "The share of the CPU quota's periods in which it had been used up.",
            (
                Query(
                    f"max(rate(painless_cpu_throttled_periods_total{{{ONES}}}[{RATE}])"
                    f" / rate(painless_cpu_periods_total{{{ONES}}}[{RATE}]))"
                ),
            ),
            unit="percentunit",
            kind=STAT,
            width=6,
            most=1,
            steps=((0.05, WARN), (0.25, BAD)),
            alerts=("PainlessCpuThrottled",),
            needs="a CPU quota",
        ),
        Panel(
            "Certificates that end within a week",
            "Of hosts that have one of their own.",
            (Query(f'count(({_PREFIX}ssl_expire_time_seconds{{{ONES},host!="_"}} - time()) < 7 * 86400)'),),
            kind=STAT,
            width=6,
            none="none",
            steps=((1.0, BAD),),
            alerts=("PainlessCertificateExpiry",),
        ),
        Panel(
            "Findings of the doctor",
            "At its last look; each id has a page in docs/reference/checks, `painless doctor` the evidence.",
            (
                Query(
                    f"max by (severity, id, pod, instance) (painless_doctor_findings{{{ONES}}}) > 0",
                    "findings",
                ),
            ),
            kind=TABLE,
            width=FULL,
            none="no findings",
            alerts=("PainlessDoctorFindings",),
        ),
    ),
)

INCIDENTS = Dashboard(
    "painless-incidents",
    "Painless / Incidents",
    "From who is hurt to why, top to bottom. The guide docs/how-to/from-alert-to-cause.md walks through it.",
    CONTROLLERS,
    (_SERVING, _ACCEPT, _GENERATIONS, _CHANGES, _MACHINE),
)
