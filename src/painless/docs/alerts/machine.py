"""Alerts about what NGINX may use: CPU, memory, files, connections."""

from painless.docs.alerts.rule import CRITICAL, STATUS, WARNING, WHERE, Alert, Group, Look

_GENERATIONS = Look("painless_generation_pss_bytes", "what each set of workers has")

GROUP = Group(
    "painless-machine",
    "What NGINX may use",
    (
        Alert(
            name="PainlessCpuThrottled",
            expr=(
                "rate(painless_cpu_throttled_periods_total[5m]) / rate(painless_cpu_periods_total[5m]) > 0.05"
            ),
            after="5m",
            severity=WARNING,
            summary=f"NGINX of {WHERE} is stopped in {{{{ $value | humanizePercentage }}}} of periods",
            means=(
                "Its CPU quota runs out. For the rest of each period, up to 100 ms, no worker runs: "
                "latencies jump, and accept queues fill although the average load is low."
            ),
            look=(
                Look("rate(nginx_ingress_controller_nginx_process_cpu_seconds_total[1m])", "CPUs in use"),
                STATUS,
            ),
            do=(
                "Raise `controller.resources.limits.cpu`, or remove it and keep the request.",
                "Add replicas.",
            ),
        ),
        Alert(
            name="PainlessMemoryWillRunOut",
            expr="predict_linear(painless_memory_bytes[30m], 1800) > 0.95 * painless_memory_limit_bytes",
            after="5m",
            severity=CRITICAL,
            summary=f"NGINX of {WHERE} will have used its memory within half an hour",
            means="At the rate of the last half hour it reaches its limit, and the kernel ends processes.",
            look=(
                _GENERATIONS,
                Look("painless_generation_connections", "who has how many connections"),
                STATUS,
            ),
            do=(
                "If old generations have it: see [PainlessOldWorkersPileUp](PainlessOldWorkersPileUp.md).",
                "If the live one has it: raise `controller.resources.limits.memory`, or lower buffers.",
            ),
        ),
        Alert(
            name="PainlessOomKilled",
            expr="increase(painless_oom_kills_total[10m]) > 0",
            severity=CRITICAL,
            summary=f"The kernel ended a process of NGINX on {WHERE} for lack of memory",
            means="A worker's clients were all cut off; its successor has started.",
            look=(
                _GENERATIONS,
                Look("dmesg | grep -i 'killed process'", "on the node: which one"),
            ),
            do=(
                "Raise `controller.resources.limits.memory`.",
                (
                    "Lower `--max-generations`, or set `--generation-memory`: the governor then makes room "
                    "before a reload ([reloads](../explain/reloads.md))."
                ),
            ),
        ),
        Alert(
            name="PainlessFilesHigh",
            expr="painless_worker_open_files / painless_worker_open_files_limit > 0.85",
            after="2m",
            severity=CRITICAL,
            summary=f"A worker of {WHERE} has {{{{ $value | humanizePercentage }}}} of its files open",
            means="Each connection is a file. A worker without one left accepts nobody.",
            look=(Look("painless_capacity_limit", "what each limit allows"), STATUS),
            do=("Raise `max-worker-open-files`, or the container's limit of open files.", "Add replicas."),
        ),
        Alert(
            name="PainlessCapacityHigh",
            expr="painless_capacity_used_ratio > 0.8",
            after="5m",
            severity=WARNING,
            summary=f"{WHERE} has {{{{ $value | humanizePercentage }}}} of the clients that it can have",
            means="The least of all limits will be reached soon; CPU may be idle all the while.",
            look=(Look("painless_capacity_binding == 1", "its label `limit` says which"), STATUS),
            do=(
                (
                    "Add replicas; the chart's autoscaler can do it "
                    "([scaling on capacity](../../deploy/chart/README.md#scaling-on-capacity))."
                ),
                "Raise the limit: [capacity](../explain/accept-queue.md#capacity) lists each.",
            ),
        ),
        Alert(
            name="PainlessCapacityFull",
            expr="painless_capacity_used_ratio > 0.95",
            after="1m",
            severity=CRITICAL,
            summary=f"{WHERE} can have hardly any more clients",
            means="The next clients wait, or are refused.",
            look=(
                Look("painless_capacity_binding == 1", "its label `limit` says what ends first"),
                Look("topk(10, painless_bulkhead_rejections_total)", "Services that were refused already"),
                STATUS,
            ),
            do=(
                "Add replicas at once: `kubectl scale`.",
                "Then find why clients wait: an application that became slow holds two connections for each.",
            ),
        ),
        Alert(
            name="PainlessDoctorFindings",
            expr='painless_doctor_findings{severity="critical"} > 0',
            after="5m",
            severity=CRITICAL,
            summary=f"The doctor says of {WHERE}: {{{{ $labels.id }}}} is an outage, now or soon",
            means=(
                "A check of NGINX, its configuration or its machine found what makes an outage, now or at "
                "the next occasion. `id` names the check; [its page](../reference/checks/README.md) says why."
            ),
            look=(
                Look(
                    "kubectl exec deploy/painless -c controller -- painless doctor",
                    "the finding with its evidence, and what to paste",
                ),
                Look("painless_doctor_findings", "what else was found"),
                STATUS,
            ),
            do=(
                "Paste the fix, or follow the check's page.",
                (
                    "What you have decided to live with is silenced with its reason: "
                    "[run the doctor](../how-to/run-the-doctor.md)."
                ),
            ),
        ),
    ),
)
