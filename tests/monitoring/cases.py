"""For each alert: series with which it fires and what it then says, and series with which it does not.

Written by hand, one case an alert.  A sample comes each 30 seconds, in promtool's notation: ``0+5x20`` is 0,
then 5 more twenty times.
"""

from typing import NamedTuple

EVERY = "30s"
Series = dict[str, str]
OURS = {"instance": "10.0.0.1:10254", "job": "painless", "namespace": "ingress", "pod": "painless-1"}
CONTROLLER = {**OURS, "exported_namespace": "shop"}
"""Of a series that names a namespace itself, as Prometheus tells the two apart."""
NODE = {"instance": "node-1", "job": "node"}


class Case(NamedTuple):
    """``labels`` and ``says`` are those of the alert, at the time ``at``; one of ``quiet`` is one world."""

    fires: Series
    labels: dict[str, str]
    says: str
    quiet: tuple[Series, ...]
    at: str = "10m"


def of(name: str, values: str, base: dict[str, str] = OURS, /, **labels: str) -> Series:
    """Return one series."""
    inner = ",".join(f'{key}="{value}"' for key, value in {**base, **labels}.items())
    return {f"{name}{{{inner}}}": values}


def _queue(values: str, worker: str = "all") -> Series:
    return of("painless_listen_queue", values, listen="0.0.0.0:80", worker=worker)


def _requests(values: str, status: str) -> Series:
    labels = {"ingress": "web", "status": status}
    return of("nginx_ingress_controller_requests", values, CONTROLLER, **labels)


def _buckets(name: str, quick: str, slow: str, base: dict[str, str], **labels: str) -> Series:
    """Return what was within a second, within ten, and all."""
    return (
        of(f"{name}_bucket", quick, base, le="1", **labels)
        | of(f"{name}_bucket", slow, base, le="10", **labels)
        | of(f"{name}_bucket", slow, base, le="+Inf", **labels)
    )


def _reloads(values: str, reason: str = "IngressChanged") -> Series:
    return of("painless_reloads_total", values, reason=reason)


def _desired(values: str) -> Series:
    return of("painless_config_desired_hash", values)


def _live(values: str) -> Series:
    return of("nginx_ingress_controller_config_hash", values, controller_pod="painless-1")


def _served(first: str, second: str) -> Series:
    other = {**OURS, "instance": "10.0.0.2:10254", "pod": "painless-2"}
    name = "painless_served"
    return of(name, first, what="ingresses") | of(name, second, other, what="ingresses")


def _workers(active: str, old: str) -> Series:
    return of("painless_workers", active, state="active") | of("painless_workers", old, state="shutting_down")


def _ratio(name: str, limit: str, value: str, most: str, base: dict[str, str] = OURS) -> Series:
    return of(name, value, base) | of(limit, most, base)


def _conntrack(values: str) -> Series:
    return _ratio("painless_conntrack_entries", "painless_conntrack_limit", values, "1000x60")


def _node_conntrack(values: str) -> Series:
    name = "node_nf_conntrack_entries"
    return _ratio(name, f"{name}_limit", values, "1000x150", NODE)


def _files(values: str) -> Series:
    name = "painless_worker_open_files"
    return _ratio(name, f"{name}_limit", values, "1000x60")


def _memory(values: str) -> Series:
    return _ratio("painless_memory_bytes", "painless_memory_limit_bytes", values, "1000x120")


def _throttled(values: str) -> Series:
    return of("painless_cpu_periods_total", "0+300x60", level="0") | of(
        "painless_cpu_throttled_periods_total", values, level="0"
    )


def _drains(values: str) -> Series:
    return of("painless_generation_draining_seconds", values, generation="a") | of(
        "painless_worker_shutdown_timeout_seconds", "240x60"
    )


def _crashes(restarts: str, overflows: str) -> Series:
    pod = {"namespace": "ingress", "pod": "painless-1", "container": "nginx"}
    return of("kube_pod_container_status_restarts_total", restarts, pod) | of(
        "painless_netns_tcpext_total", overflows, name="ListenOverflows"
    )


_HPA = {"namespace": "shop", "horizontalpodautoscaler": "web"}
_REPLICAS = "kube_horizontalpodautoscaler_status_desired_replicas"
_LISTEN = {"listen": "0.0.0.0:80"}
_INGRESS = {"exported_namespace": "shop", "namespace": "ingress", "ingress": "web"}
_DROPS = "painless_listen_drops_total"
_MAX, _LIMIT = "painless_listen_queue_max", "painless_listen_queue_limit"
_CERTIFICATE = "nginx_ingress_controller_ssl_expire_time_seconds"
_HEADER = "nginx_ingress_controller_header_duration_seconds"
_ORPHAN = "nginx_ingress_controller_orphan_ingress"
_PROPAGATION = "painless_endpoint_propagation_seconds"
_GOOD = "nginx_ingress_controller_config_last_reload_successful"
_LEADS = "nginx_ingress_controller_leader_election_status"

CASES: dict[str, Case] = {
    "PainlessAcceptQueueOverflow": Case(
        of(_DROPS, "0x10 0+1x20", worker="all", **_LISTEN),
        {**OURS, **_LISTEN},
        "0.0.0.0:80 of painless-1 drops connections",
        (of(_DROPS, "7x60", worker="all", **_LISTEN),),
    ),
    "PainlessAcceptQueueFilling": Case(
        of(_MAX, "300x60", worker="all", **_LISTEN) | of(_LIMIT, "511x60", worker="all", **_LISTEN),
        {**OURS, **_LISTEN, "worker": "all"},
        "The accept queue of 0.0.0.0:80 on painless-1 was more than half full",
        (
            of(_MAX, "200x60", worker="all", **_LISTEN) | of(_LIMIT, "511x60", worker="all", **_LISTEN),
            # Once, for less than two minutes.
            of(_MAX, "0x17 300x3", worker="all", **_LISTEN) | of(_LIMIT, "511x60", worker="all", **_LISTEN),
        ),
    ),
    "PainlessWorkerStuck": Case(
        _queue("4x60", "0") | _queue("0x60", "1"),
        {**OURS, **_LISTEN, "worker": "0"},
        "Worker 0 of painless-1 takes no connections, others do",
        (_queue("4x60", "0") | _queue("3x60", "1"), _queue("4x60")),
    ),
    "PainlessBacklogClamped": Case(
        of(_LIMIT, "128x60", worker="all", **_LISTEN),
        {**OURS, **_LISTEN},
        "0.0.0.0:80 of painless-1 queues 128 connections at most",
        (of(_LIMIT, "511x60", worker="all", **_LISTEN), of(_LIMIT, "128x5 4096x60", worker="all", **_LISTEN)),
        at="15m",
    ),
    "PainlessSynCookies": Case(
        of("painless_netns_tcpext_total", "0+3x60", name="SyncookiesSent"),
        {**OURS, "name": "SyncookiesSent"},
        "painless-1 answers with SYN cookies",
        (
            of("painless_netns_tcpext_total", "5x60", name="SyncookiesSent"),
            of("painless_netns_tcpext_total", "0+3x60", name="SyncookiesRecv"),
        ),
    ),
    "PainlessConntrackHigh": Case(
        _conntrack("800x60"),
        OURS,
        "The connection table of painless-1 is more than three quarters full",
        (_conntrack("700x60"), _node_conntrack("700x60")),
    ),
    "PainlessConntrackFull": Case(
        _node_conntrack("960x60"),
        NODE,
        "The connection table of node-1 is full",
        (_conntrack("900x60") | _node_conntrack("900x60"), of("node_nf_conntrack_stat_drop", "9x60", NODE)),
    ),
    "PainlessConntrackWillFill": Case(
        _node_conntrack("0+5x150"),
        NODE,
        "The connection table of node-1 will be full within an hour",
        (_node_conntrack("500x150"),),
        at="60m",
    ),
    "PainlessEphemeralPortsHigh": Case(
        of("painless_ephemeral_ports_used_ratio", "0.8x60"),
        OURS,
        "painless-1 has 80% of its local ports at one pod",
        (of("painless_ephemeral_ports_used_ratio", "0.6x60"),),
    ),
    "PainlessNodeAcceptQueueOverflow": Case(
        of("node_netstat_TcpExt_ListenOverflows", "0+1x60", NODE),
        NODE,
        "A listener in the node's own network on node-1 drops connections",
        (of("node_netstat_TcpExt_ListenOverflows", "8x60", NODE),),
    ),
    "PainlessNodeSoftnetDrops": Case(
        of("node_softnet_dropped_total", "0+1x60", NODE, cpu="1"),
        NODE,
        "node-1 drops packets before any program sees them",
        (of("node_softnet_dropped_total", "8x60", NODE, cpu="1"),),
        at="20m",
    ),
    "PainlessCpuThrottled": Case(
        _throttled("0+30x60"),
        {**OURS, "level": "0"},
        "NGINX of painless-1 is stopped in 10% of periods",
        (_throttled("0+3x60"), of("painless_cpu_periods_total", "0x60", level="0")),
    ),
    "PainlessMemoryWillRunOut": Case(
        _memory("300+5x120"),
        OURS,
        "NGINX of painless-1 will have used its memory within half an hour",
        (_memory("900x120"), _memory("300+1x120")),
        at="45m",
    ),
    "PainlessOomKilled": Case(
        of("painless_oom_kills_total", "0x10 1x60"),
        OURS,
        "The kernel ended a process of NGINX on painless-1 for lack of memory",
        (of("painless_oom_kills_total", "3x60"),),
    ),
    "PainlessFilesHigh": Case(
        _files("900x60"),
        OURS,
        "A worker of painless-1 has 90% of its files open",
        (_files("800x60"),),
    ),
    "PainlessCapacityHigh": Case(
        of("painless_capacity_used_ratio", "0.85x60"),
        OURS,
        "painless-1 has 85% of the clients that it can have",
        (of("painless_capacity_used_ratio", "0.75x60"), of("painless_capacity_used_ratio", "0.5x18 0.9x2")),
    ),
    "PainlessCapacityFull": Case(
        of("painless_capacity_used_ratio", "1.2x60"),
        OURS,
        "painless-1 can have hardly any more clients",
        (of("painless_capacity_used_ratio", "0.9x60"),),
    ),
    "PainlessDoctorFindings": Case(
        of("painless_doctor_findings", "2x60", id="R003", severity="critical"),
        {**OURS, "id": "R003"},
        "The doctor says of painless-1: R003 is an outage, now or soon",
        (
            of("painless_doctor_findings", "2x60", id="U005", severity="high"),
            of("painless_doctor_findings", "0x60", id="R003", severity="critical"),
        ),
    ),
    "PainlessReloadRate": Case(
        _reloads("0+1x500"),
        OURS,
        "NGINX of painless-1 reloads 120 times an hour",
        (_reloads("0x100 1x100 2x100 3x500"), _reloads("0+1x500", "Started")),
        at="3h",
    ),
    "PainlessReloadStorm": Case(
        _reloads("0+1x60"),
        OURS,
        "NGINX of painless-1 reloads about each minute",
        (_reloads("0x15 4x5"), _reloads("0x10 1x10 2x40")),
        at="15m",
    ),
    "PainlessReloadFailed": Case(
        of(_GOOD, "1x10 0x50"),
        OURS,
        "The last change did not come through on painless-1",
        (of(_GOOD, "1x60"), of(_GOOD, "0x10 1x50")),
    ),
    "PainlessObjectsHeld": Case(
        of("painless_held_objects", "1x60", served="earlier")
        | of("painless_held_objects", "2x60", served="nothing"),
        OURS,
        "NGINX of painless-1 refuses 3 objects",
        (of("painless_held_objects", "0x60", served="earlier"),),
    ),
    "PainlessConfigStale": Case(
        _live("4222124650659841x60") | _desired("4222124650659842x60"),
        {**OURS, "controller_pod": "painless-1"},
        "painless-1 serves an older configuration than the objects ask for",
        (_live("7x60") | _desired("7x60"), _live("7x60") | _desired("7x18 8x2")),
    ),
    "PainlessReplicasDisagree": Case(
        _served("10x60", "9x60"),
        {"namespace": "ingress", "job": "painless"},
        "Replicas of painless serve different numbers of Ingresses",
        (_served("10x60", "10x60"), _served("10x60", "10x18 9x2")),
    ),
    "PainlessOldWorkersPileUp": Case(
        _workers("2x60", "6x60"),
        OURS,
        "painless-1 has 3 old workers for each that serves",
        (_workers("2x60", "4x60"), _workers("2x60", "0x60")),
        at="15m",
    ),
    "PainlessOldGenerationStays": Case(
        _drains("0+30x60"),
        OURS,
        "A generation of painless-1 drains for longer than worker-shutdown-timeout",
        (
            _drains("0+30x9 0+30x10 0+10x20"),
            of("painless_generation_draining_seconds", "9999x60", generation="a"),
        ),
    ),
    "PainlessReloadsWait": Case(
        of("painless_governor_state", "1x60", state="memory"),
        {**OURS, "state": "memory"},
        "A change on painless-1 waits: memory",
        (
            of("painless_governor_state", "1x60", state="idle"),
            of("painless_governor_state", "1x60", state="coalescing"),
            of("painless_governor_state", "1x10 0x50", state="memory"),
        ),
        at="15m",
    ),
    "PainlessConnectionsCut": Case(
        (
            of("painless_connections_cut_total", "0x60", host="other")
            | of("painless_connections_cut_total", "_x9 10x60", host="chat.example")
        ),
        OURS,
        "painless-1 closed 10 connections to make room for a reload",
        (of("painless_connections_cut_total", "10x60", host="chat.example"),),
        at="9m30s",
    ),
    "PainlessCertificateExpiry": Case(
        of(_CERTIFICATE, "172800x60", CONTROLLER, host="shop.example", secret_name="own"),
        {
            "exported_namespace": "shop",
            "namespace": "ingress",
            "secret_name": "own",
            "host": "shop.example",
        },
        "The certificate of shop.example ends in 1d 23h 50m 0s",
        (
            of(_CERTIFICATE, "864000x60", CONTROLLER, host="shop.example", secret_name="own"),
            of(_CERTIFICATE, "0x60", CONTROLLER, host="_", secret_name=""),
        ),
    ),
    "PainlessIngressErrors": Case(
        _requests("0+30x60", "502") | _requests("0+270x60", "200"),
        _INGRESS,
        "10% of the requests of shop/web fail",
        (
            _requests("0+3x60", "502") | _requests("0+270x60", "200"),
            _requests("0+30x60", "404") | _requests("0+270x60", "200"),
            # Nearly nobody asks.
            _requests("0x10 1x50", "502"),
        ),
    ),
    "PainlessIngressSlow": Case(
        _buckets(_HEADER, "0+90x60", "0+100x60", CONTROLLER, ingress="web"),
        _INGRESS,
        "shop/web takes more than 5 s for one request in a hundred",
        (_buckets(_HEADER, "0+100x60", "0+100x60", CONTROLLER, ingress="web"),),
        at="20m",
    ),
    "PainlessErrorBudgetBurn": Case(
        _requests("0+30x150", "500") | _requests("0+270x150", "200"),
        {"job": "painless"},
        "painless burns its error budget: 10% fail",
        (
            _requests("0+3x150", "500") | _requests("0+297x150", "200"),
            # An hour ago it was bad, and it is over.
            _requests("0+30x100 3000x50", "500") | _requests("0+270x150", "200"),
        ),
        at="70m",
    ),
    "PainlessBulkheadRejections": Case(
        of("painless_bulkhead_rejections_total", "0+5x60", CONTROLLER, exported_service="web", port="80"),
        {"exported_namespace": "shop", "namespace": "ingress", "exported_service": "web", "port": "80"},
        "shop/web is refused requests: too many are open",
        (of("painless_bulkhead_rejections_total", "5x60", CONTROLLER, exported_service="web", port="80"),),
    ),
    "PainlessOrphanIngress": Case(
        of(_ORPHAN, "1x60", CONTROLLER, ingress="web", type="no-service"),
        {**_INGRESS, "type": "no-service"},
        "shop/web has an orphaned path: no-service",
        (of(_ORPHAN, "1x10 _x50", CONTROLLER, ingress="web", type="no-endpoint"),),
        at="20m",
    ),
    "PainlessNginxDown": Case(
        _workers("0x60", "0x60"),
        {**OURS, "state": "active"},
        "painless-1 has no worker that accepts connections",
        (_workers("2x60", "0x60"), _workers("2x19 0x1", "0x60")),
    ),
    "PainlessAbsent": Case(
        of("up", "1x60"),
        {},
        "No Painless is scraped",
        (_workers("2x60", "0x60"),),
    ),
    "PainlessApiSilent": Case(
        of("painless_api_silence_seconds", "0+30x60", kind="Ingress")
        | of("painless_api_silence_seconds", "5x60", kind="Service"),
        OURS,
        "painless-1 has heard nothing of the API server for 10m 0s",
        (of("painless_api_silence_seconds", "60x60", kind="Ingress"),),
    ),
    "PainlessEndpointsSlow": Case(
        _buckets(_PROPAGATION, "0x60", "0+1x60", OURS),
        OURS,
        "Changes of pods reach NGINX of painless-1 after 9.91s",
        (_buckets(_PROPAGATION, "0+1x60", "0+1x60", OURS), _buckets(_PROPAGATION, "0x60", "0x60", OURS)),
        at="20m",
    ),
    "PainlessNoLeader": Case(
        of(_LEADS, "0x60", name="leader"),
        {"namespace": "ingress", "job": "painless", "name": "leader"},
        "No replica of painless leads",
        (
            of(_LEADS, "0x60", name="leader")
            | of(_LEADS, "1x60", {**OURS, "pod": "painless-2"}, name="leader"),
        ),
    ),
    "PainlessHpaFlapping": Case(
        of(_REPLICAS, "2x10 6x10 2x10 6x10 2x60", _HPA),
        _HPA,
        "shop/web scales up and down",
        (of(_REPLICAS, "2x10 4x10 6x10 2x60", _HPA), of(_REPLICAS, "2x90", _HPA)),
        at="40m",
    ),
    "PainlessCrashLoopWithOverflow": Case(
        _crashes("0x10 1x10 3x40", "0+5x60"),
        {"namespace": "ingress", "pod": "painless-1", "container": "nginx"},
        "ingress/painless-1 is restarted while its accept queue overflows",
        (_crashes("0x10 1x10 3x40", "0x60"), _crashes("2x60", "0+5x60")),
        at="12m",
    ),
}
