"""``painless serve`` for a replay: the same Services as the naive controller's, as manifests in a folder."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from bench.running import Painless
from tests.front.manifests import Folder

from incidents.naive import Services

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
