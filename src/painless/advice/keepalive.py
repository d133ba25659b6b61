"""Who may close an idle connection first, on each part of the way from client to application.

All times are seconds.  Whoever takes connections out of a pool must give up an idle one before its owner
closes it; else a request is sent into a connection that ends.
"""

from collections.abc import Mapping

from msgspec import Struct

LOAD_BALANCERS: Mapping[str, float] = {
    "google-alb": 600.0,  # Google's external Application Load Balancer: fixed.
    "aws-alb": 60.0,  # idle_timeout.timeout_seconds, as shipped.
    "aws-nlb": 350.0,  # TCP flows; 60 to 6000 since 2024.
    "azure-lb": 240.0,  # TCP flows, as shipped.
}
"""How long load balancers leave a connection idle."""
FLOWS = frozenset({"aws-nlb", "azure-lb"})
"""Those that forward packets: they take no connection out of a pool, and forget one that is idle."""

APPLICATIONS: Mapping[str, float] = {
    "gunicorn": 2.0,
    "hypercorn": 5.0,
    "node": 5.0,
    "uvicorn": 5.0,
    "waitress": 120.0,
}
"""How long servers of applications leave a connection idle, as shipped."""


class Kept(Struct, frozen=True):
    """What is wrong with a part of the way, when ``holds`` is false: the owner closes first."""

    holds: bool
    advised: float


def clients(now: float, balancer: float) -> Kept:
    """Return NGINX's keepalive_timeout behind a load balancer: its idle time and max(5 s, 5 %) above."""
    least = balancer + max(5.0, 0.05 * balancer)
    return Kept(now >= least, max(now, least))


def within_flow(now: float, flow: float) -> Kept:
    """Return NGINX's keepalive_timeout behind what forwards packets: 95 % of how long it remembers a flow.

    Whoever forgets a flow resets it or drops its packets, so NGINX has to close an idle connection before.
    """
    most = flow * 0.95
    return Kept(now <= most, min(now, most))


def upstreams(now: float, application: float) -> Kept:
    """Return upstream keepalive_timeout: a second less than the application's, or half where that is little.

    The connection must have been given up before the application closes it: a POST is not tried again.
    """
    most = application - 1.0 if application >= 2.0 else application / 2
    return Kept(now <= most, min(now, most))


def probes(shortest: float) -> float:
    """Return when TCP should ask whether an idle peer is there: half the shortest time on the way."""
    return shortest / 2


def across_reloads(usual_pause: float) -> float:
    """Return keepalive_min_timeout (NGINX 1.27.4): a reload leaves idle connections open for so long.

    From 5 to 10 s: as long as a load balancer usually pauses between two requests on a connection.
    """
    return min(max(usual_pause, 5.0), 10.0)
