"""Checks of what Ingresses pass requests to: Services, their ports, endpoints, and the Pods behind."""

from collections.abc import Iterator
from difflib import get_close_matches

from painless.doctor.check import Check, Evidence, Finding, Severity
from painless.doctor.facts import Fact
from painless.doctor.objects import INGRESSES, NAMESPACES, SERVICES, SLICES, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import behind, command, containers, in_container, patch, pause, pod, replicas
from painless.doctor.routes import production, ready, services, setting, slices_of

STORM = 4  # Replicas of which half are several at a time.
SLEEP = 5  # Seconds until NGINX knows that a Pod leaves: its slice, our record, NGINX's question each second.


def no_service(ingresses: Fact[Objects], services_: Fact[Objects]) -> Iterator[Finding]:
    """A path whose Service does not exist answers 503.

    Verify: ``kubectl get service`` in the namespace of the Ingress.

    Fix: the name of a Service that exists.

    Sources: Kubernetes, Ingress; popeye 1401.
    """
    known = services_.value.by_name
    for ingress in ingresses.value:
        for one in services(ingress):
            name, space = one["name"].text, ingress.ref.namespace
            if (space, name) in known or not services_.value.tells(space):
                continue
            others = [each for within, each in known if within == space]
            near = get_close_matches(name, others, 1)
            yield Finding(
                f"{ingress.ref} {name}",
                f"there is no Service {name} in namespace {space}",
                (one["name"].seen,),
                f"{near[0]}, perhaps" if near else "a Service that exists",
                command(ingress.ref, "edit") + f"   # {one['name'].field}",
            )


def no_port(ingresses: Fact[Objects], services_: Fact[Objects]) -> Iterator[Finding]:
    """A path to a port that its Service does not have answers 503.

    A number is a ``port`` of the Service, not a ``targetPort``; a port without a name has no name to match.

    Verify: ``kubectl get service NAME -o yaml``.

    Fix: one of its ports.

    Sources: Kubernetes, Ingress; popeye 1402.
    """
    known = services_.value.by_name
    for ingress in ingresses.value:
        for one in services(ingress):
            service = known.get((ingress.ref.namespace, one["name"].text))
            if service is None or service.at("spec.type").text == "ExternalName":
                continue
            ports, wanted = list(service.at("spec.ports").each()), one["port"]
            number, name = wanted["number"].number, wanted["name"].text
            found = [
                p
                for p in ports
                if (p["port"].number == number if number else name and p["name"].text == name)
            ]
            if not found:
                said = [f"{p['name'].text or 'unnamed'} {p['port'].value}" for p in ports]
                yield Finding(
                    f"{ingress.ref} {one['name'].text} {number or name}",
                    f"Service {one['name'].text} has no port {number or name or 'of no name and number'}",
                    (wanted.seen, Evidence(f"spec.ports: {', '.join(said) or 'none'}", service.where)),
                    " or ".join(said) or "a Service with ports",
                    command(ingress.ref, "edit") + f"   # {wanted.field}",
                )


def nobody(
    ingresses: Fact[Objects],
    services_: Fact[Objects],
    slices: Fact[Objects],
    workloads: Fact[Objects] | None,
) -> Iterator[Finding]:
    """Without an endpoint that is ready every request answers 503.

    Verify: ``kubectl get endpointslices -l kubernetes.io/service-name=NAME``.

    Fix: by the cause: the selector, readiness, or the number of replicas.

    Sources: popeye 1100, 1105; Kubernetes, Debug Services.
    """
    grouped = slices_of(slices.value)
    for service, ingress in _used(ingresses.value, services_.value):
        its = grouped.get((service.ref.namespace, service.ref.name), [])
        if service.at("spec.type").text == "ExternalName" or ready(its):
            continue
        if not its and not slices.value.tells(service.ref.namespace):
            continue
        yield Finding(
            str(service.ref),
            _cause(service, its, workloads),
            (
                Evidence(
                    f"{sum(1 for one in its for _ in one['endpoints'].each())} endpoints, 0 ready",
                    service.where,
                ),
                Evidence(f"asked by {ingress.ref}", ingress.where),
            ),
            "one endpoint or more that is ready",
            command(service.ref, "describe"),
        )


def one_only(
    ingresses: Fact[Objects],
    services_: Fact[Objects],
    slices: Fact[Objects],
    namespaces: Fact[Objects] | None,
) -> Iterator[Finding]:
    """With one endpoint each restart of its Pod is an outage, and there is no other one to try.

    Verify: ``kubectl get endpointslices -l kubernetes.io/service-name=NAME``.

    Fix: two replicas or more.

    Sources: popeye 1109.
    """
    grouped, spaces = slices_of(slices.value), namespaces.value.by_name if namespaces else {}
    for service, ingress in _used(ingresses.value, services_.value):
        its = grouped.get((service.ref.namespace, service.ref.name), [])
        live = production(service.ref.namespace, spaces)
        if live is not False and ready(its) == 1:
            yield Finding(
                str(service.ref),
                "one Pod answers for it",
                (
                    Evidence("1 endpoint is ready", its[0].where),
                    Evidence(f"asked by {ingress.ref}", ingress.where),
                ),
                "2 or more",
                "kubectl scale deployment NAME --replicas=2",
                None if live else Severity.LOW,
            )


def unusual(ingresses: Fact[Objects], services_: Fact[Objects]) -> Iterator[Finding]:
    """Some Services go around readiness, or around the cluster.

    Verify: ``kubectl get service NAME -o yaml``.

    Fix: an ordinary Service, unless it is meant.

    Sources: Kubernetes, Service.
    """
    for service, _ in _used(ingresses.value, services_.value):
        kind, unready = service.at("spec.type"), service.at("spec.publishNotReadyAddresses")
        odd = {"it is a name outside of the cluster": kind} if kind.text == "ExternalName" else {}
        odd |= {"Pods get requests before they are ready": unready} if unready.true else {}
        for says, part in odd.items():
            yield Finding(
                str(service.ref), says, (part.seen,), "a Service of ready Pods", command(service.ref, "edit")
            )


def sticky(ingresses: Fact[Objects], services_: Fact[Objects]) -> Iterator[Finding]:
    """NGINX asks Pods itself, so that what a Service says of affinity does not count.

    Verify: ``kubectl get service NAME -o yaml | grep sessionAffinity``.

    Fix: the annotation ``affinity: cookie`` at the Ingress.

    Sources: ingress-nginx, Session affinity.
    """
    for service, ingress in _used(ingresses.value, services_.value):
        wanted = service.at("spec.sessionAffinity")
        held = any(
            setting(ingress, name).text for name in ("affinity", "upstream-hash-by", "service-upstream")
        )
        if wanted.text == "ClientIP" and not held:
            yield Finding(
                str(service.ref),
                "clients are not kept at one Pod",
                (wanted.seen, Evidence(f"asked by {ingress.ref} without affinity", ingress.where)),
                "affinity at the Ingress",
                command(ingress.ref, "annotate", "nginx.ingress.kubernetes.io/affinity=cookie"),
            )


def not_probed(
    ingresses: Fact[Objects], services_: Fact[Objects], workloads: Fact[Objects]
) -> Iterator[Finding]:
    """A container without a readiness probe counts as ready when it starts, before it listens: 502.

    Verify: ``kubectl get deploy NAME -o yaml | grep readinessProbe``.

    Fix: a readiness probe of what the application needs to answer.

    Sources: Kubernetes, Pod Lifecycle.
    """
    for workload in _workloads(ingresses.value, services_.value, workloads.value):
        its = containers(workload)
        if its and not any(one["readinessProbe"].there for one in its):
            yield Finding(
                str(workload.ref),
                "its Pods get requests before they listen",
                (its[0]["readinessProbe"].seen,),
                "readinessProbe",
                patch(workload.ref, in_container(its[0], {"readinessProbe": {"tcpSocket": {"port": 8080}}})),
            )


def ends_early(
    ingresses: Fact[Objects], services_: Fact[Objects], workloads: Fact[Objects]
) -> Iterator[Finding]:
    """A Pod is told to end before NGINX knows; what closes its socket at once answers with 502 meanwhile.

    Verify: ``kubectl rollout restart`` under load.

    Fix: a preStop hook that sleeps for some seconds, or an application that goes on accepting after SIGTERM.

    Sources: Kubernetes, Termination of Pods; KEP-3960.
    """
    for workload in _workloads(ingresses.value, services_.value, workloads.value):
        its = containers(workload)
        if its and not any(one.at("lifecycle.preStop").there for one in its):
            yield Finding(
                str(workload.ref),
                "nothing keeps its Pods from ending while they still get requests",
                (its[0].at("lifecycle.preStop").seen,),
                f"a preStop hook that sleeps {SLEEP} s",
                patch(
                    workload.ref,
                    in_container(its[0], {"lifecycle": {"preStop": {"sleep": {"seconds": SLEEP}}}}),
                ),
            )


def outlasts(
    ingresses: Fact[Objects], services_: Fact[Objects], workloads: Fact[Objects]
) -> Iterator[Finding]:
    """A preStop hook counts within the grace period: when it takes all of it, the application is killed.

    Verify: compare ``preStop`` with ``terminationGracePeriodSeconds``.

    Fix: a longer grace period.

    Sources: Kubernetes, Termination of Pods.
    """
    for workload in _workloads(ingresses.value, services_.value, workloads.value):
        grace = pod(workload)["terminationGracePeriodSeconds"]
        for one in containers(workload):
            if 0 < (grace.number or 30) <= pause(one):
                yield Finding(
                    f"{workload.ref} {one['name'].text}",
                    f"its preStop hook sleeps {pause(one)} s of {grace.number or 30} s",
                    (one.at("lifecycle.preStop").seen, grace.seen),
                    f"{pause(one) + 30} or more",
                    patch(
                        workload.ref,
                        {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": pause(one) + 30}}}},
                    ),
                )


def all_at_once(
    ingresses: Fact[Objects], services_: Fact[Objects], workloads: Fact[Objects]
) -> Iterator[Finding]:
    """A rollout that changes half of the Pods at a time is a storm of endpoints, and of connections anew.

    Verify: ``strategy.rollingUpdate`` of the Deployment.

    Fix: 25 % at a time, as is the default.

    Sources: Kubernetes, Deployments, Rolling Update.
    """
    for workload in _workloads(ingresses.value, services_.value, workloads.value):
        count, rolling = replicas(workload), workload.at("spec.strategy.rollingUpdate")
        for name in ("maxSurge", "maxUnavailable"):
            share = rolling[name].text.removesuffix("%")
            much = share.isdecimal() and len(share) < 6 and int(share) >= 50
            if count is not None and count >= STORM and much:
                yield Finding(
                    f"{workload.ref} {name}",
                    f"a rollout changes {share} % of {count} Pods at a time",
                    (rolling[name].seen,),
                    "25%",
                    patch(workload.ref, {"spec": {"strategy": {"rollingUpdate": {name: "25%"}}}}),
                )


def _used(ingresses: Objects, services_: Objects) -> Iterator[tuple[Part, Part]]:
    """Yield each Service that an Ingress asks, with the first that does."""
    known, seen = services_.by_name, set()
    for ingress in ingresses:
        for one in services(ingress):
            key = (ingress.ref.namespace, one["name"].text)
            if key in known and key not in seen:
                seen.add(key)
                yield known[key], ingress


def _workloads(ingresses: Objects, services_: Objects, workloads: Objects) -> Iterator[Part]:
    """Yield what runs the Pods that Ingresses ask, each once."""
    spaces: dict[str, list[Part]] = {}
    for one in workloads:
        spaces.setdefault(one.ref.namespace, []).append(one)
    seen = set()
    for service, _ in _used(ingresses, services_):
        for workload in behind(service, spaces.get(service.ref.namespace, ())):
            if workload.ref not in seen:
                seen.add(workload.ref)
                yield workload


def _cause(service: Part, its: list[Part], workloads: Fact[Objects] | None) -> str:
    """Say why a Service has nobody, as far as can be seen."""
    if any(True for one in its for _ in one["endpoints"].each()):
        return "all of its Pods are not ready, or ending"
    if not service.at("spec.selector").value:
        return "it selects no Pods, and nobody wrote endpoints for it"
    if workloads is None:
        return "it has no endpoints"
    some = behind(service, workloads.value)
    if not some:
        return "its selector matches nothing that runs Pods"
    if all(replicas(one) == 0 for one in some):
        return f"{some[0].ref} has 0 replicas"
    return "none of its Pods is ready"


CHECKS = (
    Check("I001", Severity.HIGH, "A Service that does not exist", no_service, (INGRESSES, SERVICES)),
    Check("I002", Severity.HIGH, "A port that does not exist", no_port, (INGRESSES, SERVICES)),
    Check("I003", Severity.HIGH, "Nobody answers", nobody, (INGRESSES, SERVICES, SLICES), (WORKLOADS,)),
    Check("I004", Severity.MEDIUM, "One Pod answers", one_only, (INGRESSES, SERVICES, SLICES), (NAMESPACES,)),
    Check("I011", Severity.LOW, "An unusual Service", unusual, (INGRESSES, SERVICES)),
    Check("I018", Severity.MEDIUM, "Affinity that does not count", sticky, (INGRESSES, SERVICES)),
    Check("D013", Severity.HIGH, "Requests before Pods listen", not_probed, (INGRESSES, SERVICES, WORKLOADS)),
    Check(
        "D019", Severity.LOW, "Pods end while they are asked", ends_early, (INGRESSES, SERVICES, WORKLOADS)
    ),
    Check("D020", Severity.HIGH, "A hook takes the grace period", outlasts, (INGRESSES, SERVICES, WORKLOADS)),
    Check(
        "D014", Severity.MEDIUM, "Rollouts of half the Pods", all_at_once, (INGRESSES, SERVICES, WORKLOADS)
    ),
)
