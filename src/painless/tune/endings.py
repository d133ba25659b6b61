"""Advice on ending: how long old workers may drain, and how long the kubelet waits for the Pod."""

from collections.abc import Iterator

from painless.advice import stopping
from painless.advice.histogram import Quantile, tail, together
from painless.features.workers import SHUTDOWN
from painless.tune import numbers
from painless.tune.advice import Advice, Missing, Now, Patch, Setting, World, span

_PART = 0.8
"""The part of the memory limit that generations may fill."""
_DEFAULT = 240.0
"""Seconds: worker-shutdown-timeout where the ConfigMap says nothing."""


def endings(world: World) -> Iterator[Advice | Missing]:
    """Yield what is to be said about draining, and about stopping, which has to have room for it."""
    now = world.setting(SHUTDOWN.name, world.measured.value(numbers.DRAIN) or _DEFAULT)
    measured = tail(together(one.whole for one in world.measured.traffic))
    draining = now.seconds
    if measured is None or not measured.known:
        how = "as for proxy-read-timeout: it follows from how long the slowest requests take"
        yield Missing(SHUTDOWN.name, "ConfigMap", how)
    else:
        found = stopping.drain(measured.value, _room(world))
        advice = _drain(world, measured, found, now)
        yield advice
        draining = found.seconds if advice.paste and advice.change else now.seconds
    yield from _grace(world, draining)


def _drain(world: World, measured: Quantile, found: stopping.Drain, now: Now) -> Advice:
    room, stays = _room(world), _long_lived(world)
    seen = f"{measured.name} of requests at most {span(measured.value)} of {measured.samples:,}"
    if room is not None and room.reloads_per_hour:
        seen += (
            f"; {room.reloads_per_hour:.1f} reloads an hour, memory for {room.generations:.1f} old "
            "generations"
        )
    if stays:
        seen += f"; {stays:,.1f} connections that stay"
    if found.seconds is None:
        return Advice(
            id=SHUTDOWN.name,
            about="ConfigMap",
            now=now.says,
            measured=seen,
            advised=f"no number: requests need {found.least:.0f} s, and memory allows "
            f"{found.most or 0:.0f} s",
            why="a worker that ends sooner cuts requests, one that stays fills the memory",
            effect="more memory; or fewer reloads: painless split says whose they are",
        )
    fits = now.seconds is not None and found.least <= now.seconds <= (found.most or float("inf"))
    bounds = f"from {found.least:.0f} s" + (
        f" to {found.most:.0f} s, for want of memory" if found.most else ""
    )
    return Advice(
        id=SHUTDOWN.name,
        about="ConfigMap",
        now=now.says,
        measured=seen,
        advised="as it is" if fits else f"{found.seconds:g} s",
        why=f"{bounds}: old workers hold their memory for so long after each reload",
        effect="requests end, and generations do not pile up",
        risk="connections that stay, such as WebSockets, are closed then, all at once: "
        "painless.dev/connection-max-age closes them one by one before",
        change=not fits,
        paste=(Setting(SHUTDOWN.name, f"{found.seconds:g}s"),),
    )


def _room(world: World) -> stopping.Room | None:
    """Return how many old generations there is memory for, if reloads and memory were measured."""
    value = world.measured.value
    reloads, used, limit = value(numbers.RELOADS), value(numbers.MEMORY), value(numbers.MOST_MEMORY)
    each = value(numbers.GENERATION)
    if reloads is None or used is None or limit is None or not each:
        return None
    # The most that was used has old generations in it already; so this is less than there is.
    return stopping.Room(reloads, max(_PART * limit - used, 0.0) / each)


def _long_lived(world: World) -> float:
    seconds = world.measured.seconds
    return sum(one.upgraded_seconds for one in world.measured.traffic) / seconds if seconds else 0.0


def _grace(world: World, draining: float | None) -> Iterator[Advice | Missing]:
    name, controller = "terminationGracePeriodSeconds", world.objects.controller
    if controller is None:
        how = (
            "not one Deployment of a controller was read, but none or several: kubectl get deployments -A "
            "-o yaml > all.yaml, --hpa all.yaml"
        )
        yield Missing(name, "Deployment", how)
        return
    if controller.pre_stop is None:
        yield Missing(name, str(controller), "its preStop hook runs a command: measure how long that takes")
        return
    if draining is None:
        return
    waits = controller.pre_stop + controller.waits
    advised = stopping.grace(waits, draining)
    yield Advice(
        id=name,
        about=str(controller),
        now=f"{controller.grace:g} s",
        measured=f"preStop and the controller wait {waits:g} s, workers drain for {draining:g} s at most",
        advised=f"{advised} s",
        why="the kubelet kills whatever still runs: waiting, draining and 5 s to end have to fit",
        effect="requests end when a Pod is replaced",
        risk="a Pod that hangs is replaced later",
        change=controller.grace < advised,
        paste=(Patch(controller.kind, controller.ref, {"spec": {"template": {"spec": {name: advised}}}}),),
    )
