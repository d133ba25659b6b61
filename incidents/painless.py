"""``painless serve`` for a replay: the same Services as the naive controller's, as manifests in a folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.running import Painless
from prometheus_client.parser import text_string_to_metric_families
from tests.front.clients import ask
from tests.front.manifests import Folder

from incidents.naive import Services
from painless.demo.ports import LOOPBACK

NAMESPACE, CONFIGMAP = "shop", "painless"


class Serving(Painless):
    """Painless while it is entered; ``folder`` has one Ingress for each of the Services."""

    def __init__(
        self,
        home: Path,
        services: Services,
        pod_port: int,
        *,
        within: tuple[str, ...] = (),
        config: Mapping[str, str] = {},
        more: tuple[str, ...] = (),
    ) -> None:
        self.home = home
        self.folder = Folder(home / "manifests")
        self._pod_port = pod_port
        for service, addresses in services.items():
            self.folder.service(service, pod_port)
            self.publish(service, addresses)
            self.folder.ingress(service, f"{service}.example", service)
        self.folder.configmap(CONFIGMAP, config)
        super().__init__(home, within=within, more=("--configmap", f"{NAMESPACE}/{CONFIGMAP}", *more))

    @property
    def port(self) -> int:
        return self.doors.http

    def publish(self, service: str, addresses: Iterable[str]) -> None:
        """Have a Service served by these pods."""
        self.folder.endpoints(service, self._pod_port, addresses)

    async def reloads(self) -> int:
        return (await self.figures()).reloads

    async def labels(self, name: str) -> list[dict[str, str]]:
        """Return the labels of a metric's samples that are not 0."""
        page = (await ask(self.doors.health, LOOPBACK, "/metrics")).body
        samples = (one for family in text_string_to_metric_families(page) for one in family.samples)
        return [one.labels for one in samples if one.name == name and one.value]
