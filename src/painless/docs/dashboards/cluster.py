"""Rows of the controller's dashboard about what comes from a cluster and goes to it: pods, the API server."""

from painless.docs.dashboards.board import BAD, ONES, POD, RATE, SELECTED, Panel, Query, Row, quantile

_PREFIX = "nginx_ingress_controller_"

PODS = Row(
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

API = Row(
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
                Query(f"sum(painless_statuses_contested{{{ONES}}})", "statuses left to others"),
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
