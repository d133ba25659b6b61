"""The labels that all metrics of ingress-nginx's controller have, so that what selects by them finds ours.

They are added as the page is made, in one place, whoever counts.  Those about certificates have none there.
"""

from collections.abc import Iterator
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.registry import Collector

PREFIX = "nginx_ingress_controller_"
_WITHOUT = f"{PREFIX}ssl_"


class Identity(NamedTuple):
    """Who we are: the Pod, empty outside of a cluster, and the class that we serve."""

    namespace: str = ""
    class_: str = ""
    pod: str = ""


NOBODY = Identity()


class Labelled(Collector):
    """What another collector has, with these labels where ingress-nginx has them."""

    def __init__(self, inner: Collector, identity: Identity) -> None:
        self._inner = inner
        self._labels = {
            "controller_namespace": identity.namespace,
            "controller_class": identity.class_,
            "controller_pod": identity.pod,
        }

    def collect(self) -> Iterator[Metric]:
        for one in self._inner.collect():
            if one.name.startswith(PREFIX) and not one.name.startswith(_WITHOUT):
                # Counters hand out their samples anew each time, so this changes nothing that is kept.
                one.samples = [each._replace(labels=each.labels | self._labels) for each in one.samples]
            yield one
