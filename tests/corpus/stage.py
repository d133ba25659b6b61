"""The one NGINX and responder of a test session, on which each case is loaded as a generation.

A case must not meet the peers of the one before, whatever its Services are called: the zone that keeps peers
over reloads has a new name for each case.
"""

import asyncio
import os
import re
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path

from msgspec import Struct, structs
from tests.corpus.authority import Shown, authority, signed
from tests.corpus.client import Answer, Request, send
from tests.corpus.fastcgi_echo import FastcgiEcho
from tests.corpus.given import NEAR, Given, Pod, certificate_for
from tests.corpus.golden import Output
from tests.corpus.grpc_echo import GrpcEcho
from tests.corpus.outside import Outside, outside
from tests.corpus.raw_echo import Unread
from tests.corpus.recorder import Recorder
from tests.corpus.settings import defaults, on_this_machine

from painless.compiler import compile_snapshot
from painless.compiler.options import Options
from painless.compiler.site import Site
from painless.demo.echo import Echo, Tls
from painless.demo.ports import free_ports
from painless.discovery import answers as records
from painless.discovery.client import Responder
from painless.discovery.zone import answer
from painless.model.snapshot import Snapshot
from painless.nginx.build import Build
from painless.nginx.generation import STREAM_UPSTREAMS, UPSTREAMS, Generation, generation_id
from painless.nginx.tokens import Literal
from painless.nginxd import procfs
from painless.nginxd.apply import Nginx
from painless.nginxd.disk import Disk
from painless.plan.diff import test as asking
from painless.plan.steps import (
    Applied,
    Await,
    DropHot,
    PutHot,
    Reload,
    Resolve,
    Stage,
    Start,
    Step,
    Switch,
    Verify,
)

NOBODY = 65534
REOPENED = 20.0  # Seconds until NGINX has opened its logs anew, which it does at once.
LOOK_AGAIN = 0.005  # Seconds; processes say nothing when they close a file.
PATIENCE = 2.0  # Seconds that open requests get at the end; there are none.
_HTTP, _HTTPS = 80, 443  # The ports that cases name.


class Ports(Struct, frozen=True):
    """Where NGINX really listens."""

    http: int
    https: int


class Theatre:
    """A running NGINX with its responder; ``perform`` loads a case and lets requests in."""

    def __init__(self, build: Build, disk: Disk, responder: Responder, names: Outside) -> None:
        self._build = build
        self._disk = disk
        self._responder = responder
        self._names = names
        self._nginx = Nginx(build, disk, self._resolved)
        self._asked_since = 0.0
        self._numbers = count(1)
        self._hot: frozenset[str] = frozenset()
        self._unread: frozenset[int] = frozenset()
        plain, mutual = _pod_certificate(disk.root), _pod_with_clients(disk.root)
        self._tls = {"https": plain, "grpcs": plain, "mtls": mutual, "mtls-grpc": mutual}
        self._address = own_addresses()
        self.ports = _ports(f"{self._address}1")
        self._own = {
            "state": str(disk.root),
            "worker_user": "nobody nogroup" if os.geteuid() == 0 else "",
            "resolvers": responder.resolver_addresses,
            "bind_addresses": (f"{self._address}1",),
            "http_port": self.ports.http,
            "https_port": self.ports.https,
        }

    def options(self, options: Options) -> Options:
        """Return a case's options with the paths and ports of this NGINX."""
        named = {} if options.https_port == _HTTPS else {"https_port": options.https_port}
        return structs.replace(on_this_machine(options, self._build), **{**self._own, **named})

    async def start(self) -> None:
        empty = compile_snapshot(Snapshot(), self.options(defaults())).generation
        hot = (PutHot(path, content) for path, content in empty.hot.items())
        steps: tuple[Step, ...] = (Stage(empty), Verify(empty.id), *hot)
        steps += (Switch(empty.id), Start(), Await(empty.id))
        assert await self._nginx.apply(steps) == Applied()

    async def stop(self) -> None:
        await self._nginx.stop(PATIENCE)
        await self._responder.stop()
        self._disk.close()

    @asynccontextmanager
    async def perform(self, output: Output, given: Given) -> AsyncIterator[None]:
        """Serve a case, compiled with ``options``, for the length of the block."""
        async with AsyncExitStack() as pods:
            for pod in given.pods:
                await pods.enter_async_context(self._running(pod))
            upstreams = output.compiled.site.every_upstream
            found = [answer(one, given.slices, allow_loopback=True)[0] for one in upstreams]
            async with self._names.serving(self._outside(found, given)):
                await self._responder.replace([self._moved(one) for one in found])
            self._unread = frozenset(_unread(output.compiled.site))
            await self._load(self._own_generation(output.compiled.generation))
            yield

    async def ask(self, request: Request) -> Answer:
        """Send a request to NGINX; ports in the answer are those that cases name."""
        secure = request.url.scheme == "https"
        port = self.ports.https if secure else self.ports.http
        # A port in a URL is what the client says, unless something is passed on unread there.
        port = request.url.port if request.url.port in self._unread else port
        got = await send(request, f"{self._address}1", port)
        headers = tuple((name, self._as_named(text)) for name, text in got.headers)
        return structs.replace(got, headers=headers, body=self._as_named(got.body))

    async def logged(self) -> tuple[str, ...]:
        """Return the lines that the access logs got since this was asked last, from first to last."""
        logs = sorted(one for one in self._disk.logs.iterdir() if not one.name.startswith("error"))
        moved = [one.rename(one.with_name(f"{one.name}.seen")) for one in logs]
        # NGINX writes what it holds back before it opens a log anew.
        self._nginx.reopen_logs()
        async with asyncio.timeout(REOPENED):
            while any(not procfs.open_files(pid).isdisjoint(map(str, moved)) for pid in self._workers()):
                await asyncio.sleep(LOOK_AGAIN)
        lines = tuple(line for one in moved for line in one.read_text().splitlines())
        for one in moved:
            one.unlink()
        return lines

    def _workers(self) -> tuple[int, ...]:
        """Return the workers that take requests: one of an earlier case may end when it likes."""
        sight = self._nginx.sight()
        assert sight is not None, "NGINX runs"
        return tuple(one.pid for one in sight.workers if one.accepts)

    def _as_named(self, text: str) -> str:
        for real, named in ((self.ports.http, _HTTP), (self.ports.https, _HTTPS)):
            text = text if real == named else text.replace(str(real), str(named))
        return text

    async def _load(self, want: Generation) -> None:
        steps: list[Step] = [*asking(want)]
        steps += [PutHot(path, content) for path, content in want.hot.items()]
        steps += [Switch(want.id), Reload(), Await(want.id), Resolve(want.upstreams)]
        steps += [DropHot(path) for path in sorted(self._hot - want.hot.keys())]
        self._asked_since = self._responder.now()
        outcome = await self._nginx.apply(steps)
        assert outcome == Applied(), f"NGINX refuses the case:\n{outcome}"
        self._hot = frozenset(want.hot)
        await self._nginx.prune()

    async def _resolved(self, upstreams: frozenset[str]) -> None:
        missing = await self._responder.wait_answered(upstreams, since=self._asked_since)
        assert not missing, f"NGINX has not asked for {sorted(missing)}"

    def _own_generation(self, generation: Generation) -> Generation:
        number = next(self._numbers)
        cold = dict(generation.cold)
        for name in {UPSTREAMS, STREAM_UPSTREAMS} & cold.keys():
            upstreams = re.sub(r"(?m)^( +zone \w+)", rf"\g<1>{number}", cold[name])
            cold[name] = re.sub(rf"(server ){re.escape(NEAR)}", rf"\g<1>{self._address}", upstreams)
        return structs.replace(generation, id=generation_id(cold), cold=cold)

    def _outside(self, found: Iterable[records.Answer], given: Given) -> dict[str, str]:
        """Return the names outside that the case has pods for, and where these are."""
        wanted = {one.external for one in found}
        return {name: self._place(at) for name, at in given.outside.items() if name in wanted}

    def _moved(self, one: records.Answer) -> records.Answer:
        peers = (structs.replace(peer, address=self._place(peer.address)) for peer in one.peers)
        return structs.replace(one, peers=tuple(sorted(peers)))

    def _place(self, address: str) -> str:
        return address.replace(NEAR, self._address) if address.startswith(NEAR) else address

    def _running(self, pod: Pod) -> Echo | GrpcEcho | Unread | FastcgiEcho | Recorder:
        if pod.protocol in {"raw", "udp"}:
            return Unread(pod.name, self._place(pod.address), pod.port, udp=pod.protocol == "udp")
        if pod.protocol in {"fastcgi", "records"}:
            other = FastcgiEcho if pod.protocol == "fastcgi" else Recorder
            return other(pod.name, self._place(pod.address), pod.port)
        tls = self._tls.get(pod.protocol)
        kind = GrpcEcho if pod.protocol in {"grpc", "grpcs", "mtls-grpc"} else Echo
        return kind(pod.name, self._place(pod.address), pod.port, tls)


@asynccontextmanager
async def theatre(build: Build, root: Path) -> AsyncIterator[Theatre]:
    """Run NGINX and a responder on a state directory for the length of the block."""
    disk = Disk(root, NOBODY, NOBODY) if os.geteuid() == 0 else Disk(root)
    async with outside(f"{own_addresses()}1") as (names, place):
        responder = await Responder.open(disk.root, nameservers=(place,), allow_loopback=True)
        running = Theatre(build, disk, responder, names)
        try:
            await running.start()
            yield running
        finally:
            await running.stop()


def own_addresses() -> str:
    """Return the first three bytes of addresses of our own, so that two test processes may run at a time."""
    return f"127.{64 + os.getpid() // 250 % 190}.{1 + os.getpid() % 250}."


def _pod_certificate(root: Path) -> Tls:
    pair = certificate_for("pod.internal")
    found = Tls(root / "pod.crt", root / "pod.key")
    found.certificate.write_bytes(pair.certificate)
    found.key.write_bytes(pair.key)
    return found


def _pod_with_clients(root: Path) -> Tls:
    certificate, key = signed(Shown("pod.internal", "pods"))
    found = Tls(root / "mtls-pod.crt", root / "mtls-pod.key", root / "mtls-clients.crt")
    found.certificate.write_bytes(certificate)
    found.key.write_bytes(key)
    (root / "mtls-clients.crt").write_text(authority("ours").pem)
    return found


def _ports(address: str) -> Ports:
    """Return the ports that cases name where we may have them, else free ones."""
    return Ports(_port(address, _HTTP), _port(address, _HTTPS))


def _port(address: str, wanted: int) -> int:
    with socket.socket() as one:
        try:
            one.bind((address, wanted))
        except PermissionError:
            return free_ports(1, address)[0]
    return wanted


def _unread(site: Site) -> Iterator[int]:
    """Yield the ports at which nothing is read: those of services, and of servers that somebody wrote."""
    yield from (one.port for one in site.streams)
    for server in site.stream_snippets:
        listens = (one.args[0] for one in server.block or () if one.name == "listen")
        yield from (int(one.text.rpartition(":")[2]) for one in listens if isinstance(one, Literal))
