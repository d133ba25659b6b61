"""The dashboard about the controller: what it serves, what reloads NGINX, whom it talks to."""

from painless.docs.dashboards.board import (
    BAD,
    CONTROLLERS,
    GOOD,
    ONES,
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
from painless.docs.dashboards.cluster import API, PODS

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
        Panel(
            "Controllers that are behind",
            "Their NGINX does not run what the objects ask for: a change waits, or fails.",
            (
                Query(
                    f"count({_PREFIX}config_hash{{{SELECTED}}} != on (instance) group_left () "
                    f"painless_config_desired_hash{{{ONES}}})",
                    "controllers",
                ),
            ),
            none="none",
            alerts=("PainlessConfigStale", "PainlessReloadFailed"),
        ),
        Panel(
            "Reloads for each namespace",
            "How often NGINX was told to load for its objects, since the controllers started.",
            (
                Query(
                    "topk(20, sum by (exported_namespace, namespace) "
                    f"(painless_reloads_caused_total{{{ONES}}}))",
                    "reloads",
                ),
            ),
            kind=TABLE,
            none="no namespace",
            alerts=("PainlessReloadRate", "PainlessReloadStorm"),
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
            "Requests are counted",
            "No: the process that counts did not answer. Another one is started after half a minute.",
            (Query(f"min(painless_request_metrics_up{{{ONES}}})"),),
            unit="bool_yes_no",
            kind=STAT,
            steps=((0.0, BAD), (1.0, GOOD)),
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
    (_STATE, _RELOADS, _OBJECTS, PODS, API, _COUNTING),
)
