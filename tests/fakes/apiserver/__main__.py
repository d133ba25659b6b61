"""The fake API server as a process; it prints its URL once it listens and ends at SIGTERM."""

import argparse
import asyncio
import signal
from collections.abc import Iterable
from pathlib import Path

import msgspec
import uvloop
import yaml
from tests.fakes.apiserver import FakeApiServer
from tests.fakes.apiserver.kinds import Json


async def serve(port: int, config: Path | None, load: Path | None, *, tls: bool) -> None:
    api = FakeApiServer(port=port, tls=tls)
    for one in _documents(load) if load else ():
        api.push(one)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with api:
        if config:
            api.kubeconfig(config, user="kubernetes-admin")
        print(api.url, flush=True)  # noqa: T201
        await stopped.wait()


def _documents(folder: Path) -> Iterable[Json]:
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".json":
            yield msgspec.json.decode(file.read_bytes())
        elif file.suffix in (".yaml", ".yml"):
            yield from yaml.load_all(file.read_bytes(), Loader=yaml.CSafeLoader)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.apiserver", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--kubeconfig", type=Path, help="file to write")
    parser.add_argument("--load", type=Path, help="folder of YAML and JSON files, kept as they are")
    parser.add_argument("--tls", action="store_true", help="HTTPS with a made-up authority")
    args = parser.parse_args()
    uvloop.run(serve(args.port, args.kubeconfig, args.load, tls=args.tls))


if __name__ == "__main__":
    main()
