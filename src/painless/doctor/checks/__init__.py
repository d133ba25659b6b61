"""All checks, in the order of their pages: one module for each family, each listing its own."""

from painless.doctor.check import Check
from painless.doctor.checks import (
    conntrack,
    kernel,
    limits,
    process,
    runtime,
    security,
    servers,
    tls,
    upstreams,
)

CHECKS: tuple[Check, ...] = (
    *kernel.CHECKS,
    *conntrack.CHECKS,
    *limits.CHECKS,
    *process.CHECKS,
    *servers.CHECKS,
    *upstreams.CHECKS,
    *tls.CHECKS,
    *security.CHECKS,
    *runtime.CHECKS,
)
