"""Checks of how the kubelet asks an ingress controller whether it lives, and how it ends it."""

from collections.abc import Iterator, Mapping

from painless.doctor.check import Check, Evidence, Finding, Limit, Severity
from painless.doctor.facts import COUNTERS, Fact, Moved
from painless.doctor.objects import CONFIGMAPS, EVENTS, PODS, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import (
    GRACE,
    Controller,
    Probe,
    containers,
    controllers,
    data_ports,
    in_container,
    in_pod,
    labels,
    patch,
    pause,
    pod,
    probe,
    target,
)
from painless.doctor.units import seconds

LIVENESS, READINESS = "livenessProbe", "readinessProbe"
PATIENCE = 30  # Seconds of overload that must not become a restart.
ANSWERS = 2  # Seconds in which a busy machine answers.
SLACK = 5  # Seconds from the end of NGINX to that of its Pod.
DRAIN = 240  # Seconds: worker-shutdown-timeout of ingress-nginx.
WAITS = (("shutdown-grace-period", 0), ("post-shutdown-grace-period", 10))
"""Flags of ingress-nginx for seconds before and after the end of NGINX, and their defaults."""
OURS = (("shutdown-patience", 240), ("shutdown-grace-period", 10), ("post-shutdown-grace-period", 0))
CUTS = frozenset({"SIGTERM", "SIGINT"})
"""Signals at which NGINX ends without waiting for requests."""
CALM = {"failureThreshold": 6, "periodSeconds": 10, "timeoutSeconds": 5}
"""A liveness probe that tells what hangs from what is busy."""


def through_traffic(workloads: Fact[Objects]) -> Iterator[Finding]:
    """Under overload the probe waits behind clients, the kubelet restarts the Pod, and its load hits others.

    Verify: ``kubectl get deploy NAME -o yaml``: the port of ``livenessProbe`` is one of clients.

    Fix: ask the controller on its own port.

    Sources: measured: with a full accept queue 0 of 12 probes on the data port were answered, and 12 of 12 on
    another one; danielfm, "Painless NGINX Ingress" (2017).
    """
    for one, container, asked in _probes(workloads.value, LIVENESS):
        if target(container, asked) in data_ports(one):
            yield Finding(
                _about(one, container),
                "whether the Pod lives is asked where clients are served",
                (asked.part.seen,),
                "a port of the controller's own",
                patch(
                    one.workload.ref,
                    in_container(container, {LIVENESS: {"httpGet": {"path": "/healthz", "port": 10254}}}),
                ),
            )


def eager(workloads: Fact[Objects], *, limit: float) -> Iterator[Finding]:
    """A short overload becomes a restart, which ends all connections and moves the load to the other Pods.

    Verify: ``failureThreshold`` times ``periodSeconds`` of ``livenessProbe``, whose defaults are 3 and 10 s.

    Fix: a minute of patience, and some seconds for each answer.

    Sources: Kubernetes, Configure Liveness, Readiness and Startup Probes.
    """
    for one, container, asked in _probes(workloads.value, LIVENESS):
        fix = patch(one.workload.ref, in_container(container, {LIVENESS: CALM}))
        if asked.patience < limit:
            yield Finding(
                f"{_about(one, container)} patience",
                f"after {asked.patience} s without an answer the container is restarted",
                (_times(asked),),
                f"{limit:g} s or more",
                fix,
            )
        if asked.timeout < ANSWERS:
            yield Finding(
                f"{_about(one, container)} timeout",
                f"an answer counts within {asked.timeout} s",
                (_times(asked),),
                f"{ANSWERS} s or more",
                fix,
                Severity.MEDIUM,
            )


def same_probes(workloads: Fact[Objects]) -> Iterator[Finding]:
    """A Pod that is too busy should get less traffic first; with one probe for both it is restarted at once.

    Verify: compare ``livenessProbe`` with ``readinessProbe``.

    Fix: a liveness probe that waits at least twice as long.

    Sources: Kubernetes, Configure Liveness, Readiness and Startup Probes.
    """
    for one, container, asked in _probes(workloads.value, LIVENESS):
        ready = probe(container, READINESS)
        if ready is not None and _same(asked, ready) and asked.patience <= ready.patience:
            yield Finding(
                _about(one, container),
                "what takes the Pod out of the balancer restarts it, too",
                (_times(asked), _times(ready)),
                f"failureThreshold times periodSeconds of {2 * ready.patience} s or more for liveness",
                patch(
                    one.workload.ref,
                    in_container(
                        container,
                        {LIVENESS: CALM | {"failureThreshold": max(6, 1 + 2 * ready.patience // 10)}},
                    ),
                ),
            )


def asks_an_application(workloads: Fact[Objects]) -> Iterator[Finding]:
    """One application that is slow or gone takes the whole ingress out of the balancer.

    Verify: ask the path of ``readinessProbe`` on the port of clients: an application answers.

    Fix: ask the controller, which knows whether NGINX serves.

    Sources: Kubernetes, Configure Liveness, Readiness and Startup Probes.
    """
    for one, container, asked in _probes(workloads.value, READINESS):
        path = asked.part.at("httpGet.path").text
        if target(container, asked) in data_ports(one) and path.strip("/") not in {"healthz", "readyz"}:
            yield Finding(
                _about(one, container),
                f"whether the Pod is ready is asked at {path or '/'} of what it serves",
                (asked.part.seen,),
                "a path of the controller's own",
                patch(
                    one.workload.ref,
                    in_container(container, {READINESS: {"httpGet": {"path": "/healthz", "port": 10254}}}),
                ),
            )


def not_asked(workloads: Fact[Objects]) -> Iterator[Finding]:
    """Without a readiness probe clients come before NGINX has its first configuration.

    Verify: ``kubectl get deploy NAME -o yaml | grep readinessProbe``.

    Fix: a readiness probe.

    Sources: popeye 102 to 104.
    """
    for one in controllers(workloads.value):
        if not any(each[READINESS].there for each in containers(one.workload)):
            yield Finding(
                str(one.workload.ref),
                "nobody asks whether the Pod is ready",
                (one.container[READINESS].seen,),
                READINESS,
                patch(
                    one.workload.ref,
                    in_container(
                        one.container,
                        {READINESS: {"httpGet": {"path": "/healthz", "port": 10254}, "periodSeconds": 3}},
                    ),
                ),
            )


def killed(workloads: Fact[Objects], configmaps: Fact[Objects] | None) -> Iterator[Finding]:
    """The kubelet kills what has not ended when the grace period is over, with every request that is left.

    The period has to hold the preStop hook, what the controller waits, and the draining of NGINX.

    Verify: add up ``preStop``, the flags of the controller, ``worker-shutdown-timeout`` and five seconds.

    Fix: a longer ``terminationGracePeriodSeconds``.

    Sources: Kubernetes, Termination of Pods; ingress-nginx, the chart (300 s for 240 s).
    """
    for one in controllers(workloads.value):
        grace = pod(one.workload)["terminationGracePeriodSeconds"]
        terms = _ending(one, configmaps)
        if terms is None:
            continue
        needed = sum(terms.values()) + SLACK
        if (grace.number or GRACE) < needed:
            said = ", ".join(f"{name} {value} s" for name, value in terms.items() if value)
            yield Finding(
                str(one.workload.ref),
                f"the Pod is killed after {grace.number or GRACE} s and may need {needed} s to end",
                (grace.seen, Evidence(said, one.workload.where)),
                f"{needed} or more",
                patch(one.workload.ref, in_pod({"terminationGracePeriodSeconds": needed})),
            )


def cut_off(workloads: Fact[Objects]) -> Iterator[Finding]:
    """At SIGTERM and SIGINT NGINX ends at once and cuts every request; at SIGQUIT it finishes them.

    Verify: ``kubectl get deploy NAME -o yaml | grep stopSignal``.

    Fix: SIGQUIT, which is what NGINX's official image has.

    Sources: https://nginx.org/en/docs/control.html; measured: a request under way got an empty answer.
    """
    for workload in workloads.value:
        for container in containers(workload):
            signal = container.at("lifecycle.stopSignal")
            if signal.text in CUTS and _is_nginx(container):
                yield Finding(
                    f"{workload.ref} {container['name'].text}",
                    f"NGINX is ended by {signal.text}",
                    (signal.seen,),
                    "SIGQUIT",
                    patch(workload.ref, in_container(container, {"lifecycle": {"stopSignal": "SIGQUIT"}})),
                )


def restarts(
    workloads: Fact[Objects], pods: Fact[Objects], events: Fact[Objects], counters: Fact[Moved] | None
) -> Iterator[Finding]:
    """The liveness probe ends controllers: the same load then hits fewer of them, and theirs fails next.

    Verify: ``kubectl describe pod NAME``: "failed liveness probe, will be restarted".

    Fix: find what keeps the probe waiting (the checks of queues, limits and what runs); more patience first.

    Sources: danielfm, "Painless NGINX Ingress" (2017).
    """
    told = {
        (one["involvedObject"]["namespace"].text, one["involvedObject"]["name"].text): one
        for one in events.value
        if "failed liveness probe" in one["message"].text
    }
    overflows = counters.value.now.get("ListenOverflows", 0) if counters else 0
    for one, each in _pods_of(workloads.value, pods.value):
        event = told.get((each.ref.namespace, each.ref.name))
        again = next(
            (c for c in each.at("status.containerStatuses").each() if c["restartCount"].number), None
        )
        if event is None or again is None:
            continue
        lost = (Evidence(f"ListenOverflows {overflows}", counters.source),) if counters and overflows else ()
        yield Finding(
            str(each.ref),
            "the liveness probe restarts it" + (", and connections are lost before it" if overflows else ""),
            (event["message"].seen, again["restartCount"].seen, *lost),
            "no restart by a probe",
            patch(one.workload.ref, in_container(one.container, {LIVENESS: CALM})),
            None if overflows else Severity.HIGH,
        )


def _probes(workloads: Objects, name: str) -> Iterator[tuple[Controller, Part, Probe]]:
    """Yield the probes of this name of all controllers, each with its container."""
    for one in controllers(workloads):
        for container in containers(one.workload):
            if (asked := probe(container, name)) is not None:
                yield one, container, asked


def _pods_of(workloads: Objects, pods: Objects) -> Iterator[tuple[Controller, Part]]:
    for one in controllers(workloads):
        wanted = labels(one.workload).items()
        for each in pods:
            if each.ref.namespace == one.workload.ref.namespace and wanted and each.labels.items() >= wanted:
                yield one, each


def _same(one: Probe, other: Probe) -> bool:
    return all(
        one.part[how].value == other.part[how].value for how in ("httpGet", "tcpSocket", "exec", "grpc")
    )


def _times(one: Probe) -> Evidence:
    says = f"{one.part.field}: {one.failures} failures, {one.period} s apart, timeout {one.timeout} s"
    return Evidence(says, one.part.where)


def _about(one: Controller, container: Part) -> str:
    return f"{one.workload.ref} {container['name'].text}"


def _ending(one: Controller, configmaps: Fact[Objects] | None) -> dict[str, int] | None:
    """Return the seconds that its end may take, by what takes them; ``None`` where it cannot be known."""
    hook = {"preStop": max(map(pause, containers(one.workload)), default=0)}
    if not one.theirs:
        return hook | _flags(one.flags, OURS)
    drain = _drain(one.flags.get("configmap", ""), configmaps)
    return None if drain is None else hook | {"worker-shutdown-timeout": drain} | _flags(one.flags, WAITS)


def _flags(flags: Mapping[str, str], some: tuple[tuple[str, int], ...]) -> dict[str, int]:
    given = {name: flags.get(name, "") for name, _ in some}
    return {name: int(seconds([given[name]]) or 0) if given[name] else default for name, default in some}


def _drain(name: str, configmaps: Fact[Objects] | None) -> int | None:
    """Return worker-shutdown-timeout of the ConfigMap with this name; ``None`` if it was not read."""
    if not name:
        return DRAIN
    namespace, _, plain = name.partition("/")
    found = configmaps.value.by_name.get((namespace, plain)) if configmaps else None
    if found is None:
        return None
    text = found["data"]["worker-shutdown-timeout"].text
    return int(seconds([text]) or 0) if text else DRAIN


def _is_nginx(container: Part) -> bool:
    name = container["image"].text.partition("@")[0].rpartition("/")[2]
    return name.partition(":")[0] in {"nginx", "nginx-unprivileged", "openresty"}


CHECKS = (
    Check(
        "D001", Severity.CRITICAL, "The liveness probe waits behind clients", through_traffic, (WORKLOADS,)
    ),
    Check(
        "D002",
        Severity.HIGH,
        "The liveness probe is eager",
        eager,
        (WORKLOADS,),
        limit=Limit(PATIENCE, "seconds without an answer that must not become a restart"),
    ),
    Check("D003", Severity.HIGH, "One probe for two questions", same_probes, (WORKLOADS,)),
    Check("D004", Severity.HIGH, "Readiness hangs on an application", asks_an_application, (WORKLOADS,)),
    Check("D005", Severity.MEDIUM, "Nobody asks for readiness", not_asked, (WORKLOADS,)),
    Check("D006", Severity.HIGH, "Killed while it drains", killed, (WORKLOADS,), (CONFIGMAPS,)),
    Check("D007", Severity.HIGH, "NGINX is cut off", cut_off, (WORKLOADS,)),
    Check(
        "D017",
        Severity.CRITICAL,
        "Probes restart what is busy",
        restarts,
        (WORKLOADS, PODS, EVENTS),
        (COUNTERS,),
    ),
)
