"""Painless in the two containers of its Pod: NGINX in one with limits, the controller in another without."""

import asyncio
import os
from asyncio.subprocess import DEVNULL
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import painless
from incidents.container import Container
from incidents.naive import Services, build
from incidents.painless import Serving

SCRIPT = Path(painless.__file__).parent / "nginxd/runner.sh"
GRACE = (
    1  # Seconds that the NGINX container leaves to the controller at the end: nobody waits for anything here.
)


class Pod(Serving):
    """Both containers while it is entered; ``container`` is NGINX's."""

    def __init__(
        self,
        home: Path,
        services: Services,
        pod_port: int,
        *,
        container: Container,
        config: Mapping[str, str] = {},
    ) -> None:
        runner = home / "runner"
        runner.mkdir()
        super().__init__(home, services, pod_port, config=config, more=("--nginx-runner", str(runner)))
        self._nginx_command = (
            *container.within,
            *("/bin/sh", str(SCRIPT), str(runner), str(self.state), str(GRACE)),
        )
        self._nginx_log = home / "nginx.log"

    async def __aenter__(self) -> Self:
        path = f"{Path(build().path).parent}:{os.environ['PATH']}"
        with self._nginx_log.open("wb") as log:
            self._nginx = await asyncio.create_subprocess_exec(
                *self._nginx_command,
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "PATH": path},
                start_new_session=True,
            )
        return await super().__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        if self._nginx.returncode is None:
            self._nginx.terminate()
        await self._nginx.wait()
