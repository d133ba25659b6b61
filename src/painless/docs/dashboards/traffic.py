"""The dashboard about requests: by Ingress, host, status.  Its variables are those of ingress-nginx's own."""

from painless.docs.dashboards.board import (
    BAD,
    CHOSEN,
    CONTROLLERS,
    FULL,
    GOOD,
    HEATMAP,
    ONES,
    RATE,
    REQUESTS,
    SELECTED,
    STAT,
    TABLE,
    WARN,
    Dashboard,
    Panel,
    Query,
    Row,
    quantile,
)

_PREFIX = "nginx_ingress_controller_"
_ALL = f"{_PREFIX}requests{{{CHOSEN}}}"
_SERVED = f'{_PREFIX}requests{{{CHOSEN},ingress!=""}}'
_GOOD = f'{_PREFIX}requests{{{CHOSEN},ingress!="",status!~"[45].*"}}'
_FAILED = f'{_PREFIX}requests{{{CHOSEN},status=~"5.*"}}'
_OWNER = "exported_namespace, namespace, ingress"
_NAMED = "{{exported_namespace}}/{{ingress}}"
_DAY = 86_400.0

_GOOD_SHARE = ((0.0, BAD), (0.99, WARN), (0.999, GOOD))
_SLOW = ((1.0, WARN), (5.0, BAD))


def _rate(series: str) -> str:
    return f"sum(rate({series}[{RATE}]))"


def _rates(series: str, by: str = _OWNER) -> str:
    return f"sum by ({by}) (rate({series}[{RATE}]))"


def _histogram(name: str, part: str, more: str = "") -> str:
    return f"{_PREFIX}{name}_{part}{{{CHOSEN}{more}}}"


def _classes(series: str) -> str:
    """Return the rate by class of status, whether series have the status or its class."""
    return f'sum by (class) (label_replace(rate({series}[{RATE}]), "class", "${{1}}xx", "status", "(.).*"))'


def _quantiles(name: str) -> tuple[Query, ...]:
    return tuple(
        Query(quantile(share, _histogram(name, "bucket")), f"p{100 * share:g}") for share in (0.5, 0.9, 0.99)
    )


_GLANCE = Row(
    "At a glance",
    (
        Panel(
            "Requests",
            "Requests of clients in a second, whoever served them.",
            (Query(_rate(_ALL)),),
            unit="reqps",
            kind=STAT,
            width=5,
            height=4,
        ),
        Panel(
            "Success",
            "The share of requests that were not answered with 5xx.",
            (Query(f"1 - ({_rate(_FAILED)} or vector(0)) / {_rate(_ALL)}"),),
            unit="percentunit",
            kind=STAT,
            width=5,
            height=4,
            most=1,
            steps=_GOOD_SHARE,
            alerts=("PainlessErrorBudgetBurn", "PainlessIngressErrors"),
        ),
        Panel(
            "p99",
            "One request in a hundred takes longer, to its last byte.",
            (Query(quantile(0.99, _histogram("request_duration_seconds", "bucket"))),),
            unit="s",
            kind=STAT,
            width=5,
            height=4,
            steps=_SLOW,
        ),
        Panel(
            "Clients connected",
            "Connections of clients that are open.",
            (Query(f'sum({_PREFIX}nginx_process_connections{{{SELECTED},state="active"}})'),),
            kind=STAT,
            width=5,
            height=4,
        ),
        Panel(
            "Ends next",
            "The certificate that ends first.",
            (Query(f'min({_PREFIX}ssl_expire_time_seconds{{{ONES},host!="_"}}) - time()'),),
            unit="s",
            kind=STAT,
            width=4,
            height=4,
            none="no certificate",
            steps=((0.0, BAD), (7 * _DAY, WARN), (21 * _DAY, GOOD)),
            alerts=("PainlessCertificateExpiry",),
        ),
    ),
)

_STATUSES = Row(
    "Answers",
    (
        Panel(
            "Requests by status",
            "All requests, also of hosts that no Ingress has.",
            (Query(_classes(_ALL), "{{class}}"),),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            "Errors by Ingress",
            "Answers with 5xx: the application's own, or given in its place since no pod answered.",
            (Query(_rates(_FAILED), _NAMED),),
            unit="reqps",
            alerts=("PainlessIngressErrors", "PainlessErrorBudgetBurn"),
            none="no errors",
        ),
        Panel(
            "Requests by Ingress",
            "Who has the traffic.",
            (Query(_rates(_SERVED), _NAMED),),
            unit="reqps",
        ),
        Panel(
            "Success by Ingress",
            "The share of requests that were not answered with 4xx or 5xx.",
            (Query(f"{_rates(_GOOD)} / {_rates(_SERVED)}", _NAMED),),
            unit="percentunit",
            most=1,
        ),
        Panel(
            "Requests by host",
            "The ten hosts that are asked most; _ is all hosts that no Ingress has.",
            (Query(f"topk(10, {_rates(_ALL, 'host')})", "{{host}}"),),
            unit="reqps",
        ),
        Panel(
            "Errors by path",
            "The ten paths with most 5xx.",
            (Query(f"topk(10, {_rates(_FAILED, 'host, path, status')})", "{{status}} {{host}}{{path}}"),),
            unit="reqps",
            none="no errors",
        ),
    ),
)

_TIMES = Row(
    "How long it takes",
    (
        Panel(
            "Whole requests",
            "From the first byte of a request to the last of its answer: slow clients count, too.",
            _quantiles("request_duration_seconds"),
            unit="s",
        ),
        Panel(
            "Until the Service begins to answer",
            "The application's own time, whatever the client does.",
            _quantiles("header_duration_seconds"),
            unit="s",
            alerts=("PainlessIngressSlow",),
        ),
        Panel(
            "To connect to the Service",
            "It is high when pods do not even accept connections; it is none for connections that are kept.",
            _quantiles("connect_duration_seconds"),
            unit="s",
            alerts=("PainlessIngressSlow",),
        ),
        Panel(
            "p99 by Ingress",
            "Until the Service begins to answer.",
            (Query(quantile(0.99, _histogram("header_duration_seconds", "bucket"), _OWNER), _NAMED),),
            unit="s",
            alerts=("PainlessIngressSlow",),
        ),
        Panel(
            "All requests by their time",
            "Each column is a moment: how many requests took how long.",
            (
                Query(
                    f"sum by (le) (increase({_histogram('request_duration_seconds', 'bucket')}[{RATE}]))",
                    "{{le}}",
                ),
            ),
            unit="s",
            kind=HEATMAP,
            width=FULL,
        ),
    ),
)

_BYTES = Row(
    "Bytes",
    (
        Panel(
            "Received and sent",
            "Requests and answers with their headers, without TLS.",
            (
                Query(_rate(_histogram("request_size", "sum")), "received"),
                Query(_rate(_histogram("response_size", "sum")), "sent"),
            ),
            unit="Bps",
        ),
        Panel(
            "Mean size of answers",
            "By Ingress.",
            (
                Query(
                    f"{_rates(_histogram('response_size', 'sum'))} / "
                    f"{_rates(_histogram('response_size', 'count'))}",
                    _NAMED,
                ),
            ),
            unit="bytes",
        ),
    ),
)


def _share(share: float) -> str:
    return quantile(share, _histogram("request_duration_seconds", "bucket", ',ingress!=""'), _OWNER)


_TABLE = Row(
    "Each Ingress",
    (
        Panel(
            "Ingresses",
            "The last minutes, in one line each.",
            (
                Query(_rates(_SERVED), "requests/s"),
                Query(_rates(f'{_PREFIX}requests{{{CHOSEN},ingress!="",status=~"5.*"}}'), "5xx/s"),
                Query(_share(0.5), "p50 (s)"),
                Query(_share(0.9), "p90 (s)"),
                Query(_share(0.99), "p99 (s)"),
                Query(_rates(_histogram("request_size", "sum", ',ingress!=""')), "received (B/s)"),
                Query(_rates(_histogram("response_size", "sum", ',ingress!=""')), "sent (B/s)"),
            ),
            kind=TABLE,
            width=16,
            height=10,
        ),
        Panel(
            "Certificates",
            "Seconds until they end; host _ is all that have none of their own. The leader tells.",
            (Query(f"min by (host) ({_PREFIX}ssl_expire_time_seconds{{{ONES}}}) - time()", "ends in"),),
            unit="s",
            kind=TABLE,
            width=8,
            height=10,
            alerts=("PainlessCertificateExpiry",),
        ),
    ),
)

TRAFFIC = Dashboard(
    "painless-traffic",
    "Painless / Traffic",
    "Requests, errors, times and bytes, by Ingress and host. It needs --enable-metrics.",
    (*CONTROLLERS, *REQUESTS),
    (_GLANCE, _STATUSES, _TIMES, _BYTES, _TABLE),
)
