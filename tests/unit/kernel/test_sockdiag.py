"""What the kernel says of sockets: asked about real ones, and in a sandbox where netlink is refused."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from painless.kernel import sockdiag
from painless.kernel.sockdiag import Listening, Open

LOOPBACK = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}


class Pair:
    """A listening socket with one accepted connection, and one that waits to be."""

    def __init__(self, stack: ExitStack, family: socket.AddressFamily) -> None:
        self.listener = stack.enter_context(socket.socket(family))
        self.listener.bind((LOOPBACK[family], 0))
        self.listener.listen(2)
        self.port = self.listener.getsockname()[1]
        self.client, self.waiting = (self._client(stack, family) for _ in range(2))
        self.accepted = stack.enter_context(self.listener.accept()[0])

    def _client(self, stack: ExitStack, family: socket.AddressFamily) -> socket.socket:
        client = stack.enter_context(socket.socket(family))
        client.connect((LOOPBACK[family], self.port))
        return client


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(stack, request.param)


def inode(one: socket.socket) -> int:
    return os.fstat(one.fileno()).st_ino


def test_a_listening_socket(pair: Pair) -> None:
    """Its address, how many wait, how many may, and whether some were dropped."""
    [found] = [one for one in sockdiag.listening() if one.port == pair.port]

    name = pair.listener.getsockname()[0]
    assert Listening(name, pair.port, inode(pair.listener), found.cookie, 1, 2, 0) == found


def test_where_connections_lead(pair: Pair) -> None:
    """Both clients lead to the address; what was accepted at a port of ours leads to its client."""
    name = pair.listener.getsockname()[0]
    ours = [inode(one) for one in (pair.client, pair.waiting, pair.accepted)]
    found = sockdiag.towards([name], [pair.port])

    assert [name, name, None] == [found.get(one) for one in ours]
    assert {} == sockdiag.towards(["192.0.2.1"], [])


def test_open_connections(pair: Pair) -> None:
    """Accepted ones have an inode; both ends of one on this machine are there."""
    [accepted] = [one for one in sockdiag.connections() if one.inode == inode(pair.accepted)]

    host, port = pair.client.getsockname()[:2]
    assert Open(pair.port, socket.inet_pton(pair.client.family, host), port, accepted.inode) == accepted
    assert {pair.port: {accepted.inode}} == sockdiag.accepted([(pair.client.family, pair.port)])


def test_who_listens_on_both_families_has_ipv4_addresses_in_four_bytes() -> None:
    """Whatever socket a pod's address is seen on, it is the same address."""
    with (
        socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server,
        socket.create_connection(("127.0.0.1", server.getsockname()[1])) as client,
        server.accept()[0] as accepted,
    ):
        [found] = [one for one in sockdiag.connections() if one.inode == inode(accepted)]

        assert (b"\x7f\0\0\x01", client.getsockname()[1]) == (found.remote, found.remote_port)


def test_traffic_of_a_connection(pair: Pair) -> None:
    """Bytes either way, as far as the other side has acknowledged them."""
    pair.client.sendall(b"question")
    received = pair.accepted.recv(100)
    pair.accepted.sendall(b"answer")
    pair.client.recv(100)

    found = sockdiag.traffic([pair.port])[inode(pair.accepted)]

    assert (len(b"answer"), len(received), 0) == (found.sent, found.received, found.unsent)


@pytest.mark.parametrize("others", [0, 1, 5, 40], ids=lambda count: f"{count} others")
def test_connections_to_some_ports(others: int) -> None:
    """Whether the kernel leaves out the others, or there are too many ports to ask for."""
    with ExitStack() as stack:
        pairs = [Pair(stack, socket.AF_INET) for _ in range(3)]
        asked = [(socket.AF_INET, port) for port in (pairs[0].port, pairs[1].port, *range(1, 1 + others))]

        found = {port: some for port, some in sockdiag.accepted(asked).items() if some}
        assert {one.port: {inode(one.accepted)} for one in pairs[:2]} == found


def test_more_than_the_kernel_tells_at_once() -> None:
    """Its answer comes in several parts, and all of them count."""
    with ExitStack() as stack:
        pairs = [Pair(stack, socket.AF_INET) for _ in range(300)]

        found = {one.inode for one in sockdiag.connections()}

        assert {inode(one.accepted) for one in pairs} <= found


SANDBOXED = """
import socket
import sys
from painless.kernel import sockdiag
from tests.unit.kernel.sandbox import refuse_netlink

port = int(sys.argv[1])
refuse_netlink()
print(sockdiag.refusal())
print(*(one for one in sockdiag.listening() if one.port == port))
print(*(one for one in sockdiag.connections() if one.port == port and one.inode))
print(sockdiag.accepted([(socket.AF_INET, port)]), sockdiag.traffic([port]))
"""


def test_where_netlink_is_refused(pair: Pair) -> None:
    """The same from /proc/net, without what only netlink tells; and it says so."""
    command = [sys.executable, "-c", SANDBOXED, str(pair.port)]
    root = Path(__file__).parents[3]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)

    name, (host, port) = pair.listener.getsockname()[0], pair.client.getsockname()[:2]
    number = inode(pair.accepted)
    assert [
        "NETLINK_SOCK_DIAG: Operation not permitted",
        str(Listening(name, pair.port, inode(pair.listener), None, 1, None, None)),
        str(Open(pair.port, socket.inet_pton(pair.client.family, host), port, number)),
        f"{ {pair.port: {number}} } {{}}",
    ] == ran.stdout.splitlines()


def test_what_ports_are_held_for(pair: Pair) -> None:
    """Clients at our port are counted; each of their own local ports is held for what it is connected to."""
    address = socket.inet_pton(pair.listener.family, LOOPBACK[pair.listener.family])
    clients, held = sockdiag.destinations({pair.port})
    pair.accepted.close()
    pair.client.close()
    # The accepted side has closed first, so that it is the one that waits, at our port.
    later, still = sockdiag.destinations({pair.port})
    assert (2, 2) == (clients, held[address, pair.port])
    assert (1, 1) == (later, still[address, pair.port])


def test_a_port_of_a_closed_connection_is_held(pair: Pair) -> None:
    """For a minute, where our side has closed first."""
    address = socket.inet_pton(pair.listener.family, LOOPBACK[pair.listener.family])
    pair.client.close()
    pair.accepted.close()
    _, held = sockdiag.destinations({pair.port})
    assert 2 == held[address, pair.port]
