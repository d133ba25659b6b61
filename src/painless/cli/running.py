"""Asks the controller that runs on a state directory, over its Unix socket; every failure is a sentence."""

import http.client
import json
import os
import socket
from pathlib import Path

from painless.controller.ports import WorldError
from painless.web.admin import LONGEST, SOCKET

PATIENCE = 90.0  # Seconds for an answer; the controller itself gives up before that.


class NoController(WorldError):
    """Nobody answers there; the message is a sentence."""


class Refused(WorldError):
    """The controller does not answer what it was asked; the message is its sentence."""


class _Connection(http.client.HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("painless", timeout=PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(state: Path, path: str, body: bytes | None = None) -> bytes:
    """Return the answer to a GET, or to a POST when there is a ``body``."""
    where = state.absolute() / SOCKET
    if len(os.fsencode(where)) > LONGEST:
        raise NoController(f"{where} is longer than the path of a socket may be ({LONGEST} bytes)")
    connection = _Connection(where)
    try:
        connection.request("GET" if body is None else "POST", path, body)
        response = connection.getresponse()
        answer = response.read()
    except (OSError, http.client.HTTPException) as cause:
        raise NoController(_why(where, cause)) from cause
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise Refused(_says(answer, response.status))
    return answer


def _why(where: Path, cause: Exception) -> str:
    root = where.parent
    match cause:
        case FileNotFoundError():
            return f"no controller runs on {root}: it has no {SOCKET}; --state-dir names its directory"
        case ConnectionRefusedError():
            return f"the controller of {root} has ended; painless inspect general shows what runs without it"
        case PermissionError():
            return f"{where} may not be opened by user {os.geteuid()}; run this as the controller's user"
        case TimeoutError():
            return f"the controller of {root} did not answer within {PATIENCE:g} seconds"
        case _:
            return f"the controller of {root} does not answer: {cause}"


def _says(answer: bytes, status: int) -> str:
    try:
        return str(json.loads(answer)["says"])
    except (ValueError, LookupError, TypeError):
        return f"the controller answers with status {status}"
