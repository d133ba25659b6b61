"""The dashboard about the controller: what it serves, what reloads NGINX, whom it talks to."""

from painless.docs.dashboards.board import (
    BAD,
    CONTROLLERS,
    GOOD,
    ONES,
    POD,
    RATE,
    SELECTED,
    SHOWN,
    STAT,
    STATES,
    TABLE,
    WARN,
    Dashboard,
    Panel,
    Query,
    Row,
    quantile,
)

_PREFIX = "nginx_ingress_controller_"


def _increases(metric: str, by: str) -> str:
    return f"sum by ({by}) (increase({metric}{{{ONES}}}[{RATE}]))"


_STATE = Row(
    "Is all well?",
    (
        Panel(
            "Controllers",
            "How many there are, by release.",
            (Query(f"count by (release) ({_PREFIX}build_info{{{SELECTED}}})", "{{release}}"),),
            kind=STAT,
            width=4,
            height=4,
            alerts=("PainlessAbsent",),
        ),
        Panel(
            "Last change came through",
            "Where it says no, NGINX serves what it served before.",
            (Query(f"min({_PREFIX}config_last_reload_successful{{{SELECTED}}})"),),
            unit="bool_yes_no",
            kind=STAT,
            width=4,
            height=4,
            steps=((0.0, BAD), (1.0, GOOD)),
            alerts=("PainlessReloadFailed", "PainlessConfigStale"),
        ),
        Panel(
            "Workers that accept",
            "The fewest that a controller's NGINX has.",
            (Query(f'min(painless_workers{{{ONES},state="active"}})'),),
            kind=STAT,
            width=4,
            height=4,
            steps=((0.0, BAD), (1.0, GOOD)),
            alerts=("PainlessNginxDown",),
        ),
        Panel(
            "Objects that NGINX refuses",
            "They are served as they were, or not at all; everybody else is served.",
            (Query(f"max(sum by (instance) (painless_held_objects{{{ONES}}}))"),),
            kind=STAT,
            width=4,
            height=4,
            steps=((1.0, WARN),),
            alerts=("PainlessObjectsHeld",),
        ),
        Panel(
            "Configurations",
            "How many different ones replicas run. More than one is normal for moments only.",
            (
                Query(
                    f'count(count_values("hash", {_PREFIX}config_hash{{{SELECTED}}}))',
                ),
            ),
            kind=STAT,
            width=4,
            height=4,
            steps=((2.0, WARN),),
            alerts=("PainlessReplicasDisagree", "PainlessConfigStale"),
        ),
        Panel(
            "Reloads in this time",
            "How often NGINX was told to load.",
            (Query(f"sum(increase(painless_reloads_total{{{ONES}}}[{SHOWN}]))"),),
            kind=STAT,
            width=4,
            height=4,
            alerts=("PainlessReloadRate", "PainlessReloadStorm"),
        ),
    ),
)

_RELOADS = Row(
    "Reloads",
    (
        Panel(
            "Reloads by reason",
            "What kind of change it was, by its first reason. Pods, certificates and weights cause none.",
            (Query(_increases("painless_reloads_total", "reason"), "{{reason}}"),),
            stacked=True,
            alerts=("PainlessReloadRate", "PainlessReloadStorm"),
        ),
        Panel(
            "What a change waits for",
            "The governor's state; idle when nothing waits.",
            (
                Query(
                    f"max by (state, instance) (painless_governor_state{{{ONES}}}) == 1",
                    "{{instance}} {{state}}",
                ),
            ),
            kind=STATES,
            alerts=("PainlessReloadsWait",),
        ),
        Panel(
            "Time to serve a change",
            "p99 from the text to an NGINX that serves it; and to make the text.",
            (
                Query(quantile(0.99, f"painless_apply_seconds_bucket{{{ONES}}}", "effect"), "{{effect}}"),
                Query(quantile(0.99, f"painless_compile_seconds_bucket{{{ONES}}}"), "compile"),
            ),
            unit="s",
        ),
        Panel(
            "Loads that failed",
            "Beside those that NGINX took. One that fails is tried again.",
            (
                Query(f"sum(increase({_PREFIX}success{{{SELECTED}}}[{RATE}]))", "taken"),
                Query(f"sum(increase({_PREFIX}errors{{{SELECTED}}}[{RATE}]))", "failed"),
            ),
            alerts=("PainlessReloadFailed",),
        ),
        Panel(
            "Seconds that changes waited",
            "Before NGINX was told to load, by what for.",
            (Query(_increases("painless_reloads_held_seconds_total", "reason"), "{{reason}}"),),
            unit="s",
            stacked=True,
            alerts=("PainlessReloadsWait",),
        ),
        Panel(
            "Turns among replicas",
            "How changes came to theirs: taken, or without waiting and why.",
            (Query(_increases("painless_reload_turns_total", "way"), "{{way}}"),),
            needs="replicas in a cluster",
        ),
    ),
)

_OBJECTS = Row(
    "Objects",
    (
        Panel(
            "What is served",
            "Ingresses, servers and upstreams of the configuration that runs.",
            (Query(f"max by (what) (painless_served{{{ONES}}})", "{{what}}"),),
            alerts=("PainlessReplicasDisagree",),
        ),
        Panel(
            "Findings",
            "What is wrong with objects, by severity. `painless status` and Events say with which.",
            (
                Query(
                    f"max by (severity) (sum by (instance, severity) (painless_diagnostics{{{ONES}}}))",
                    "{{severity}}",
                ),
            ),
            none="no findings",
        ),
        Panel(
            "Findings by reason",
            "The page of diagnostics says for each what to do.",
            (Query(f"max by (severity, reason) (painless_diagnostics{{{ONES}}})", "objects"),),
            kind=TABLE,
            none="no findings",
        ),
        Panel(
            "Paths without an answer",
            "Ingresses with a path whose Service does not exist, or has no pod that is ready.",
            (
                Query(
                    "max by (exported_namespace, namespace, ingress, type) "
                    f"({_PREFIX}orphan_ingress{{{SELECTED}}})",
                    "orphaned",
                ),
            ),
            kind=TABLE,
            none="none",
            alerts=("PainlessOrphanIngress",),
        ),
    ),
)

_PODS = Row(
    "Pods",
    (
        Panel(
            "Changes of endpoints",
            "Upstreams whose pods came and went. None of these is a reload.",
            (
                Query(
                    f"sum by (pod, instance) (rate(painless_endpoint_updates_total{{{ONES}}}[{RATE}]))", POD
                ),
            ),
            unit="cps",
        ),
        Panel(
            "Until NGINX knows",
            "From a change of endpoints until NGINX was answered with it.",
            tuple(
                Query(
                    quantile(share, f"painless_endpoint_propagation_seconds_bucket{{{ONES}}}"),
                    f"p{100 * share:g}",
                )
                for share in (0.5, 0.99)
            ),
            unit="s",
            alerts=("PainlessEndpointsSlow",),
        ),
    ),
)

_API = Row(
    "The API server",
    (
        Panel(
            "Silence",
            "Seconds since it last said something. A quiet watch hears something each minute.",
            (Query(f"max by (pod, instance) (painless_api_silence_seconds{{{ONES}}})", POD),),
            unit="s",
            steps=((180.0, BAD),),
            alerts=("PainlessApiSilent",),
            needs="a cluster",
        ),
        Panel(
            "Changes and failures",
            "What watches brought, whole lists that had to be read, and requests that failed.",
            (
                Query(f"sum(rate(painless_api_events_total{{{ONES}}}[{RATE}]))", "changes"),
                Query(f"sum(rate(painless_api_lists_total{{{ONES}}}[{RATE}]))", "lists"),
                Query(f"sum(rate(painless_api_failures_total{{{ONES}}}[{RATE}]))", "failures"),
            ),
            unit="cps",
            alerts=("PainlessApiSilent",),
            needs="a cluster",
        ),
        Panel(
            "Who leads",
            "The leader writes statuses and Events. Traffic needs none.",
            (Query(f"max by (pod, instance) ({_PREFIX}leader_election_status{{{SELECTED}}})", POD),),
            unit="bool_yes_no",
            most=1,
            alerts=("PainlessNoLeader",),
            needs="a cluster",
        ),
        Panel(
            "Statuses and Events",
            "What the leader wrote, and what failed.",
            (
                Query(f"sum(increase(painless_statuses_written_total{{{ONES}}}[{RATE}]))", "statuses"),
                Query(
                    f"sum(increase(painless_status_failures_total{{{ONES}}}[{RATE}]))", "statuses that failed"
                ),
                Query(f"sum(increase(painless_events_sent_total{{{ONES}}}[{RATE}]))", "Events"),
                Query(
                    f"sum(increase(painless_events_dropped_total{{{ONES}}}[{RATE}]))", "Events that were lost"
                ),
            ),
            needs="a cluster",
        ),
        Panel(
            "Time of the last review",
            "Of the admission webhook. The API server waits for ten seconds, by default.",
            (Query(f"max({_PREFIX}admission_roundtrip_duration{{{SELECTED}}})", "seconds"),),
            unit="s",
        ),
    ),
)

_COUNTING = Row(
    "Counting requests",
    (
        Panel(
            "Lines",
            "Requests that were counted; those beyond the ceiling of series; lines that were not whole.",
            (
                Query(f"sum(rate(painless_request_log_lines_total{{{ONES}}}[{RATE}]))", "counted"),
                Query(
                    f"sum(rate(painless_request_metrics_folded_total{{{ONES}}}[{RATE}]))", "folded together"
                ),
                Query(
                    f"sum(rate(painless_request_log_malformed_lines_total{{{ONES}}}[{RATE}]))", "malformed"
                ),
            ),
            unit="reqps",
        ),
        Panel(
            "Series and bytes that were lost",
            "Sets of labels, each some hundred lines of the page; bytes that nobody counted in time.",
            (
                Query(f"sum(painless_request_metrics_series{{{ONES}}})", "series"),
                Query(
                    f"sum(increase(painless_request_log_dropped_bytes_total{{{ONES}}}[{RATE}])"
                    f" + increase(painless_request_log_lost_bytes_total{{{ONES}}}[{RATE}]))",
                    "bytes lost",
                ),
            ),
        ),
        Panel(
            "Access log",
            "Bytes, by where they went: dropped is what nobody took from our standard output.",
            (Query(f"sum by (to) (rate(painless_access_log_bytes_total{{{ONES}}}[{RATE}]))", "{{to}}"),),
            unit="Bps",
        ),
    ),
)

CONTROLLER = Dashboard(
    "painless-controller",
    "Painless / Controller",
    "Whether changes come through, what reloads NGINX, and how things stand with the API server.",
    CONTROLLERS,
    (_STATE, _RELOADS, _OBJECTS, _PODS, _API, _COUNTING),
)
