"""Send traffic to the Service's own address instead of its pods.

``service-upstream: "true"`` makes the Service's ClusterIP the only peer, so that kube-proxy chooses the pod:
for service meshes.  Retries, affinity and balancing of NGINX then have one peer to choose from.  A headless
Service has no such address; its pods are used.
"""

from painless.annotations.base import Key, Scope, Values
from painless.annotations.decode import boolean

SERVICE_UPSTREAM = Key(
    "service-upstream",
    boolean,
    default=False,
    doc="Use the Service's ClusterIP as the only peer.",
    example="true",
    scope=Scope.UPSTREAM,
    config="service-upstream",
)

KEYS = (SERVICE_UPSTREAM,)
SETTINGS = ()


def parse(values: Values) -> bool:
    return values.get(SERVICE_UPSTREAM)
