"""Alerts about the cluster: the API server, endpoints, leaders, autoscalers."""

from painless.docs.alerts.rule import CRITICAL, STATUS, WARNING, WHERE, Alert, Group, Look

_STATE_METRICS = "kube-state-metrics"
_REPLICAS = "kube_horizontalpodautoscaler_status_desired_replicas[1h]"

GROUP = Group(
    "painless-cluster",
    "The cluster",
    (
        Alert(
            name="PainlessAbsent",
            expr="absent(painless_workers)",
            after="5m",
            severity=CRITICAL,
            summary="No Painless is scraped",
            means="Either none runs, or Prometheus does not find it; no other alert here can fire.",
            look=(
                Look("up", "which targets Prometheus knows"),
                Look("kubectl get pods --all-namespaces -l app.kubernetes.io/name=painless", "who runs"),
            ),
            do=("[Monitor](../how-to/monitor.md) has what is scraped and how.",),
        ),
        Alert(
            name="PainlessApiSilent",
            expr="max without (kind) (painless_api_silence_seconds) > 180",
            after="2m",
            severity=WARNING,
            summary=f"{WHERE} has heard nothing of the API server for {{{{ $value | humanizeDuration }}}}",
            means=(
                "Traffic goes on with what is known; pods that come and go are not noticed. A quiet watch "
                "hears something each minute "
                "([when the API server is away](../explain/the-api-server-is-away.md))."
            ),
            look=(
                Look("painless_api_silence_seconds", "of which kinds"),
                Look("rate(painless_api_failures_total[5m])", "whether requests fail, or only nothing comes"),
                Look("kubectl logs POD -c controller | grep -i api", "what the API server answers"),
            ),
            do=(
                "One Pod: its network or its rights. All of them: the API server.",
                "Do not restart Painless: it starts with nothing, and the API server is away.",
            ),
        ),
        Alert(
            name="PainlessEndpointsSlow",
            expr=("histogram_quantile(0.99, rate(painless_endpoint_propagation_seconds_bucket[10m])) > 5"),
            after="10m",
            severity=WARNING,
            summary=f"Changes of pods reach NGINX of {WHERE} after {{{{ $value | humanizeDuration }}}}",
            means="It asks once a second. Until it knows, requests go to pods that have left.",
            look=(
                Look("rate(painless_cpu_throttled_periods_total[5m])", "whether NGINX is stopped"),
                Look("rate(painless_endpoint_updates_total[5m])", "how much changes"),
                STATUS,
            ),
            do=("Give the controller and NGINX more CPU.",),
        ),
        Alert(
            name="PainlessNoLeader",
            expr="sum by (namespace, job, name) (nginx_ingress_controller_leader_election_status) == 0",
            after="3m",
            severity=WARNING,
            summary="No replica of {{ $labels.job }} leads",
            means="Nobody writes the status of Ingresses. Traffic is not affected.",
            look=(Look("kubectl get lease -n NAMESPACE -o wide", "who holds it, since when"),),
            do=("Most often a right is missing: `kubectl logs POD -c controller` names the rule.",),
        ),
        Alert(
            name="PainlessHpaFlapping",
            expr=f"resets({_REPLICAS}) >= 2 and changes({_REPLICAS}) - resets({_REPLICAS}) >= 2",
            severity=WARNING,
            needs=_STATE_METRICS,
            summary="{{ $labels.namespace }}/{{ $labels.horizontalpodautoscaler }} scales up and down",
            means="Twice up and twice down within an hour: pods are started and ended for nothing.",
            look=(
                Look("kubectl describe hpa NAME -n NAMESPACE", "which metric moves it"),
                Look("kubectl get hpa NAME -n NAMESPACE -o yaml", "its `behavior`"),
            ),
            do=(
                (
                    "Set `behavior.scaleDown.stabilizationWindowSeconds`, or choose a metric that is not the "
                    "average of few pods."
                ),
                "Pods that come and go cost no reload here, but their users do notice.",
            ),
        ),
        Alert(
            name="PainlessCrashLoopWithOverflow",
            expr=(
                'increase(kube_pod_container_status_restarts_total{container="nginx"}[15m]) > 1 '
                "and on (namespace, pod) "
                'increase(painless_netns_tcpext_total{name="ListenOverflows"}[15m]) > 0'
            ),
            severity=CRITICAL,
            needs=_STATE_METRICS,
            summary="{{ $labels.namespace }}/{{ $labels.pod }} is restarted while its accept queue overflows",
            means=(
                "Probes of your own that go through the data ports fail since the queue is full; the restart "
                "sends all clients to the next Pod, whose queue fills."
            ),
            look=(
                Look("kubectl describe pod POD", "which probe failed"),
                STATUS,
            ),
            do=(
                "Take such probes away: ours are on a port of their own ([probes](../explain/probes.md)).",
                "Then as for [PainlessAcceptQueueOverflow](PainlessAcceptQueueOverflow.md).",
            ),
        ),
    ),
)
