"""What is said to the cluster and to other replicas, put together from the operator's settings.

Nothing without a Pod to say it.
"""

import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from painless.clock import RealClock
from painless.kube.addresses import Published, Surroundings
from painless.kube.answers import Answering, Answers, Nature
from painless.kube.leases import LeaseStore
from painless.kube.turns import ANSWER, LeaseTurns
from painless.observe import logs
from painless.settings import Settings
from painless.sources import InCluster


@asynccontextmanager
async def answering(settings: Settings, cluster: InCluster | None) -> AsyncIterator[Answers | None]:
    """Answer the cluster while the context lasts; yield what the loop is to tell."""
    asked = _asked(settings)
    if cluster is None or asked is None:
        if cluster is not None:
            why = "POD_NAME and POD_NAMESPACE are not set: no status, no Event, no Lease is written"
            logs.event("answers_off", level=logging.WARNING, why=why)
        yield None
        return
    answers = Answers(cluster.client, asked, Nature(RealClock(), time.time, random.random))
    cluster.source.standings = answers.standings
    async with answers.running():
        yield answers


def turns_of(settings: Settings, cluster: InCluster | None) -> LeaseTurns | None:
    """Return the turns of replicas, where there can be any and they are wanted."""
    if cluster is None or settings.pod is None or not settings.reload_turns:
        return None
    (namespace, pod), name = settings.pod, f"{settings.election_id}-reloads"
    store = LeaseStore(cluster.client, namespace, name, within=ANSWER, wall=time.time)
    alone = Surroundings(cluster.client, settings.pod, Published()).alone
    return LeaseTurns(store, pod, alone, Nature(RealClock(), time.time, random.random))


def _asked(settings: Settings) -> Answering | None:
    if settings.pod is None:
        return None
    published = Published(
        settings.publish_service,
        settings.publish_status_address,
        settings.report_node_internal_ip_address,
    )
    return Answering(
        pod=settings.pod,
        lease="" if settings.disable_leader_election else settings.election_id,
        ttl=settings.election_ttl,
        published=published,
        statuses=settings.update_status,
        withdraw=settings.update_status_on_shutdown,
        interval=settings.status_update_interval,
        sync=not settings.disable_sync_events,
    )
