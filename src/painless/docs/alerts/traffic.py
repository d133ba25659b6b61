"""Alerts about requests: errors and latency by Ingress, bulkheads, paths without an answer."""

from painless.docs.alerts.rule import (
    CRITICAL,
    EVENTS,
    INFO,
    NAMESPACE,
    OWN,
    STATUS,
    WARNING,
    WHERE,
    Alert,
    Group,
    Look,
)

_COUNTED = "requests are counted (`--enable-metrics`)"
_REQUESTS = "nginx_ingress_controller_requests"
_BY = f"sum by ({OWN}, ingress)"
_FAILED = '{status=~"5.*"}'
_LOGS = Look("kubectl painless logs | grep ' 50[0-9] '", "the requests, with the pod that answered")
_PODS = Look("kubectl get pods -n NAMESPACE", "whether its pods restart or are not ready")


def _burns(window: str) -> str:
    """Return whether errors come 14.4 times as fast as one in a thousand allows."""
    failed, every = f"{_REQUESTS}{_FAILED}[{window}]", f"{_REQUESTS}[{window}]"
    return f"sum by (job) (rate({failed})) / sum by (job) (rate({every})) > 14.4 * 0.001"


GROUP = Group(
    "painless-traffic",
    "Requests",
    (
        Alert(
            name="PainlessIngressErrors",
            expr=(
                f"{_BY} (rate({_REQUESTS}{_FAILED}[5m])) / {_BY} (rate({_REQUESTS}[5m])) > 0.05 "
                f"and {_BY} (rate({_REQUESTS}[5m])) > 0.1"
            ),
            after="5m",
            severity=WARNING,
            needs=_COUNTED,
            summary=(
                "{{ $value | humanizePercentage }} of the requests of "
                f"{NAMESPACE}/{{{{ $labels.ingress }}}} fail"
            ),
            means="One request in twenty or more is answered with 5xx: by the application, or in its place.",
            look=(
                Look(f'sum by (status) (rate({_REQUESTS}{{ingress="NAME"}}[5m]))', "which statuses"),
                _LOGS,
                _PODS,
            ),
            do=(
                (
                    "502: pods refuse or close connections. 503: none is ready, or a bulkhead is full. 504: "
                    "they do not answer in time. 500 and others: ask the application's log."
                ),
            ),
        ),
        Alert(
            name="PainlessIngressSlow",
            expr=(
                f"histogram_quantile(0.99, sum by ({OWN}, ingress, le) "
                "(rate(nginx_ingress_controller_header_duration_seconds_bucket[5m]))) > 5"
            ),
            after="10m",
            severity=WARNING,
            needs=_COUNTED,
            summary=f"{NAMESPACE}/{{{{ $labels.ingress }}}} takes more than 5 s for one request in a hundred",
            means=(
                "It is the time until the application begins to answer, so that long downloads and "
                "WebSockets do not count."
            ),
            look=(
                Look(
                    "histogram_quantile(0.99, sum by (ingress, le) "
                    "(rate(nginx_ingress_controller_connect_duration_seconds_bucket[5m])))",
                    "high: its pods do not even accept connections",
                ),
                _PODS,
            ),
            do=("See to the application. Bulkheads keep it from taking all connections meanwhile.",),
        ),
        Alert(
            name="PainlessErrorBudgetBurn",
            expr=f"{_burns('1h')} and {_burns('5m')}",
            severity=CRITICAL,
            needs=_COUNTED,
            summary="{{ $labels.job }} burns its error budget: {{ $value | humanizePercentage }} fail",
            means=(
                "Of 99.9 % in 30 days, one hour like the last uses up 2 %; "
                "the last five minutes say that it goes on."
            ),
            look=(
                Look(f"topk(10, sum by (ingress) (rate({_REQUESTS}{_FAILED}[5m])))", "whose errors they are"),
                STATUS,
            ),
            do=(
                (
                    "One Ingress: [PainlessIngressErrors](PainlessIngressErrors.md). All of them: look for "
                    "other alerts of the same Pod or node first."
                ),
            ),
        ),
        Alert(
            name="PainlessBulkheadRejections",
            expr=(
                f"sum by ({OWN}, exported_service, service, port) "
                "(increase(painless_bulkhead_rejections_total[5m])) > 0"
            ),
            after="2m",
            severity=WARNING,
            summary=(
                f"{NAMESPACE}/{{{{ with $labels.exported_service }}}}{{{{ . }}}}{{{{ else }}}}"
                "{{ $labels.service }}{{ end }} is refused requests: too many are open"
            ),
            means=(
                "The Service has as many requests open as it may, and more are answered with 503, so that "
                "others are still served ([bulkheads](../explain/bulkheads.md))."
            ),
            look=(
                Look("kubectl logs POD -c controller | grep bulkhead_full", "which Ingresses use it"),
                _PODS,
            ),
            do=(
                "It is slow or has too few pods: see to that first.",
                "If so many are wanted: raise its ceiling, or NGINX's connections.",
            ),
        ),
        Alert(
            name="PainlessOrphanIngress",
            expr=(f"max by ({OWN}, ingress, type) (nginx_ingress_controller_orphan_ingress) == 1"),
            after="15m",
            severity=INFO,
            summary=f"{NAMESPACE}/{{{{ $labels.ingress }}}} has an orphaned path: {{{{ $labels.type }}}}",
            means="`no-service`: no such Service, or no such port. `no-endpoint`: none of its pods is ready.",
            look=(EVENTS, Look("kubectl get endpointslices -n NAMESPACE", "who is ready")),
            do=("Correct or remove the path, or start the pods.",),
        ),
        Alert(
            name="PainlessNginxDown",
            expr='painless_workers{state="active"} == 0',
            after="1m",
            severity=CRITICAL,
            summary=f"{WHERE} has no worker that accepts connections",
            means="NGINX does not run, or cannot start. The Pod is not ready, and others get its clients.",
            look=(
                Look("kubectl logs POD -c controller | grep -E 'nginx_ended|round_failed'", "why"),
                Look("kubectl describe pod POD", "how its containers ended"),
            ),
            do=("Mend what the log names. The controller starts NGINX again by itself.",),
        ),
    ),
)
