"""Checks of NGINX's neighbours: the load balancer before it, and who closes a connection first behind it."""

from collections.abc import Iterator

from painless.advice import keepalive
from painless.doctor.check import Check, Evidence, Finding, Limit, Severity
from painless.doctor.facts import Fact
from painless.doctor.objects import CONFIGMAPS, EVENTS, INGRESSES, SERVICES, WORKLOADS, Objects
from painless.doctor.parts import Part
from painless.doctor.pods import Controller, behind, command, containers, controllers, patch
from painless.doctor.routes import services, setting
from painless.doctor.times import moment
from painless.doctor.units import seconds

AWS = "service.beta.kubernetes.io/aws-load-balancer-"
KEPT = {"keep-alive": 75, "upstream-keepalive-timeout": 60}
"""Keys of the ConfigMap for idle connections, and their seconds where it says nothing."""
BY_ADDRESS = (
    "whitelist-source-range",
    "allowlist-source-range",
    "denylist-source-range",
    "limit-rps",
    "limit-rpm",
)
"""Annotations that look at the address of the client."""
OPTIONS = {
    "uvicorn": ("--timeout-keep-alive",),
    "hypercorn": ("--keep-alive",),
    "gunicorn": ("--keep-alive",),
}
"""Servers of applications that their command line names, and the option that says how long they wait."""
HOUR = 3600.0
FLAPS, DOWN = 6, 200  # Failures an hour: more is a Pod that comes and goes, much more one that is down.
WATCHED = 1800.0  # Seconds that failures have to span: a start is over by then.


def hidden(
    workloads: Fact[Objects],
    services_: Fact[Objects],
    ingresses: Fact[Objects],
    configmaps: Fact[Objects] | None,
) -> Iterator[Finding]:
    """Another node passes the connection on, and NGINX sees that node's address in place of the client's.

    Verify: ``kubectl get service NAME -o yaml | grep externalTrafficPolicy``; look at the access log.

    Fix: ``externalTrafficPolicy: Local`` with Pods on the nodes of the balancer, or the PROXY protocol.

    Sources: Kubernetes, Preserving the client source IP; popeye 1107.
    """
    looks = next(
        (setting(one, name) for one in ingresses.value for name in BY_ADDRESS if setting(one, name).text),
        None,
    )
    for one in controllers(workloads.value):
        config = _config(one, configmaps)
        for service in services_.value if not _told(config) else ():
            kind, policy = service.at("spec.type").text, service.at("spec.externalTrafficPolicy")
            selected = any(each is one.workload for each in behind(service, [one.workload]))
            straight = service.annotation(f"{AWS}nlb-target-type").text == "ip"
            if selected and kind in {"LoadBalancer", "NodePort"} and policy.text != "Local" and not straight:
                yield Finding(
                    str(service.ref),
                    "NGINX may see nodes' addresses in place of clients'",
                    (policy.seen, *((looks.seen,) if looks else ())),
                    "Local, or the PROXY protocol",
                    patch(service.ref, {"spec": {"externalTrafficPolicy": "Local"}}),
                    None if looks else Severity.LOW,
                )


def balancer_waits(
    workloads: Fact[Objects], services_: Fact[Objects], configmaps: Fact[Objects] | None
) -> Iterator[Finding]:
    """The balancer sends a request on a connection that NGINX closes that moment: 502, and no line of ours.

    Verify: compare the annotation with ``keep-alive`` of the ConfigMap.

    Fix: NGINX waits longer than the balancer.

    Sources: AWS, Configure the idle connection timeout.
    """
    for one in controllers(workloads.value):
        kept = _seconds(_config(one, configmaps), "keep-alive")
        for service in services_.value:
            idle = service.annotation(f"{AWS}connection-idle-timeout")
            speaks = service.annotation(f"{AWS}backend-protocol").text in {"http", "https"}
            waits = idle.number
            if kept is not None and speaks and waits is not None and behind(service, [one.workload]):
                found = keepalive.clients(kept, waits)
                if not found.holds:
                    yield Finding(
                        str(service.ref),
                        f"the balancer keeps idle connections for {waits} s, and NGINX for {kept:.0f} s",
                        (idle.seen, Evidence(f"keep-alive {kept:.0f} s", one.workload.where)),
                        f"{found.advised:.0f} s in NGINX",
                        f'keep-alive: "{found.advised:.0f}"   # in the ConfigMap of {one.workload.ref.name}',
                    )


def application_closes(
    ingresses: Fact[Objects],
    services_: Fact[Objects],
    workloads: Fact[Objects],
    configmaps: Fact[Objects] | None,
) -> Iterator[Finding]:
    """NGINX sends a request on a connection that the application closes that moment: a POST gets 502.

    Verify: the error log has "prematurely closed connection" for requests that took no time.

    Fix: the application waits longer than NGINX, or NGINX gives up earlier.

    Sources: measured: GET was tried again, POST got 502; defaults of gunicorn, hypercorn, uvicorn.
    """
    every = [
        _seconds(_config(one, configmaps), "upstream-keepalive-timeout")
        for one in controllers(workloads.value)
    ]
    kept = max((one for one in every if one is not None), default=None)
    known, seen = services_.value.by_name, set()
    for ingress in ingresses.value if kept is not None else ():
        for one in services(ingress):
            service = known.get((ingress.ref.namespace, one["name"].text))
            for workload in behind(service, workloads.value) if service else ():
                closes = _closes(workload) if workload.ref not in seen else None
                seen.add(workload.ref)
                if closes is None or kept is None or keepalive.upstreams(kept, closes[1]).holds:
                    continue
                server, idle, part = closes
                yield Finding(
                    str(workload.ref),
                    f"{server} closes idle connections after {idle:.0f} s, NGINX after {kept:.0f} s",
                    (part.seen, Evidence(f"upstream-keepalive-timeout {kept:.0f} s", ingress.where)),
                    f"{kept + 5:.0f} s in the application",
                    command(workload.ref, "edit") + f"   # {OPTIONS[server][0]} {kept + 5:.0f}",
                )


def comes_and_goes(events: Fact[Objects], *, limit: float) -> Iterator[Finding]:
    """A Pod that is ready and not ready in turns changes the endpoints of its Service each time.

    Verify: ``kubectl get events --field-selector reason=Unhealthy``.

    Fix: what makes it slow, or a readiness probe with more patience.

    Sources: danielfm, "Painless NGINX Ingress" (2017).
    """
    for one in events.value:
        first, last = moment(one["firstTimestamp"]), moment(one["lastTimestamp"])
        count = one["count"].number or 0
        if not one["message"].text.startswith("Readiness probe failed") or first is None or last is None:
            continue
        span = last - first
        lately = events.at - last < HOUR
        if lately and span >= WATCHED and limit < count / span * HOUR < DOWN:
            name = f"{one['involvedObject']['namespace'].text}/{one['involvedObject']['name'].text}"
            yield Finding(
                f"Pod {name}",
                f"it was not ready {count} times in {span / 60:.0f} minutes",
                (one["message"].seen, one["count"].seen),
                f"{limit:g} times an hour or fewer",
                f"kubectl get events -A --field-selector reason=Unhealthy   # Pod {name}",
            )


def _config(one: Controller, configmaps: Fact[Objects] | None) -> Part | None:
    """Return the settings of a controller, which may be none; ``None`` where they were not read."""
    name = one.flags.get("configmap", "")
    namespace, _, plain = name.partition("/")
    if not name:
        return Part(None, one.workload.ref)
    found = configmaps.value.by_name.get((namespace, plain)) if configmaps else None
    return None if found is None else found["data"]


def _told(config: Part | None) -> bool:
    """Whether NGINX learns of clients' addresses by other means, or that is not known."""
    if config is None:
        return True
    return any(config[key].text == "true" for key in ("use-proxy-protocol", "use-forwarded-headers"))


def _seconds(config: Part | None, key: str) -> float | None:
    if config is None:
        return None
    text = config[key].text
    return float(KEPT[key]) if not text else seconds([text])


def _closes(workload: Part) -> tuple[str, float, Part] | None:
    """Return the server of an application, the seconds it waits, and what says so; ``None`` if unknown."""
    for one in containers(workload):
        for part in (one["command"], one["args"]):
            words = [word for text in part.words for word in text.split()]
            for server, options in OPTIONS.items():
                runs = any(word.rpartition("/")[2] == server for word in words)
                # Workers of gunicorn that answer one connection at a time keep none at all.
                sync = server == "gunicorn" and not any(
                    "gthread" in word or "uvicorn" in word for word in words
                )
                if runs and not sync and not any(word.startswith(options) for word in words):
                    return server, keepalive.APPLICATIONS[server], part
    return None


CHECKS = (
    Check(
        "I012",
        Severity.MEDIUM,
        "Clients' addresses are lost",
        hidden,
        (WORKLOADS, SERVICES, INGRESSES),
        (CONFIGMAPS,),
    ),
    Check(
        "I022",
        Severity.MEDIUM,
        "The balancer waits longer",
        balancer_waits,
        (WORKLOADS, SERVICES),
        (CONFIGMAPS,),
    ),
    Check(
        "U002",
        Severity.HIGH,
        "The application closes first",
        application_closes,
        (INGRESSES, SERVICES, WORKLOADS),
        (CONFIGMAPS,),
    ),
    Check(
        "I014",
        Severity.HIGH,
        "Endpoints come and go",
        comes_and_goes,
        (EVENTS,),
        limit=Limit(FLAPS, "times an hour that a Pod may stop being ready"),
    ),
)
