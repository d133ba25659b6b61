"""Calls of kubectl: objects as values, and commands that have the terminal to themselves."""

import subprocess
from collections.abc import Sequence
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from painless.controller.ports import WorldError

Object = dict[str, Any]
"""An object as the API has it; what is missing is looked up with ``at``."""

ANSWER_S = 60.0  # Seconds for kubectl to print objects: its own time-out for one request is as long.


_ABSENT = "kubectl is not on the PATH"


class KubectlFailed(WorldError):
    """kubectl cannot be run, or says no; the message is what it said."""


class Ran(Struct, frozen=True):
    """How a call ended whose output was kept, and what it printed."""

    code: int
    output: bytes = b""
    errors: bytes = b""


class Terminal(Protocol):
    """Runs commands."""

    def kept(self, command: Sequence[str]) -> Ran:
        """Run a command and return what it prints."""

    def shown(self, command: Sequence[str]) -> int:
        """Run a command that has the terminal to itself; return its exit status."""


class Machine:
    """Runs commands on this machine; each is kubectl."""

    def kept(self, command: Sequence[str]) -> Ran:
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=ANSWER_S)
        except FileNotFoundError as cause:
            raise KubectlFailed(_ABSENT) from cause
        except subprocess.TimeoutExpired as cause:
            raise KubectlFailed(f"kubectl gave no answer within {ANSWER_S:.0f} s") from cause
        return Ran(done.returncode, done.stdout, done.stderr)

    def shown(self, command: Sequence[str]) -> int:
        try:
            return subprocess.run(command, check=False).returncode
        except FileNotFoundError as cause:
            raise KubectlFailed(_ABSENT) from cause


class Kubectl(Struct, frozen=True):
    """kubectl with the flags that say which cluster, who and which namespace."""

    terminal: Terminal
    flags: tuple[str, ...] = ()

    def get(self, *what: str) -> tuple[Object, ...]:
        """Return the objects that ``kubectl get`` finds."""
        found = self._json("get", *what, "--output=json")
        return tuple(found["items"]) if "items" in found else (found,)

    def text(self, *arguments: str) -> str:
        """Return what a command prints; raises ``KubectlFailed`` with its words when it fails."""
        ran = self.terminal.kept(self.command(*arguments))
        if ran.code:
            raise KubectlFailed(
                ran.errors.decode(errors="replace").strip() or f"kubectl ended with {ran.code}"
            )
        return ran.output.decode(errors="replace")

    def hand_over(self, *arguments: str) -> int:
        """Run a command that talks to the terminal itself; return its exit status."""
        return self.terminal.shown(self.command(*arguments))

    def command(self, *arguments: str) -> tuple[str, ...]:
        return ("kubectl", *self.flags, *arguments)

    def _json(self, *arguments: str) -> Object:
        try:
            found = msgspec.json.decode(self.text(*arguments))
        except msgspec.DecodeError as cause:
            raise KubectlFailed(f"kubectl {arguments[0]} printed no JSON") from cause
        if not isinstance(found, dict):
            raise KubectlFailed(f"kubectl {arguments[0]} printed something that is no object")
        return found


def at(one: object, *path: str | int) -> Any:
    """Return what is at a path; ``None`` where something on the way is missing or of another shape."""
    for step in path:
        if isinstance(step, str):
            one = one.get(step) if isinstance(one, dict) else None
        else:
            one = one[step] if isinstance(one, list) and len(one) > step else None
    return one


def some(one: object, *path: str | int) -> list[Any]:
    """Return the list at a path; an empty one where there is none."""
    found = at(one, *path)
    return found if isinstance(found, list) else []
