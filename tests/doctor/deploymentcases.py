"""Cases of checks about the Pods of ingress controllers."""

from typing import Any

from tests.doctor.objectcases import budget, config, controller, running, scaler, some, theirs, thing

from painless.doctor.facts import COUNTERS, THROTTLED, Moved
from painless.doctor.objects import BUDGETS, CONFIGMAPS, EVENTS, HPAS, PODS, WORKLOADS

Given = dict[str, Any]


def workload(bad: dict[str, Any], good: dict[str, Any]) -> tuple[Given, Given]:
    return {WORKLOADS: some(bad)}, {WORKLOADS: some(good)}


def killing(message: str) -> dict[str, Any]:
    return thing("Event", "x", involvedObject={"namespace": "shop", "name": "a"}, message=message)


RESTARTED = {"containerStatuses": [{"restartCount": 3}]}
CASES: dict[str, tuple[Given, Given]] = {
    "D001": workload(controller({"livenessProbe": {"httpGet": {"port": "http"}}}), controller()),
    "D002": workload(
        controller({"livenessProbe": {"failureThreshold": 2, "timeoutSeconds": None}}), controller()
    ),
    "D003": workload(
        controller(
            {
                "readinessProbe": {
                    "httpGet": {"path": "/healthz"},
                    "failureThreshold": 5,
                    "periodSeconds": 10,
                }
            }
        ),
        controller({"readinessProbe": {"httpGet": {"path": "/healthz"}}}),
    ),
    "D004": workload(
        controller({"readinessProbe": {"httpGet": {"path": "/cart", "port": "http"}}}),
        controller({"readinessProbe": {"httpGet": {"path": "/cart"}}}),
    ),
    "D005": workload(controller({"readinessProbe": None}), controller()),
    "D006": (
        {
            WORKLOADS: some(controller(pod={"terminationGracePeriodSeconds": None}), theirs()),
            CONFIGMAPS: some(config(worker_shutdown_timeout="5m")),
        },
        {WORKLOADS: some(controller(), theirs()), CONFIGMAPS: some(config())},
    ),
    "D007": workload(
        controller({"image": "nginx:1.31", "lifecycle": {"stopSignal": "SIGTERM"}}),
        controller({"lifecycle": {"stopSignal": "SIGTERM"}}),
    ),
    "D008": (
        {WORKLOADS: some(controller(replicas=1)), HPAS: some()},
        {WORKLOADS: some(controller(replicas=1)), HPAS: some(scaler())},
    ),
    "D009": (
        {WORKLOADS: some(controller()), BUDGETS: some(), HPAS: some()},
        {WORKLOADS: some(controller()), BUDGETS: some(budget(minAvailable=1)), HPAS: some()},
    ),
    "D010": (
        {WORKLOADS: some(controller()), BUDGETS: some(budget(minAvailable=1))},
        {
            WORKLOADS: some(controller()),
            BUDGETS: some(budget(minAvailable=1, unhealthyPodEvictionPolicy="AlwaysAllow")),
        },
    ),
    "D011": workload(
        controller(strategy={"rollingUpdate": {"maxUnavailable": 1}}),
        controller(strategy={"rollingUpdate": {"maxUnavailable": "25%"}}),
    ),
    "D012": workload(controller(pod={"priorityClassName": None}), controller()),
    "D015": (
        {PODS: some(running("a", status={"reason": "SysctlForbidden", "message": "forbidden sysctl"}))},
        {PODS: some(running("a", status={"reason": "Evicted"}))},
    ),
    "D016": (
        {
            WORKLOADS: some(controller({"resources": {"limits": {"cpu": "1"}}})),
            THROTTLED: Moved(1.0, {}, {"throttled": 7}),
        },
        {
            WORKLOADS: some(controller({"resources": {"limits": {"cpu": "1"}}})),
            THROTTLED: Moved(1.0, {}, {"throttled": 0}),
        },
    ),
    "D017": (
        {
            WORKLOADS: some(controller()),
            PODS: some(running("a", status=RESTARTED)),
            EVENTS: some(killing("Container controller failed liveness probe, will be restarted")),
            COUNTERS: Moved(1.0, {}, {"ListenOverflows": 9}),
        },
        {
            WORKLOADS: some(controller()),
            PODS: some(running("a", status=RESTARTED)),
            EVENTS: some(killing("Back-off restarting failed container")),
            COUNTERS: Moved(1.0, {}, {"ListenOverflows": 9}),
        },
    ),
    "D018": (
        {WORKLOADS: some(controller()), PODS: some(running("a"), running("b"))},
        {WORKLOADS: some(controller()), PODS: some(running("a"), running("b", "b"))},
    ),
    "K026": workload(
        controller(
            pod={"hostNetwork": True, "securityContext": {"sysctls": [{"name": "net.core.somaxconn"}]}}
        ),
        controller(pod={"securityContext": {"sysctls": [{"name": "net.core.somaxconn"}]}}),
    ),
    "L010": workload(controller({"resources": {"limits": None}}), controller()),
    "L012": workload(controller({"resources": {"requests": {"cpu": None}}}), controller()),
    "L019": workload(controller({"resources": {"limits": {"memory": "128Mi"}}}), controller()),
    "S005": workload(
        controller({"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE", "SYS_ADMIN"]}}}),
        controller({"securityContext": {"capabilities": {"add": ["NET_BIND_SERVICE"]}}}),
    ),
    "S014": workload(controller({"securityContext": None}), controller()),
}
