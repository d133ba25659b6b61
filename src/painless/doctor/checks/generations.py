"""Checks of the generations that reloads leave behind: whether there is memory for them."""

from collections.abc import Iterator

from painless.advice import stopping
from painless.doctor.check import Check, Evidence, Finding, Limit, Severity
from painless.doctor.conf import Conf
from painless.doctor.facts import CONF, MEMORY, PAINLESS, WORKERS, Fact, Memory, Painless, Worker
from painless.doctor.units import mib

HOUR = 3600.0
MOST = 0.8  # Of the limit: what is above goes in one burst of requests with bodies.


def pile_up(
    conf: Fact[Conf],
    workers: Fact[tuple[Worker, ...]],
    memory: Fact[Memory],
    painless: Fact[Painless],
    *,
    limit: float,
) -> Iterator[Finding]:
    """Each reload leaves a generation for as long as it drains; at this rate they do not fit.

    Generations = reloads an hour times the seconds of ``worker_shutdown_timeout`` / 3600, each as large as
    the one that serves.

    Verify: ``painless status``: loads, generations and their memory.

    Fix: a shorter ``worker_shutdown_timeout``, fewer reloads, or more memory.

    Sources: danielfm, "Painless NGINX Ingress" (2017): five reloads ended a Pod.
    """
    drain, bytes_ = conf.value.top("worker_shutdown_timeout"), memory.value.limit
    serving = sum(one.memory or 0 for one in workers.value if not one.draining)
    lately = sum(ago < HOUR for ago in painless.value.loads)
    if drain is None or not drain.seconds or bytes_ is None or not serving or lately < 2:
        return
    # What came at once drains at once.
    burst = sum(ago < drain.seconds for ago in painless.value.loads)
    old = max(stopping.generations(lately, drain.seconds), float(burst))
    needed = serving * (1 + old)
    if needed > limit * bytes_:
        fitting = max(limit * bytes_ / serving - 1, 0.0)
        yield Finding(
            "generations",
            f"{lately} reloads an hour leave {old:.1f} generations, with which NGINX needs {mib(needed)}",
            (
                Evidence(drain.text, drain.where),
                Evidence(f"{mib(serving)} for the workers that serve", workers.source),
                Evidence(f"a limit of {mib(bytes_)}", memory.source),
                Evidence(f"{lately} loads in an hour", painless.source),
            ),
            f"at most {mib(limit * bytes_)}",
            f"worker_shutdown_timeout {max(1, int(fitting * HOUR / lately))}s;",
        )


CHECKS = (
    Check(
        "L009",
        Severity.HIGH,
        "Generations do not fit into memory",
        pile_up,
        (CONF, WORKERS, MEMORY, PAINLESS),
        limit=Limit(MOST, "of 1: the share of its memory that NGINX may be expected to need"),
    ),
)
