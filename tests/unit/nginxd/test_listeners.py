"""Which ports a generation wants, and who has them."""

import os
import socket

import pytest

from painless.nginxd.listeners import Listener, aside, listeners, occupied


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("listen 80;", {Listener("0.0.0.0", 80)}),
        ("    listen *:80 default_server;", {Listener("0.0.0.0", 80)}),
        ("listen [::]:443 ssl ipv6only=on;", {Listener("::", 443)}),
        ('listen "127.0.0.1:8080" proxy_protocol;', {Listener("127.0.0.1", 8080)}),
        ("listen 443 quic reuseport;", {Listener("0.0.0.0", 443, datagram=True)}),
        ("listen 53 udp;", {Listener("0.0.0.0", 53, datagram=True)}),
        ("listen unix:/run/x.sock;", set()),
        ("listen localhost:80;", set()),
        ("# listen 80;", set()),
    ],
)
def test_listeners_of_a_file(line: str, expected: set[Listener]) -> None:
    """Numbers are understood; what is not is left to NGINX."""
    assert expected == listeners([f"server {{\n{line}\n}}\n"])


def test_who_has_a_port_is_said() -> None:
    """One sentence names the port, and the process to look at."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        says = occupied(frozenset({Listener("127.0.0.1", port)}))

    assert says.startswith(f"port {port} on 127.0.0.1 is in use by process {os.getpid()} (")
    assert says.endswith("): stop it there or have painless listen elsewhere")


def test_who_has_a_datagram_port_is_said() -> None:
    """The same for QUIC and UDP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        says = occupied(frozenset({Listener("127.0.0.1", port, datagram=True)}))

    assert says.startswith(f"UDP port {port} on 127.0.0.1 is in use by process {os.getpid()} (")


def test_a_port_that_nginx_serves_is_its_own() -> None:
    """A reload that adds an address to a port that NGINX has is for NGINX to judge."""
    with socket.create_server(("127.0.0.1", 0)) as nginx:
        port = nginx.getsockname()[1]

        assert "" == occupied(
            frozenset({Listener("127.0.0.1", port)}), frozenset({Listener("0.0.0.0", port)})
        )


def test_an_address_of_another_machine() -> None:
    """An address that is not here is told apart from one that is taken."""
    says = occupied(frozenset({Listener("192.0.2.1", 18080)}))

    assert "port 18080 on 192.0.2.1 cannot be had: this machine has no such address" == says


def test_free_ports_are_nothing_to_say() -> None:
    """A port whose last connections are still ending is free, as it is for NGINX."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        server.accept()[0].close()
        client.close()

    assert "" == occupied(frozenset({Listener("127.0.0.1", port)}))


def test_aside_keeps_all_but_the_address() -> None:
    """Equal places stay equal, different ones different, and what is no port of NGINX is left alone."""
    text = """server {
    listen 80 default_server backlog=4096;
    listen [::]:80;
    listen 127.0.0.1:443 ssl;
}

server {
    listen 80;
    listen unix:/run/private.sock;
    return 200 "please listen 80;";
}
"""
    expected = """server {
    listen 127.255.255.254:80 default_server backlog=4096;
    listen 127.255.255.253:80;
    listen 127.255.255.252:443 ssl;
}

server {
    listen 127.255.255.254:80;
    listen unix:/run/private.sock;
    return 200 "please listen 80;";
}
"""
    assert expected == aside(text)
