"""What the operator decided and what the machine offers: the compiler's second input.

Values only; the flags that set them are in ``settings``, the measuring is in ``app``.
"""

import math
from collections.abc import Mapping

from msgspec import Struct

from painless.model.snapshot import Name
from painless.nginx.build import Build
from painless.sensitive import Sensitive

RESOLVERS = tuple(f"127.0.0.{at}:10053" for at in range(1, 17))
"""Where the responder is assumed to be when none runs: for files that are only looked at."""


class Machine(Struct, frozen=True, kw_only=True):
    """What NGINX may use.

    ``quota`` is how much of the CPUs, ``memory`` is bytes, ``open_files`` are those of one worker and
    ``backlog`` is the longest accept queue.  ``None`` is no limit, or one that could not be read.
    ``moves_waiting``: the kernel hands connections that wait at a listener which is closed to another one.
    ``where`` says where each was found; without it they are assumed, and nobody is told that something does
    not fit.  ``problems`` are sentences about what could not be read.
    """

    cpus: int = 1
    quota: float | None = None
    memory: int | None = None
    open_files: int = 1_048_576
    backlog: int = 4096
    moves_waiting: bool = False
    where: Mapping[str, str] = {}
    problems: tuple[str, ...] = ()

    @property
    def fed(self) -> int:
        """How many workers the CPUs feed: the quota rounded up, at least one."""
        return self.cpus if self.quota is None else max(1, min(self.cpus, math.ceil(self.quota)))


class Options(Struct, frozen=True, kw_only=True):
    """Everything about a compilation that is not a Kubernetes object.

    ``state`` is the absolute path of the state directory.  ``resolvers`` are the responder's addresses.
    ``worker_user`` is what the ``user`` directive names, empty when NGINX starts as an ordinary user.
    ``fallback_certificate`` is a PEM chain with its key, for hosts without one of their own.
    ``read_classes`` is off where IngressClasses may not be listed: their names tell nothing then.
    ``http_socket`` and ``https_socket`` are where the http servers take connections while stream servers
    stand in front of them; empty where none does.
    ``allow_snippets``: annotations may have directives, if the ConfigMap does not say it.
    ``catch_all`` is off where no Ingress may have a default backend.
    ``access_log`` is off where nobody carries on what NGINX writes about requests.
    ``request_metrics``: requests are counted, by a log of their own.
    """

    build: Build
    state: str
    fallback_certificate: Sensitive
    machine: Machine = Machine()
    worker_user: str = ""
    resolvers: tuple[str, ...] = RESOLVERS
    bind_addresses: tuple[str, ...] = ("",)
    http_port: int = 80
    https_port: int = 443
    reuse_port: bool = False
    proxy_protocol: bool = False
    ingress_class: str = "nginx"
    controller_class: str = "k8s.io/ingress-nginx"
    watch_without_class: bool = False
    class_by_name: bool = False
    read_classes: bool = True
    catch_all: bool = True
    annotations_prefix: str = "nginx.ingress.kubernetes.io"
    configmap: Name | None = None
    default_backend: Name | None = None
    default_certificate: Name | None = None
    external_names: bool = True
    tcp_services: Name | None = None
    udp_services: Name | None = None
    ssl_passthrough: bool = False
    health_port: int = 10254
    webhook_port: int = 0
    admin_port: int = 0
    http_socket: str = ""
    https_socket: str = ""
    access_log: bool = True
    request_metrics: bool = False
    allow_snippets: bool = False

    @property
    def own_ports(self) -> frozenset[int]:
        """The ports that no TCP service can have."""
        ports = (self.http_port, self.https_port, self.health_port, self.webhook_port, self.admin_port)
        return frozenset(filter(None, ports))
