"""Ports nobody listens on, so that the demo starts beside whatever else runs on the machine."""

import contextlib
import socket

LOOPBACK = "127.0.0.1"


class DemoError(Exception):
    """The demo cannot go on; the sentence says why and what to do."""


def free_ports(count: int, address: str = LOOPBACK) -> list[int]:
    """Return distinct ports that were free a moment ago."""
    with contextlib.ExitStack() as held:
        # All are held until the last is chosen, else the kernel may name one twice.
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((address, 0))
        return [one.getsockname()[1] for one in sockets]


def claim(port: int, flag: str) -> None:
    """Raise when the port that the user asked for is taken."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((LOOPBACK, port))
        except OSError as error:
            reason = error.strerror or str(error)
            advice = f"leave {flag} out to have a free one chosen"
            raise DemoError(f"{LOOPBACK}:{port} cannot be used ({reason}); {advice}") from error
