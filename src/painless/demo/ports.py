"""Ports nobody listens on, so that the demo starts beside whatever else runs on the machine."""

import contextlib
import random
import socket

LOOPBACK = "127.0.0.1"

_RANGE = range(10_000, 32_768)
"""Below the ports that Linux gives to whoever asks for none in particular, clients among them."""
_TRIES = 1_000  # Of some 22,000 ports, few of which are in use.
_CHANCE = random.SystemRandom()  # Processes that choose at the same time choose differently.


class DemoError(Exception):
    """The demo cannot go on; the sentence says why and what to do."""


def free_ports(count: int, address: str = LOOPBACK) -> list[int]:
    """Return distinct ports that were free a moment ago."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        for port in _CHANCE.sample(_RANGE, _TRIES):
            if len(found) == count:
                break
            one = held.enter_context(socket.socket())
            # Held until the last is chosen.
            with contextlib.suppress(OSError):
                one.bind((address, port))
                found.append(port)
    return found


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
