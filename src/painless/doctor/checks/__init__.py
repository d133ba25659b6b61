"""All checks, in the order of their pages: one module for each family, each listing its own."""

from painless.doctor.check import Check
from painless.doctor.checks import (
    conntrack,
    kernel,
    limits,
    probes,
    process,
    queues,
    replicas,
    resources,
    runtime,
    security,
    servers,
    tls,
    upstreams,
    versions,
)

CHECKS: tuple[Check, ...] = (
    *queues.CHECKS,
    *kernel.CHECKS,
    *conntrack.CHECKS,
    *limits.CHECKS,
    *process.CHECKS,
    *versions.CHECKS,
    *servers.CHECKS,
    *upstreams.CHECKS,
    *tls.CHECKS,
    *security.CHECKS,
    *runtime.CHECKS,
    *probes.CHECKS,
    *replicas.CHECKS,
    *resources.CHECKS,
)
