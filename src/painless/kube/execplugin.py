"""Credentials from a program that a kubeconfig names, as kubectl runs it (client.authentication.k8s.io).

The program is run when a credential is needed, and again when that has ended or was refused; requests that
come meanwhile wait for the same run.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field

from painless.kube.credentials import Credential, checked_token
from painless.kube.errors import BadAccess
from painless.sensitive import Sensitive

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
RUN_S = 60.0  # Seconds for one run: programs ask cloud services over the network; people are not asked.
EARLY_S = 10.0  # Seconds before its end at which a credential counts as ended: it has to arrive, too.
_SHOWN = 300  # Bytes of what the program said, in the sentence when it fails.


class Program(Struct, frozen=True, kw_only=True):
    """The program and what it is told; ``cluster`` goes into ``KUBERNETES_EXEC_INFO`` when it wants that."""

    command: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    version: str = VERSIONS[0]
    hint: str = ""
    cluster: Mapping[str, Any] | None = None

    @property
    def info(self) -> str:
        """What the program finds in ``KUBERNETES_EXEC_INFO``."""
        spec: dict[str, Any] = {"interactive": False}
        if self.cluster is not None:
            spec["cluster"] = self.cluster
        about = {"apiVersion": self.version, "kind": "ExecCredential", "spec": spec}
        return msgspec.json.encode(about).decode()


class _Granted(Struct, frozen=True, rename="camel"):
    token: str | None = None
    client_certificate_data: str | None = None
    client_key_data: str | None = None
    expiration_timestamp: Annotated[dt.datetime, Meta(tz=True)] | None = None


class _Answer(Struct, frozen=True):
    version: str = field(name="apiVersion")
    kind: str
    status: _Granted | None = None


class ExecPlugin:
    """Credentials that a program hands out; ``now`` is the time of day, since programs state ends in it."""

    def __init__(self, program: Program, now: Callable[[], float]) -> None:
        self._program = program
        self._now = now
        self._lock = asyncio.Lock()
        self._credential: Credential | None = None
        self._ends = float("inf")

    async def current(self) -> Credential:
        async with self._lock:
            if self._credential is None or self._now() >= self._ends - EARLY_S:
                self._credential, self._ends = granted(self._program, await self._run())
            return self._credential

    def forget(self) -> None:
        self._credential = None

    async def _run(self) -> bytes:
        program = self._program
        try:
            process = await asyncio.create_subprocess_exec(
                program.command,
                *program.arguments,
                env={**program.environment, "KUBERNETES_EXEC_INFO": program.info},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as problem:
            hint = f"; {' '.join(program.hint.split())}" if program.hint else ""
            raise _failed(program, f"cannot be run: {problem.strerror}{hint}") from problem
        try:
            async with asyncio.timeout(RUN_S):
                out, said = await process.communicate()
        except TimeoutError as problem:
            raise _failed(program, f"had no credentials within {RUN_S:.0f} s") from problem
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            words = " ".join(said[:_SHOWN].decode(errors="replace").split())
            raise _failed(program, f"ended with status {process.returncode}: {words}")
        return out


def granted(program: Program, out: bytes) -> tuple[Credential, float]:
    """Return what the program printed, and when that ends; raises ``BadAccess``.  Pure."""
    try:
        answer = msgspec.json.decode(out, type=_Answer)
    except msgspec.DecodeError as problem:
        # What it printed is not shown: it may be a credential with a slip.
        raise _failed(program, "printed no ExecCredential in JSON") from problem
    if answer.kind != "ExecCredential" or answer.version != program.version:
        says = f"printed {answer.kind} of {answer.version}, expected ExecCredential of {program.version}"
        raise _failed(program, says)
    status = answer.status or _Granted()
    certificate, key = status.client_certificate_data or "", status.client_key_data or ""
    if bool(certificate) != bool(key):
        raise _failed(program, "printed a client certificate without its key, or the key alone")
    if not status.token and not certificate:
        raise _failed(program, "printed neither a token nor a client certificate")
    token = Sensitive(b"")
    if status.token:
        token = checked_token(status.token.encode(), f"what {program.command} printed as token")
    ends = status.expiration_timestamp
    credential = Credential(token, certificate.encode(), Sensitive(key.encode()))
    return credential, ends.timestamp() if ends else float("inf")


def _failed(program: Program, says: str) -> BadAccess:
    return BadAccess(f"the program for credentials, {program.command}, {says}")
