"""What ingress-nginx's own dashboards ask: each query of nginx.json and request-handling-performance.json.

Of its folder deploy/grafana/dashboards; queries and names of variables only.
"""

_ALL = "nginx_ingress_controller_"
_POD = 'controller_pod=~"$controller",controller_class=~"$controller_class"'
_HERE = f'{_POD},namespace=~"$namespace"'
_THERE = f'{_POD},controller_namespace=~"$namespace"'
_INGRESS = f'ingress!="",{_THERE},ingress=~"$ingress"'
_EXPORTED = f'{_INGRESS},exported_namespace=~"$exported_namespace"'
_DURATION = f"{_ALL}request_duration_seconds"
_ONE = 'ingress =~ "$ingress"'
_BAD = f'{_ONE}, status =~ "[4-5].*"'

VARIABLES = {
    "namespace": f"label_values({_ALL}config_hash, controller_namespace)",
    "controller_class": f'label_values({_ALL}config_hash{{namespace=~"$namespace"}}, controller_class)',
    "controller": (
        f'label_values({_ALL}config_hash{{namespace=~"$namespace",controller_class=~"$controller_class"}}, '
        "controller_pod)"
    ),
    "ingress": (
        f'label_values({_ALL}requests{{namespace=~"$namespace",controller_class=~"$controller_class",'
        'controller_pod=~"$controller"}, ingress)'
    ),
    "exported_namespace": (
        f'label_values({_ALL}requests{{namespace=~"$namespace",controller_class=~"$controller_class",'
        'controller_pod=~"$controller", ingress=~"$ingress"}, exported_namespace)'
    ),
}

CONTROLLER = (
    (
        "sum(changes("
        f'{_ALL}config_last_reload_successful_timestamp_seconds{{instance!="unknown",'
        'controller_class=~"$controller_class",namespace=~"$namespace"}[30s])) by (controller_class)'
    ),
    f"round(sum(irate({_ALL}requests{{{_HERE}}}[2m])), 0.001)",
    f'sum(avg_over_time({_ALL}nginx_process_connections{{{_THERE},state="active"}}[2m]))',
    f'sum(rate({_ALL}requests{{{_HERE},status!~"[4-5].*"}}[2m])) / sum(rate({_ALL}requests{{{_HERE}}}[2m]))',
    f"avg(irate({_ALL}success{{{_THERE}}}[1m])) * 60",
    (
        f'count({_ALL}config_last_reload_successful{{controller_pod=~"$controller",'
        'controller_namespace=~"$namespace"} == 0)'
    ),
    f'round(sum(irate({_ALL}requests{{{_THERE},ingress=~"$ingress"}}[2m])) by (ingress), 0.001)',
    (
        f'sum(rate({_ALL}requests{{{_HERE},ingress=~"$ingress",status!~"[4-5].*"}}[2m])) by (ingress) '
        f'/ sum(rate({_ALL}requests{{{_HERE},ingress=~"$ingress"}}[2m])) by (ingress)'
    ),
    f"sum (irate ({_ALL}request_size_sum{{{_THERE}}}[2m]))",
    f"- sum (irate ({_ALL}response_size_sum{{{_THERE}}}[2m]))",
    f"avg({_ALL}nginx_process_resident_memory_bytes{{{_THERE}}}) ",
    f"avg (rate ({_ALL}nginx_process_cpu_seconds_total{{{_THERE}}}[2m])) ",
    *(
        f"histogram_quantile({share}, sum(rate({_DURATION}_bucket{{{_INGRESS}}}[2m])) by (le, ingress))"
        for share in ("0.50", "0.90", "0.99")
    ),
    f"sum(irate({_ALL}request_size_sum{{{_INGRESS}}}[2m])) by (ingress)",
    f"sum(irate({_ALL}response_size_sum{{{_INGRESS}}}[2m])) by (ingress)",
    *(
        f"histogram_quantile({share}, sum(rate({_DURATION}_bucket{{{_EXPORTED}}}[2m])) by (le))"
        for share in ("0.80", "0.90", "0.99")
    ),
    f"sum(increase({_DURATION}_bucket{{{_EXPORTED}}}[2m])) by (le)",
    (
        f'avg({_ALL}ssl_expire_time_seconds{{kubernetes_pod_name=~"$controller",namespace=~"$namespace",'
        'ingress=~"$ingress"}) by (host) - time()'
    ),
)

REQUESTS = (
    *(
        f"histogram_quantile({share}, sum by (le)(rate({_ALL}{name}_bucket{{{_ONE}}}[1m])))"
        for name in ("request_duration_seconds", "response_duration_seconds")
        for share in ("0.5", "0.95", "0.99")
    ),
    f"sum by (path)(rate({_DURATION}_count{{{_ONE}}}[1m]))",
    f"histogram_quantile(.5, sum by (le, path)(rate({_ALL}response_duration_seconds_bucket{{{_ONE}}}[1m])))",
    (
        f"sum by (path) (rate({_DURATION}_count{{{_BAD}}}[1m])) "
        f"/ sum by (path) (rate({_DURATION}_count{{{_ONE},}}[1m]))"
    ),
    f"sum by (path) (rate({_ALL}response_duration_seconds_sum{{{_ONE}}}[1m]))",
    f"sum (rate({_DURATION}_count{{{_BAD},}}[1m])) by(path, status)",
    (
        f"sum (rate ({_ALL}response_size_sum {{{_ONE},}}[1m])) by (path) "
        f"/ sum (rate({_ALL}response_size_count {{{_ONE},}}[1m])) by (path)"
    ),
    f"sum (rate({_ALL}response_size_bucket{{{_ONE},}}[1m])) by (le)",
    (
        f"sum (rate({_ALL}ingress_upstream_latency_seconds_sum {{{_ONE},}}[1m])) "
        f"/ sum (rate({_ALL}ingress_upstream_latency_seconds_count {{{_ONE},}}[1m]))"
    ),
)
