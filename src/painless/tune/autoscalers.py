"""Advice on autoscalers: how long they take to react, term by term, and whether they go back and forth."""

from collections.abc import Iterator, Mapping
from typing import Any

from painless.advice import flapping, reaction
from painless.advice.flapping import Verdict
from painless.advice.histogram import Histogram, quantile
from painless.advice.reaction import Reaction, Term
from painless.tune import numbers
from painless.tune.advice import Advice, Missing, Patch, World, span
from painless.tune.measured import Ref
from painless.tune.objects import Autoscaler, Probe

SYNC = 15.0
"""--horizontal-pod-autoscaler-sync-period as shipped; managed control planes do not show theirs."""
SLICES = 1.0
"""Seconds at most until the EndpointSlice has a Pod that is ready."""
_ENOUGH = 3
"""Pods whose start was seen, before it is told as measured."""
_GROWTH = 2
"""The step that is asked about: twice as many replicas."""


def autoscalers(world: World) -> Iterator[Advice | Missing]:
    """Yield what is to be said about each autoscaler."""
    known = {one.ref: one for one in world.objects.autoscalers}
    for one in known.values():
        yield _reaction(world, one)
        yield from _bounds(one)
    for ref in sorted({*known, *world.measured.replicas}):
        yield from _flapping(world, ref, known.get(ref))
    if not known and not world.measured.replicas:
        how = (
            "no autoscaler was read: kubectl get hpa,deployments,pods -A -o yaml > all.yaml, then --hpa "
            "all.yaml"
        )
        yield Missing("reaction", "HorizontalPodAutoscalers", how)


def terms(world: World, one: Autoscaler) -> Reaction:
    """Return all terms of an autoscaler's reaction to twice the load."""
    start = one.current or one.least
    count = reaction.rounds(start, min(start * _GROWTH, max(one.most, 1)), one.up, largest=one.up_largest)
    between = reaction.between(count, one.up)
    return Reaction(
        (
            _sampling(world),
            Term("sync of the autoscaler", 0.0, SYNC, "kube-controller-manager's default, 15 s"),
            Term(
                "stabilisation",
                one.up_window,
                one.up_window,
                "spec.behavior.scaleUp.stabilizationWindowSeconds",
            ),
            Term("rounds", between, between, f"{count} by the policies of scaleUp, from {start} replicas"),
            *_starting(world, one),
            Term("EndpointSlice", 0.0, SLICES, "the EndpointSlice controller, one second at most"),
            _served(world.measured.histograms.get(numbers.PROPAGATION, Histogram())),
        )
    )


def _sampling(world: World) -> Term:
    resolution = world.objects.resolution
    if resolution is None:
        how = "--metric-resolution of metrics-server's Deployment, which was not read"
        return Term("metrics", None, None, how)
    least, most = reaction.sampling(resolution)
    return Term("metrics", least, most, f"kubelet 15 s, metrics-server {resolution:g} s")


def _starting(world: World, one: Autoscaler) -> Iterator[Term]:
    """Yield how long Pods take: what was seen of them, or else what the probe says; the rest is unknown."""
    seen = _started(world, one)
    if len(seen) >= _ENOUGH:
        slow = seen[min(int(0.9 * len(seen)), len(seen) - 1)]
        source = f"creation to Ready of {len(seen)} Pods: scheduling, image, start, probe"
        yield Term("a Pod until Ready", seen[0], slow, source)
        return
    how = "creation to Ready of Pods that run: kubectl get pods -o yaml, for --hpa"
    yield Term("scheduling, image and start", None, None, how)
    probe = _probe(world, one)
    if probe is None:
        yield Term(
            "readiness", None, None, f"the readinessProbe of {one.target[0]} {one.target[1]}, not read"
        )
    else:
        least, most = reaction.readiness(probe.delay, probe.period, probe.successes)
        yield Term("readiness", least, most, "initialDelaySeconds + periodSeconds x successThreshold")


def _started(world: World, one: Autoscaler) -> tuple[float, ...]:
    return world.objects.started.get((one.ref[0], one.target[1]), ())


def _probe(world: World, one: Autoscaler) -> Probe | None:
    kind, name = one.target
    found = (
        each.probe for each in world.objects.workloads if (each.kind, each.ref) == (kind, (one.ref[0], name))
    )
    return next(found, None)


def _served(shape: Histogram) -> Term:
    found = quantile(shape, 0.9)
    if found is None or not found.known:
        return Term("Painless", None, None, f"{numbers.PROPAGATION}: too few changes of endpoints were seen")
    return Term("Painless", 0.0, found.value, f"p90 of {numbers.PROPAGATION}")


def _reaction(world: World, one: Autoscaler) -> Advice:
    found = terms(world, one)
    parts = "; ".join(
        f"{each.name} {_range(each)} ({each.source})" for each in found.terms if each.known and each.most
    )
    unknown = ", ".join(f"{each.name} ({each.source})" for each in found.unknown)
    largest = found.largest
    says = f"{span(round(found.least))} to {span(round(found.most))}" + (
        " and what is not known" if unknown else ""
    )
    # A window that keeps it from flapping is not only lost time.
    window = one.up_window > 0 and not _flaps(world, one)
    patch = _behavior(one.ref, "scaleUp", {"stabilizationWindowSeconds": 0})
    return Advice(
        id="reaction",
        about=str(one),
        now=f"{says} until clients meet twice as many Pods"
        if not one.up_disabled
        else "scaleUp is disabled: it never grows",
        measured=parts + (f". Not measured: {unknown}" if unknown else ""),
        advised="stabilizationWindowSeconds 0 for scaleUp" if window else "as it is",
        why=f"{span(largest.most)} of it at worst is {largest.name}" if largest and largest.most else "",
        effect=f"{span(one.up_window)} sooner" if window else _target(one, found),
        risk="short peaks start Pods; scaleDown's window keeps them from flapping" if window else "",
        change=window,
        paste=(patch,),
    )


def _flaps(world: World, one: Autoscaler) -> bool:
    found = flapping.flapping(world.measured.replicas.get(one.ref, ()))
    return found is not None and found.verdict is not Verdict.CALM


def _range(one: Term) -> str:
    least, most = one.least or 0.0, one.most or 0.0
    return span(most) if least == most else f"{least:g} to {span(round(most, 1))}"


def _target(one: Autoscaler, found: Reaction) -> str:
    """Return how fast the load may grow at this target."""
    if one.utilization is None or not 0 < one.utilization < 100 or not found.most:
        return ""
    growth = reaction.survives(one.utilization / 100, found.most) * 60
    bound = "at most " if found.unknown else ""
    return f"a target of {one.utilization:g} % survives a load that grows by {bound}{growth:.0%} a minute"


def _bounds(one: Autoscaler) -> Iterator[Advice]:
    """Yield that an autoscaler is at its end."""
    if one.desired is None or one.desired < one.most or not one.most:
        return
    yield Advice(
        id="maxReplicas",
        about=str(one),
        now=f"{one.most}",
        measured=f"{one.desired} replicas are desired",
        advised="more than that, if the nodes have room",
        why="it is at its end: more load finds no more Pods",
        effect="the load can grow on",
        risk="what the Pods need besides, such as connections to a database, has an end as well",
    )


def _flapping(world: World, ref: Ref, one: Autoscaler | None) -> Iterator[Advice | Missing]:
    about = f"HorizontalPodAutoscaler {ref[0]}/{ref[1]}"
    series = world.measured.replicas.get(ref)
    seen = _started(world, one) if one else ()
    ready = seen[-1] if len(seen) >= _ENOUGH else 0.0
    found = flapping.flapping(series, ready) if series else None
    if found is None:
        how = (
            f"{numbers.REPLICAS} of kube-state-metrics over ten minutes at least, in a Prometheus "
            "(--prometheus)"
        )
        yield Missing("flapping", about, how)
        return
    now = one.down_window if one else None
    advised = flapping.window(found.period) if found.period is not None else None
    change = found.verdict is not Verdict.CALM and advised is not None and advised > (now or 0)
    soonest = f", the soonest after {span(found.soonest)}" if found.soonest is not None else ""
    yield Advice(
        id="flapping",
        about=about,
        now=f"scaleDown.stabilizationWindowSeconds {now:g}"
        if now is not None
        else "spec.behavior was not read",
        measured=f"{found.verdict.value}: {found.moves} changes in {span(round(found.seconds))}, "
        f"{found.reversals} took the one before back{soonest}; {found.wasted} Pods started for nothing",
        advised=f"scaleDown.stabilizationWindowSeconds {advised}, and 10 % a minute at most"
        if change
        else "as it is",
        why="twice the usual time between two moves of the same direction, from 300 to 3600 s",
        effect="Pods that will be needed again are kept; fewer changes of endpoints, fewer cold starts",
        risk=f"at most {flapping.kept(found, advised):.1f} Pod hours a day" if change and advised else "",
        change=change,
        paste=(
            _behavior(
                ref,
                "scaleDown",
                {
                    "stabilizationWindowSeconds": advised,
                    "policies": [{"type": "Percent", "value": 10, "periodSeconds": 60}],
                },
            ),
        )
        if change
        else (),
    )


def _behavior(ref: Ref, direction: str, rules: Mapping[str, Any]) -> Patch:
    return Patch("HorizontalPodAutoscaler", ref, {"spec": {"behavior": {direction: dict(rules)}}})
